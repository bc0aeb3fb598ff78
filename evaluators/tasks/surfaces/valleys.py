"""Noisy non-convex surfaces: curved valleys side by side, and a bowl with ripples.

Both have their lowest point, and their loss there, in closed form.
"""

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet
from evaluators.registry import register
from evaluators.task import Params, Task
from evaluators.tasks._examples import on_examples

EXAMPLES, BATCH = 512, 8
PAIRS = 32
STEEPEST = 100.0
"""The steepness of the sharpest valley across, relative to that along it."""
RIPPLED = 48
RIPPLE, WAVE = 0.5, 1.0
"""Height of a ripple to either side, and its length."""


def _surface(
    surface: Callable[[Params, Array], Array],
    *,
    centres: str,
    size: int,
    optimum: float | np.ndarray,
    noise: float,
    **stated,
) -> Task:
    """A registered task on a surface.

    **Arguments:** `surface`: (params, centres [batch, size]) -> mean loss, of a quadratic kind in
    the centres: they scatter by `noise` about `optimum`, which adds `noise`^2 to the loss.
    `centres`: the name of their set.
    """

    def load() -> tuple[np.ndarray, np.ndarray]:
        """Centres float32 [examples, size]; for validation the one without noise."""
        rng = np.random.Generator(np.random.PCG64(3))
        errors = rng.normal(0, noise, (EXAMPLES, size))
        drawn = optimum + errors - errors.mean(0)
        return drawn.astype(np.float32), np.full((1, size), optimum, np.float32)

    return register(
        on_examples(
            DataSet(centres, load),
            surface,
            batch=BATCH,
            irreducible=noise**2,
            floor=noise**2,
            floor_from="exact: the variance of the centres, at the lowest point",
            **stated,
        )
    )


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
    return jnp.mean((x[None] - centres) ** 2) + across


def _init_ripples(rng: np.random.Generator) -> Params:
    """A corner of a cube, up to a little, so that there are ripples to cross on the way in."""
    corner = rng.choice([-2.0, 2.0], (6, 8))
    return {"w": (corner + rng.normal(0, 0.2, (6, 8))).astype(np.float32)}


@functools.cache
def _lowest() -> np.ndarray:
    """The minimum of the rippled bowl, along its axes: not at zero, to which decay alone leads."""
    return np.random.Generator(np.random.PCG64(5)).uniform(-1, 1, RIPPLED)


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
    bowl = jnp.mean((z[None] - centres) ** 2)
    away = z - jnp.asarray(_lowest(), w.dtype)
    return bowl + RIPPLE * jnp.mean(1 - jnp.cos(2 * np.pi / WAVE * away))


_surface(
    _valleys,
    centres="scattered_centres",
    size=PAIRS,
    optimum=1.0,
    noise=0.3,
    name="rosenbrock",
    summary=f"{PAIRS} noisy Rosenbrock valleys (64 parameters), 1 to {STEEPEST:g} times as "
    "steep across as along",
    model="rosenbrock",
    horizon=400,
    init=_init_valleys,
)
_surface(
    _ripples,
    centres="wide_scattered_centres",
    size=RIPPLED,
    optimum=_lowest(),
    noise=0.5,
    name="rastrigin",
    summary=f"Rotated bowl with ripples ({RIPPLED} parameters): many local minima, noise",
    model="rastrigin",
    horizon=300,
    init=_init_ripples,
)
