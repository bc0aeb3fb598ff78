"""A small quadratic in NumPy float64 that a program descends for a few dozen steps.

f(w) = (w - c)' H (w - c) / 2 in a vector and a matrix, 16 weights in all. The eigenvalues
of H lie evenly in their logarithm between 0.02 and 2, and its axes are turned, so no weight has a
curvature of its own. It begins where the gradient is at right angles to the weights: shrinking or
growing all of them leads uphill, so a program has to ask the gradient where to go.

A rule with a point of evaluation is judged there. Training goes on past the horizon by a few steps;
what is good for exactly the horizon shows there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dsl.language.closed_form import ClosedForm, flat, shaped
from dsl.program import Program
from dsl.rewrite.point import keeping_point
from dsl.rewrite.prune import prune
from dsl.run.fingerprint import sees_shapes
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.shapes import Float, Leaves
from evaluators.limits import SANE

SHAPES = ((4,), (3, 4))
SIZE = 16
STEPS = 24
"""The horizon; what a program reads as `T`."""
BEYOND = 3
_ROUNDING = 1e-9
SHARPEST, CONDITION = 2.0, 100.0


@dataclass(frozen=True)
class Descent:
    """The run of a program on the quadratic at one rate; float64 throughout.

    `losses`, at the points of evaluation, begins with the loss before the first step; after a step
    that is not finite or not sane it is NaN. `moves` and `gradients`, of `STEPS + BEYOND` steps,
    end likewise.
    """

    losses: Float[np.ndarray, " times"]
    moves: Float[np.ndarray, "steps weights"]
    gradients: Float[np.ndarray, "steps weights"]

    @property
    def begun(self) -> float:
        """The loss before the first step."""
        return float(self.losses[0])

    @property
    def ended(self) -> float:
        """The loss at the horizon, NaN if it was not reached."""
        return float(self.losses[STEPS])

    @property
    def after(self) -> float:
        """The loss a few steps past the horizon, NaN if they were not reached."""
        return float(self.losses[-1])

    @property
    def descended(self) -> bool:
        """True if it reached the horizon, and below where it began by more than rounding."""
        return self.ended < self.begun * (1 - _ROUNDING)

    @property
    def agreement(self) -> float:
        """The mean cosine of the angle between step and gradient up to the horizon, 0 where there
        is no step."""
        moves, gradients = self.moves[:STEPS], self.gradients[:STEPS]
        with np.errstate(all="ignore"):
            inner = np.einsum("ti,ti->t", moves, gradients)
            lengths = np.linalg.norm(moves, axis=1) * np.linalg.norm(gradients, axis=1)
            cosines = inner / lengths
        return float(np.mean(np.where(np.isfinite(cosines), cosines, 0.0)))


def descend(program: Program, rate: float | None = None) -> Descent:
    """Run a program; `rate` stands for its hyperparameter `lr`, its default if None.

    Stops after a step that is not finite or leaves the sane range.
    """
    program, point = keeping_point(prune(program))
    numbers = {**program.hyperparameters, **({} if rate is None else {"lr": rate})}
    here = _Quadratic(SHAPES if sees_shapes(program) else ((SIZE,),))
    slots = {name: initial(init, here.w, np) for name, init in program.slots.items()}
    count = STEPS + BEYOND
    losses = np.full(count + 1, np.nan)
    moves, gradients = np.full((2, count, SIZE), np.nan)
    losses[0] = here.loss()
    for t in range(count):
        here.t = t
        gradients[t] = here.gradient()
        inputs = {
            "w": here.w,
            "g": here.tensors(gradients[t]),
            "t": np.float64(t + 1),
            "T": float(STEPS),
            "loss": here.loss(),
            **numbers,
        }
        move, slots = run_step(program, inputs, slots, here, np)
        moves[t] = flat(move)
        if not here.moved(moves[t]):
            break
        losses[t + 1] = here.loss() if point is None else here.loss_at(slots[point])
    return Descent(losses, moves, gradients)


@lru_cache(maxsize=1)
def _fixed() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The Hessian [SIZE, SIZE], its root, the weights at the start and the minimum [SIZE]."""
    rng = np.random.Generator(np.random.PCG64(11))
    axes, _ = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))
    values = SHARPEST * np.geomspace(1, 1 / CONDITION, SIZE)
    hessian, root = ((axes * each) @ axes.T for each in (values, np.sqrt(values)))
    start, away = rng.normal(size=(2, SIZE))
    curved = hessian @ start
    away -= curved * (away @ curved) / (curved @ curved)
    return hessian, root, start, start - away


class _Quadratic(ClosedForm):
    """The present weights, and the answers to everything that a step may ask about them.

    An example of the batch, which has two, has its minimum to one side of `minimum` or the other;
    the outputs of which the loss is a function are the root of H times the weights.
    """

    seed = 13

    def __init__(self, shapes: Sequence[tuple[int, ...]]):
        self.shapes = shapes
        self.hessian, self.root, self.entries, self.minimum = _fixed()
        super().__init__(self.tensors(self.entries))

    def tensors(self, entries: Float[np.ndarray, " weights"]) -> Leaves:
        """The entries as one array per parameter tensor."""
        return shaped(entries, self.shapes)

    def moved(self, move: Float[np.ndarray, " weights"]) -> bool:
        """Subtract a step; False if that leaves the sane range or gives a NaN."""
        with np.errstate(all="ignore"):
            self.entries = self.entries - move
        self.w = self.tensors(self.entries)
        return bool(np.max(np.abs(self.entries)) <= SANE)

    def loss(self) -> np.float64:
        """The loss at the weights."""
        return self.loss_at(self.w)

    def gradient(self) -> Float[np.ndarray, " weights"]:
        """The gradient there."""
        return flat(self.grad_at(self.w))

    def loss_at(self, point: Leaves) -> np.float64:
        away = flat(point) - self.minimum
        return np.float64(away @ self.hessian @ away / 2)

    def grad_at(self, point: Leaves) -> Leaves:
        return self.tensors(self.hessian @ (flat(point) - self.minimum))

    def hessian_at(self, point: Leaves) -> Float[np.ndarray, "weights weights"]:
        return self.hessian

    def third_at(self, point: Leaves, v: Leaves, u: Leaves) -> Leaves:
        return [0 * x * y for x, y in zip(v, u, strict=True)]

    def gauss_newton(self) -> Float[np.ndarray, "weights weights"]:
        return self.hessian

    def label_slopes(self, z: Leaves) -> Leaves:
        return self.tensors(self.root @ flat(z))

    def apart(self, point: Leaves) -> Leaves:
        return self.tensors(self.hessian @ (0.1 * self.minimum))
