"""A small quadratic in NumPy float64 that a program descends for a few dozen steps.

f(w) = (w - c)' H (w - c) / 2 in a vector and a matrix, 16 weights in all. The eigenvalues
of H lie evenly in their logarithm between 0.02 and 2, and its axes are turned, so no weight has a
curvature of its own. It begins where the gradient is at right angles to the weights: shrinking or
growing all of them leads uphill, so a program has to ask the gradient where to go.

Training goes on past the horizon by a few steps; what is good for exactly the horizon shows there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from dsl.fingerprint import sees_shapes
from dsl.interpret import run_step
from dsl.lower import spelled_out
from dsl.program import Program
from dsl.prune import prune
from dsl.transform import initial
from evaluators.train import SANE

SHAPES = ((4,), (3, 4))
SIZE = 16
STEPS = 24
"""The horizon; what a program reads as `T`."""
BEYOND = 3
_ROUNDING = 1e-9
SHARPEST, CONDITION = 2.0, 100.0


@dataclass(frozen=True)
class Descent:
    """What came of a program on the quadratic at one rate; float64 throughout.

    `losses` [STEPS + BEYOND + 1] begins with the loss before the first step; after a step that is
    not finite or not sane it is NaN. `moves` and `gradients` [STEPS + BEYOND, SIZE] end likewise.
    """

    losses: np.ndarray
    moves: np.ndarray
    gradients: np.ndarray

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
        """Whether it reached the horizon, and below where it began by more than rounding."""
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
    program = spelled_out(prune(program))
    numbers = program.hyperparameters | ({} if rate is None else {"lr": rate})
    here = _Quadratic(SHAPES if sees_shapes(program) else ((SIZE,),))
    slots = {name: initial(init, here.weights, np) for name, init in program.state}
    count = STEPS + BEYOND
    losses = np.full(count + 1, np.nan)
    moves, gradients = np.full((2, count, SIZE), np.nan)
    losses[0] = here.loss()
    for t in range(count):
        here.t = t
        gradients[t] = here.gradient()
        inputs = {
            "w": here.weights,
            "g": here.tensors(gradients[t]),
            "t": np.float64(t + 1),
            "T": float(STEPS),
            "loss": losses[t],
            **numbers,
        }
        move, slots = run_step(program, inputs, slots, here, np)
        moves[t] = _flat(move)
        if not here.moved(moves[t]):
            break
        losses[t + 1] = here.loss()
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


class _Quadratic:
    """The present weights, and everything that a step may ask about them.

    An example of the batch, which has two, has its minimum to one side of `minimum` or the other.
    """

    def __init__(self, shapes: Sequence[tuple[int, ...]]):
        self.shapes = shapes
        self.hessian, self.root, self.w, self.minimum = _fixed()
        self.apart = self.hessian @ (0.1 * self.minimum)
        self.weights = self.tensors(self.w)
        self.t = 0

    def tensors(self, flat: np.ndarray) -> list[np.ndarray]:
        """[SIZE] as one array per parameter tensor."""
        if len(self.shapes) == 1:
            return [flat]
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        parts = np.split(flat, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def moved(self, move: np.ndarray) -> bool:
        """Subtract a step; False if that leaves the sane range or is no number."""
        with np.errstate(all="ignore"):
            self.w = self.w - move
        self.weights = self.tensors(self.w)
        return bool(np.max(np.abs(self.w)) <= SANE)

    def loss(self) -> np.float64:
        away = self.w - self.minimum
        return np.float64(away @ self.hessian @ away / 2)

    def gradient(self) -> np.ndarray:
        """The gradient [SIZE]."""
        return self.hessian @ (self.w - self.minimum)

    def noise(
        self, draw: str, stream: Any, like: list[np.ndarray] | None = None
    ) -> list[np.ndarray]:
        tag = round(float(stream)) if np.isfinite(stream) else 0
        rng = np.random.Generator(np.random.PCG64([self.t, tag & 0xFFFFFFFF, 13]))
        shapes = [leaf.shape for leaf in self.weights if like is None] or map(np.shape, like or ())
        normal = [rng.normal(size=shape) for shape in shapes]
        return normal if draw == "normal" else [np.sign(leaf) for leaf in normal]

    def hvp(self, v: list[np.ndarray]) -> list[np.ndarray]:
        return self.tensors(self.hessian @ _flat(v))

    def hessian_solve(self, v: list[np.ndarray], k: Any) -> list[np.ndarray]:
        damped = self.hessian + k * np.eye(SIZE)
        try:
            return self.tensors(np.linalg.solve(damped, _flat(v)))
        except np.linalg.LinAlgError:
            return self.tensors(np.full(SIZE, np.nan))

    abs_hessian_solve = gauss_newton_solve = hessian_solve  # one matrix, all eigenvalues positive

    def third_derivative(self, v: list[np.ndarray], u: list[np.ndarray]) -> list[np.ndarray]:
        return self.tensors(np.zeros(SIZE))

    def jvp(self, v: list[np.ndarray]) -> np.float64:
        return np.float64(self.gradient() @ _flat(v))

    def grad_at(self, point: list[np.ndarray]) -> list[np.ndarray]:
        return self.tensors(self.hessian @ (_flat(point) - self.minimum))

    def full_grad_at(self, point: list[np.ndarray]) -> list[np.ndarray]:
        return self.grad_at(point)

    def part_grad_at(self, point: list[np.ndarray], part: Any, parts: Any) -> list[np.ndarray]:
        signs = [s for k, s in enumerate((1, -1)) if np.floor(k * parts / 2) == part]
        if not signs:
            return self.tensors(np.zeros(SIZE))
        return self.tensors(_flat(self.grad_at(point)) + float(np.mean(signs)) * self.apart)

    def losses_at(self, population: list[np.ndarray]) -> np.ndarray:
        return np.array([self.loss_at(list(leaves)) for leaves in zip(*population, strict=True)])

    def coordinate_differences(self, mask: list[np.ndarray], mu: Any) -> list[np.ndarray]:
        exact = self.gradient() + mu * np.diag(self.hessian) / 2  # over mu, of a quadratic
        return self.tensors(np.where(_flat(mask) != 0, exact if mu != 0 else np.nan, 0.0))

    def loss_at(self, point: list[np.ndarray]) -> np.float64:
        away = _flat(point) - self.minimum
        return np.float64(away @ self.hessian @ away / 2)

    def clipped_grad(self, c: Any) -> list[np.ndarray]:
        grads = [self.gradient() + sign * self.apart for sign in (1, -1)]
        sizes = [float(np.linalg.norm(grad)) for grad in grads]
        shrunk = [
            grad * (c / size if size > c else 1.0) for grad, size in zip(grads, sizes, strict=True)
        ]
        return self.tensors((shrunk[0] + shrunk[1]) / 2)

    def sampled_grad(self, stream: Any) -> list[np.ndarray]:
        return self.tensors(self.root @ _flat(self.noise("normal", stream + 1000003)))


def _flat(tensors: Sequence[np.ndarray]) -> np.ndarray:
    """One array per parameter tensor as [SIZE]."""
    return tensors[0] if len(tensors) == 1 else np.concatenate([x.ravel() for x in tensors])
