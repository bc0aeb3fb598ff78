"""Noisy non-convex surfaces: curved valleys side by side, and a bowl with ripples.

Both have their lowest point, and their loss there, in closed form.
"""

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.frozen import frozen
from evaluators.data.order import epochs
from evaluators.registry import register
from evaluators.task import Best, Data, Params, Task
from evaluators.tasks._losses import nan_unless_finite

EXAMPLES, BATCH = 512, 8
PAIRS = 32
STEEPEST = 100.0
"""How much steeper the sharpest valley is across than along."""
RIPPLED = 48
RIPPLE, WAVE = 0.5, 1.0
"""Height of a ripple to either side, and its length."""


def _surface(
    surface: Callable[[Params, Array], Array], *, size: int, optimum: float, noise: float, **stated
) -> Task:
    """A task on a surface.

    **Arguments:** `surface`: (params, centres [batch, size]) -> mean loss, of a quadratic kind in
    the centres: they scatter by `noise` about `optimum`, which adds `noise`^2 to the loss.
    """

    @functools.cache
    def data() -> Data:
        """Centres float32 [examples, size]; for validation the one without noise."""
        rng = np.random.Generator(np.random.PCG64(3))
        errors = rng.normal(0, noise, (EXAMPLES, size))
        centres = optimum + errors - errors.mean(0)
        return frozen(Data(centres.astype(np.float32), np.full((1, size), optimum, np.float32)))

    def order(rng: np.random.Generator, steps: int) -> np.ndarray:
        return epochs(rng, EXAMPLES, BATCH, steps)

    def loss(params: Params, data: Data, index: Array) -> Array:
        return surface(params, jnp.asarray(data.train)[index]) + nan_unless_finite(params)

    def validate(params: Params, data: Data) -> Array:
        found = surface(params, jnp.asarray(data.validation)) + nan_unless_finite(params)
        return found + noise**2

    return Task(load=data, order=order, loss=loss, validate=validate, floor=noise**2, **stated)


def _init_valleys(rng: np.random.Generator) -> Params:
    """The usual starting point (-1.2, 1), up to a little."""
    return {
        "x": (-1.2 + rng.normal(0, 0.03, PAIRS)).astype(np.float32),
        "y": (1 + rng.normal(0, 0.03, (4, PAIRS // 4))).astype(np.float32),
    }


def _valleys(params: Params, centres: Array) -> Array:
    """Rosenbrock's function of each pair (x, y), the valleys from gentle to steep."""
    x = params["x"]
    steep = jnp.asarray(np.geomspace(1, STEEPEST, PAIRS), x.dtype)
    across = jnp.mean(steep * (params["y"].reshape(-1) - x**2) ** 2)
    return jnp.mean((x[None] - centres.astype(x.dtype)) ** 2) + across


def _init_ripples(rng: np.random.Generator) -> Params:
    """A corner of a cube, up to a little, so that there are ripples to cross on the way in."""
    corner = rng.choice([-2.0, 2.0], (6, 8))
    return {"w": (corner + rng.normal(0, 0.2, (6, 8))).astype(np.float32)}


@functools.cache
def _turn() -> np.ndarray:
    """A rotation of the parameters of the rippled bowl, made of reflections."""
    rng = np.random.Generator(np.random.PCG64(4))
    turn = np.eye(RIPPLED)
    for _ in range(4):
        axis = rng.normal(size=RIPPLED)
        turn -= np.outer(turn @ axis, axis) * (2 / np.sum(axis**2))
    return turn


def _ripples(params: Params, centres: Array) -> Array:
    """Rastrigin's function: a bowl and a cosine along each of some rotated axes."""
    w = params["w"].reshape(-1)
    z = jnp.asarray(_turn(), w.dtype) @ w
    bowl = jnp.mean((z[None] - centres.astype(w.dtype)) ** 2)
    return bowl + RIPPLE * jnp.mean(1 - jnp.cos(2 * np.pi / WAVE * z))


ROSENBROCK = register(
    _surface(
        _valleys,
        size=PAIRS,
        optimum=1.0,
        noise=0.3,
        name="rosenbrock",
        summary=f"{PAIRS} noisy Rosenbrock valleys (64 parameters), 1 to {STEEPEST:g} times as "
        "steep across as along",
        dataset="scattered_centres",
        model="rosenbrock",
        horizon=400,
        init=_init_valleys,
        untrained=9.7,
        best=Best(0.09033, "heavy_ball", {"lr": 0.06325, "b1": 0.9, "wd": 0.0}),
        flops=2_104,
        digest="f27a61dc627bda86220fdcee6bc329d8",
    )
)
RASTRIGIN = register(
    _surface(
        _ripples,
        size=RIPPLED,
        optimum=0.0,
        noise=0.5,
        name="rastrigin",
        summary=f"Rotated bowl with ripples ({RIPPLED} parameters): many local minima, noise",
        dataset="wide_scattered_centres",
        model="rastrigin",
        horizon=300,
        init=_init_ripples,
        untrained=4.77,
        best=Best(0.4029, "heavy_ball", {"lr": 0.3162, "b1": 0.9, "wd": 0.0}),
        flops=12_169,
        digest="9ae88a6aacba77223d2681be752d8975",
    )
)
