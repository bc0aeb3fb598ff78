"""Streams of gradients on a small model, and the steps of a program on one.

The model is a matrix and a vector. Gradients and losses come from a fixed stream whatever a program
does, so the learning rate changes how long its steps are and not what it meets; the parameters move
by what the program says. Oracles ask a `Landscape`, which agrees with the gradient of every step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from dsl.behaviour.landscape import COUPLING, Landscape
from dsl.language.closed_form import flat
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Program
from dsl.rewrite.liveness import live
from dsl.rewrite.prune import prune
from dsl.run.all_steps import all_moves
from dsl.run.bound import Bound, LaidOutOtherwise
from dsl.run.interpret import run_step
from dsl.run.numpy64 import without_signed_zeros
from dsl.run.values import initial
from dsl.shapes import Float, Leaf, Leaves

SHAPES = ((5, 4), (5,))
SIZES = (20, 5)
ENTRIES = sum(SIZES)
STEPS = 32
"""Steps of the stream that behaviours are compared on."""
_SEED = 41
_SPIKE, _SPIKE_SIZE = 11, 4.0
"""The step on which the whole gradient is larger than before and after, and how much."""


@dataclass(frozen=True, eq=False)
class Stream:
    """The input of a program: parameters at the start, curvature, gradients and losses by step.

    `scale` multiplies gradients, losses and curvature: the same problem in other units. `coupling`
    is the curvature that all entries share.
    """

    start: Leaves
    curvature: Leaves
    gradients: Sequence[Leaves]
    losses: Sequence[float]
    scale: float = 1.0
    coupling: float = COUPLING

    @cached_property
    def joined(self) -> "Stream":
        """The same with all entries in one tensor."""
        whole = [[flat(each)] for each in self.gradients]
        return replace(
            self, start=[flat(self.start)], curvature=[flat(self.curvature)], gradients=whole
        )


def steps(program: Program, stream: Stream) -> Float[np.ndarray, "steps entries"]:
    """The steps that the program subtracts, NaN and Inf included.

    A schedule sees the last step as its horizon.
    """
    program = prune(program)
    met = _Met(stream if tells_tensors_apart(program) else stream.joined)
    with np.errstate(all="ignore"):
        try:
            return all_moves(Bound(program, met.start, met.given(program), met), met.inputs)
        except LaidOutOtherwise:
            return np.stack([flat(move) for move in _moves(program, met)])


class _Met(Landscape):
    """A stream as a program meets it: its inputs at every step, and the landscape there."""

    def __init__(self, stream: Stream):
        super().__init__(stream.start, stream.curvature, stream.scale, stream.coupling)
        self.start = stream.start
        self.gradients = [[stream.scale * part for part in g] for g in stream.gradients]
        self.losses = stream.scale * np.asarray(stream.losses, dtype=np.float64)
        self.inputs = {
            "g": np.stack([flat(g) for g in self.gradients]),
            "t": np.arange(1.0, len(self.losses) + 1),
            "loss": self.losses,
        }

    def given(self, program: Program) -> dict[str, float]:
        """All that is the same at every step."""
        return {**program.hyperparameters, "T": float(len(self.losses))}

    def at(self, t: int, w: Leaves) -> None:
        """Stand at `w` on step `t`."""
        self.stand(t, w, self.gradients[t], self.losses[t])


def _moves(program: Program, met: _Met) -> Iterator[Leaves]:
    w = [leaf.copy() for leaf in met.start]
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    for t, (g, loss) in enumerate(zip(met.gradients, met.losses, strict=True)):
        met.at(t, w)
        inputs = {"w": w, "g": g, "t": np.float64(t + 1), "loss": loss, **met.given(program)}
        move, slots = run_step(program, inputs, slots, met, without_signed_zeros)
        yield move
        w = [leaf - step for leaf, step in zip(w, move, strict=True)]


def tells_tensors_apart(program: Program) -> bool:
    """True if a program may step otherwise where all entries are in one tensor.

    It does not if it is element-wise apart from numbers of the whole model and answers of oracles.
    """
    for index in live(program).statements:
        primitive = PRIMITIVES[program.statements[index].op]
        kinds = {*primitive.signature.params, primitive.signature.result}
        of_model = primitive.scope is not Scope.LEAF and kinds <= {Kind.TENSOR, Kind.GLOBAL}
        if set(primitive.signature.params) - {None, Kind.GLOBAL} and not of_model:
            return True
    return False


@cache
def everyday() -> Stream:
    """The stream that behaviours are compared on: what a training run shows, in `STEPS` steps.

    Sizes of the gradient spread over two powers of ten, by row and column for the most part; noise
    is a little larger than what lasts, which has rank one in the matrix. A quarter of the entries
    turn round halfway, a quarter have little noise, a quarter are 0 on more than half of the steps.
    The whole falls to a third on the way, with one spike; the loss falls by half.
    """
    rng = np.random.Generator(np.random.PCG64(_SEED))
    start, curvature, sizes, lasting = _model(rng)
    kinds = [rng.integers(0, 4, shape) for shape in SHAPES]
    gradients, losses = [], []
    for t in range(STEPS):
        done = t / STEPS
        level = (1 - 0.7 * done) * (_SPIKE_SIZE if t == _SPIKE else 1)
        gradient: Leaves = []
        for size, drift, kind in zip(sizes, lasting, kinds, strict=True):
            turned = np.where((kind == 1) & (done >= 0.5), -1, 1)
            noise = rng.normal(size=size.shape) * np.where(kind == 2, 0.3, 1)
            absent = (rng.random(size.shape) < 0.6) & (kind == 3)
            gradient.append(np.where(absent, 0, level * size * (0.7 * turned * drift + noise)))
        gradients.append(gradient)
        losses.append(2.5 * (1 - 0.6 * done) + 0.2 * rng.random())
    return Stream(start, curvature, gradients, losses)


@cache
def constant(*signs: int) -> Stream:
    """One gradient without noise, times a sign on every step, on the model of `everyday`.

    The loss stays where it is.
    """
    start, curvature, sizes, lasting = _model(np.random.Generator(np.random.PCG64(_SEED)))
    gradient = [size * drift for size, drift in zip(sizes, lasting, strict=True)]
    gradients = [[sign * part for part in gradient] for sign in signs]
    return Stream(start, curvature, gradients, [1.0] * len(signs))


def _model(rng: np.random.Generator) -> tuple[Leaves, Leaves, Leaves, Leaves]:
    """Parameters, curvature, sizes of gradients, and what lasts of them in these sizes."""
    start = [rng.normal(0, 0.25, shape) for shape in SHAPES]
    sizes = [np.asarray(10 ** (_by_axis(rng, shape) - 0.5)) for shape in SHAPES]
    curvature = [size * 10 ** rng.uniform(-0.6, 0, size.shape) for size in sizes]
    drifts = [np.asarray(_outer([rng.normal(size=n) for n in shape])) for shape in SHAPES]
    return start, curvature, sizes, drifts


def _by_axis(rng: np.random.Generator, shape: tuple[int, ...]) -> Leaf:
    """Powers of ten between -1 and 1: one for every index of each axis, and a little per entry."""
    share = 0.75 / len(shape)
    axes = np.meshgrid(*(rng.uniform(-share, share, n) for n in shape), indexing="ij")
    return np.asarray(sum(axes) + rng.uniform(-0.25, 0.25, shape))


def _outer(vectors: Sequence[Float[np.ndarray, " _"]]) -> Leaf:
    product = vectors[0]
    for vector in vectors[1:]:
        product = np.multiply.outer(product, vector)
    return product
