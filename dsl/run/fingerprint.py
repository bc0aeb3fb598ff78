"""The behaviour of a program as a short string: its response to fixed streams, rounded and hashed.

The probe is a model of four small tensors (rank 0, 1, 2 and 4) in float64. Gradients, losses and
noise come from fixed streams; the parameters move by what the program says; the oracles ask a fixed
smooth function. Steps are rounded to six digits, which is far above the rounding of float64 and far
below any difference that matters; a step of less than `_NEGLIGIBLE` of the largest so far, or than
`_NOTHING`, counts as 0. The sign of a zero does not count. Of a rule with a point of evaluation the
way from the parameters to it is seen too. Only the first `STEPS` steps are seen: a refresh every
hundred steps and one every two hundred look alike.
"""

from functools import cache, lru_cache

import numpy as np

from dsl.identity import hashed
from dsl.language.closed_form import ClosedForm, flat
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Program
from dsl.rewrite.canonical import canonical
from dsl.rewrite.liveness import live, sources
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.point import KeptPoint, keeping_point
from dsl.run.all_steps import all_moves, moves_and_held
from dsl.run.bound import Bound, LaidOutOtherwise
from dsl.run.interpret import run_step
from dsl.run.numpy64 import without_signed_zeros
from dsl.run.values import initial
from dsl.shapes import Float, Leaves

Moves = Float[np.ndarray, "steps entries"]

STEPS = 16
SHAPES = ((), (3,), (2, 3), (2, 1, 2, 2))
_HORIZON = 100.0
_MAGNITUDES = (-4.0, 1.0)
"""Powers of ten between which the entries' gradients lie: small ones show where an eps stands."""
_ZERO_AT = 10
"""The step on which one entry's gradient is exactly 0."""
_NEGLIGIBLE = 1e-11
_NOTHING = 1e-14
_ODD = 0.9641257094716
"""Scales steps before they are rounded, so that round numbers do not sit between two roundings."""


@lru_cache(maxsize=16384)
def fingerprint(program: Program) -> str:
    """Hex digest (16 digits) of the behaviour; equal for programs that behave alike.

    Hyperparameters take part with their defaults, names do not; see `dsl.identity`.
    """
    moves = respond(program)
    text = _digits(moves, _negligible(moves))
    away = _from_parameters(program)
    if away is not None:
        text += f" | {_digits(*away)}"
    return hashed("fingerprint", text)


def _digits(
    numbers: Float[np.ndarray, "steps entries"], negligible: Float[np.ndarray, "steps 1"]
) -> str:
    """Numbers to six digits, after an odd scale."""
    numbers = np.where(np.abs(numbers) <= negligible, 0.0, numbers * _ODD)
    text = " ".join(["%.5e"] * numbers.size) % tuple(numbers.ravel().tolist())
    return text.replace("0.00000e+00", "0")


def _from_parameters(
    program: Program,
) -> tuple[Float[np.ndarray, "steps entries"], Float[np.ndarray, "steps 1"]] | None:
    """The way from the parameters after each step to the point, and what of it is as good as none;
    None where all of it is."""
    if program.point is None:
        return None
    with np.errstate(all="ignore"):
        after = parameters_after(program)
        away = evaluated(program) - after
        negligible = _negligible(np.hstack([after, evaluated(program)]))
    return None if np.all(np.abs(away) <= negligible) else (away, negligible)


@lru_cache(maxsize=16384)
def step_scale(program: Program) -> float | None:
    """The length of the program's typical step on the probe, at a rate of 1: the geometric mean of
    |step| over entries and times where it is finite and not 0; None if it is nowhere."""
    moves = np.abs(respond(program))
    sizes = moves[np.isfinite(moves) & (moves > 0)]
    if not sizes.size:
        return None
    return float(np.exp(np.mean(np.log(sizes)))) / (program.hyperparameters.get("lr") or 1.0)


def depends_on_gradient(program: Program) -> bool:
    """True if the steps change with the stream of gradients, or the function behind the oracles.

    A program whose every step is NaN or infinite counts as dependent.
    """
    form = spelled_out(canonical(program))
    if not live(form).names & {"g", "loss"} and not sources(form):
        return False
    first, second = respond(program, 0), respond(program, 1)
    with np.errstate(all="ignore"):
        same = np.abs(first - second) <= _negligible(np.hstack([first, second]))
        same |= (first == second) | (np.isnan(first) & np.isnan(second))
    return not same.all() or not np.isfinite(first).any()


def respond(program: Program, stream: int = 0) -> Float[np.ndarray, "steps entries"]:
    """Steps on probe stream 0 or 1, NaN and Inf included; read-only."""
    return _path(program, stream)[0]


def parameters_after(program: Program, stream: int = 0) -> Float[np.ndarray, "steps entries"]:
    """The parameters after each of these steps."""
    start, moves = flat(_streams(stream)[0]), respond(program, stream)
    return np.subtract.accumulate(np.concatenate([[start], moves]))[1:]


def evaluated(program: Program, stream: int = 0) -> Float[np.ndarray, "steps entries"]:
    """The point to evaluate after each of these steps: the parameters, if the program has none."""
    found = _path(program, stream)[1]
    return parameters_after(program, stream) if found is None else found


@lru_cache(maxsize=1024)
def _path(program: Program, stream: int) -> tuple[Moves, Moves | None]:
    """The steps of a program, and its points where it has some."""
    form = canonical(program)
    probe = Probe(stream, joined=not _sees_shapes(form))
    kept = keeping_point(form)
    with np.errstate(all="ignore"):
        try:
            found = bound_path(kept, probe)
        except LaidOutOtherwise:
            found = interpreted_path(kept, probe)
    for each in found:
        if each is not None:
            each.flags.writeable = False
    return found


def bound_path(kept: KeptPoint, probe: "Probe") -> tuple[Moves, Moves | None]:
    """The steps of a program, and its points if it has some, or LaidOutOtherwise."""
    program, slot = kept
    given = {**program.hyperparameters, "T": _HORIZON}
    bound = Bound(program, probe.start, given, probe)
    if slot is None:
        return all_moves(bound, probe.inputs), None
    return moves_and_held(bound, probe.inputs, slot)


def interpreted_path(kept: KeptPoint, probe: "Probe") -> tuple[Moves, Moves | None]:
    """The same of any program."""
    program, slot = kept
    moves, points = [], []
    w = [leaf.copy() for leaf in probe.start]
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    for t, (gradient, loss) in enumerate(zip(probe.gradients, probe.losses, strict=True)):
        probe.at(t, w)
        inputs = {"w": w, "g": gradient, "t": np.float64(t + 1), "T": _HORIZON, "loss": loss}
        inputs |= program.hyperparameters
        move, slots = run_step(program, inputs, slots, probe, without_signed_zeros)
        moves.append(flat(move))
        if slot is not None:
            points.append(flat(slots[slot]))
        w = [leaf - step for leaf, step in zip(w, move, strict=True)]

    return np.array(moves), np.array(points) if slot is not None else None


def sees_shapes(program: Program) -> bool:
    """True if the program tells tensors apart from one long tensor with the same entries."""
    return _sees_shapes(canonical(program))


def _sees_shapes(form: Program) -> bool:
    return any(_is_of_shapes(PRIMITIVES[statement.op]) for statement in form.statements)


@cache
def _is_of_shapes(primitive: Primitive) -> bool:
    return bool(primitive.oracle or set(primitive.signature.params) - {None, Kind.GLOBAL})


def _negligible(moves: Float[np.ndarray, "steps entries"]) -> Float[np.ndarray, "steps 1"]:
    """The size below which a step is as good as none, for each time."""
    largest = np.max(np.abs(moves), axis=1, where=np.isfinite(moves), initial=0.0, keepdims=True)
    return np.maximum(np.maximum.accumulate(largest) * _NEGLIGIBLE, _NOTHING)


@cache
def _streams(stream: int) -> tuple[Leaves, list[Leaves], list[np.float64]]:
    common = np.random.Generator(np.random.PCG64(7))
    start = [np.asarray(common.normal(size=shape)) for shape in SHAPES]
    sizes = [np.asarray(10 ** common.uniform(*_MAGNITUDES, shape)) for shape in SHAPES]
    rng = np.random.Generator(np.random.PCG64(20231 + stream))
    drift = [np.asarray(rng.normal(size=shape)) for shape in SHAPES]
    gradients = [
        [s * (0.5 * d + rng.normal(size=d.shape)) for s, d in zip(sizes, drift, strict=True)]
        for _ in range(STEPS)
    ]
    gradients[_ZERO_AT][1][0] = 0.0
    losses = [np.float64(2.0 + rng.random()) for _ in range(STEPS)]
    return start, gradients, losses


@cache
def _joined_streams(stream: int) -> tuple[Leaves, list[Leaves], list[np.float64]]:
    start, gradients, losses = _streams(stream)
    return [flat(start)], [[flat(gradient)] for gradient in gradients], losses


@cache
def _inputs(stream: int) -> dict[str, Float[np.ndarray, "steps ..."]]:
    """All that differs from step to step, but the parameters."""
    _, gradients, losses = _joined_streams(stream)
    vectors = np.stack([vector for (vector,) in gradients])
    return {"g": vectors, "t": np.arange(1.0, STEPS + 1), "loss": np.array(losses)}


class Polynomial(ClosedForm):
    """f(w) = sum(a w^2 / 2 + w^4 / 4) + b sum(w)^2 / 2.

    It is the mean of two examples, which have a - 1/2 and a + 1/2 for `a`; all of the data have
    a + 1/4. With labels of its own the gradient has the root of the Hessian's diagonal, b aside, as
    standard deviation. The outputs of which the loss is a function are w, w^2 and sum(w).
    """

    def __init__(self, w: Leaves, curvature: float, coupling: float = 0.0, t: int = 0):
        super().__init__(w, t)
        self.curvature = curvature
        self.coupling = coupling

    def loss_at(self, point: Leaves) -> np.float64:
        own = sum(np.sum(self.curvature * part**2 / 2 + part**4 / 4) for part in point)
        return np.float64(own + self.coupling * sum(np.sum(part) for part in point) ** 2 / 2)

    def grad_at(self, point: Leaves) -> Leaves:
        shared = self.coupling * sum(np.sum(part) for part in point)
        return [self.curvature * part + part**3 + shared for part in point]

    def hessian_at(self, point: Leaves) -> Float[np.ndarray, "entries entries"]:
        return np.diag(self.curvature + 3 * flat(point) ** 2) + self.coupling

    def hvp(self, v: Leaves) -> Leaves:
        """Without the dense Hessian, in which one infinite weight makes a NaN of every product."""
        shared = self.coupling * sum(np.sum(part) for part in v)
        return [
            (self.curvature + 3 * w**2) * part + shared for w, part in zip(self.w, v, strict=True)
        ]

    def third_at(self, point: Leaves, v: Leaves, u: Leaves) -> Leaves:
        return [6 * w * x * y for w, x, y in zip(point, v, u, strict=True)]

    def gauss_newton(self) -> Float[np.ndarray, "entries entries"]:
        return np.diag(self.curvature + 2 * flat(self.w) ** 2) + self.coupling

    def label_slopes(self, z: Leaves) -> Leaves:
        drawn = zip(z, self.w, strict=True)
        return [part * np.sqrt(self.curvature + 3 * leaf**2) for part, leaf in drawn]

    def apart(self, point: Leaves) -> Leaves:
        return [leaf / 2 for leaf in point]

    def full_grad_at(self, point: Leaves) -> Leaves:
        return [g + part / 4 for g, part in zip(self.grad_at(point), point, strict=True)]


class Probe(Polynomial):
    """The model and streams that a program is run on; `a` differs between the streams.

    `joined`: the entries of all tensors as one tensor. `inputs` are what a program reads by step,
    gradients so.
    """

    seed = 5

    def __init__(self, stream: int, joined: bool):
        self.inputs = _inputs(stream)
        streams = _joined_streams if joined else _streams
        self.start, self.gradients, self.losses = streams(stream)
        super().__init__(self.start, curvature=1.0 + stream, coupling=0.1)

    def at(self, t: int, w: Leaves) -> None:
        self.t, self.w = t, w
