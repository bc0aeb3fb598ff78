"""A physics-informed network as a task of your own: the heat equation on a rod.

    stepsmith tasks check examples/tasks/heat_equation.py
    stepsmith discover examples/tasks/heat_equation.yaml --plugin examples/tasks/heat_equation.py

The network is trained on the residual of u_t = a u_xx at points that are drawn anew for every step;
its derivatives in x and t are taken inside of the loss, and rules may still ask for curvature. What
counts is the distance to the exact solution, which no step sees.
"""

import jax
import jax.numpy as jnp

from stepsmith import task

A, WIDTH, POINTS = 0.05, 16, 32
GRID = jnp.stack(jnp.meshgrid(jnp.linspace(0, 1, 21), jnp.linspace(0, 1, 21)), -1).reshape(-1, 2)


def init(key):
    """Two hidden layers between (x, t) and a number."""
    sizes = [2, WIDTH, WIDTH, 1]
    keys = jax.random.split(key, 3)
    return [
        {"w": jax.random.normal(k, (n, m)) / n**0.5, "b": jnp.zeros(m)}
        for k, n, m in zip(keys, sizes, sizes[1:], strict=False)
    ]


def u(params, x, t):
    """The temperature at a place and a time; right at both ends and at the start, by its form."""
    start = jnp.sin(jnp.pi * x) + 0.5 * jnp.sin(4 * jnp.pi * x)
    h = jnp.stack([x, t])
    for layer in params[:-1]:
        h = jnp.tanh(h @ layer["w"] + layer["b"])
    free = (h @ params[-1]["w"] + params[-1]["b"])[0]
    return start + t * x * (1 - x) * free


def points(key):
    """Places and times inside of the rod, [points, 2]."""
    return jax.random.uniform(key, (POINTS, 2))


def residual(params, points):
    """The mean square of u_t - a u_xx."""

    def at(point):
        x, t = point
        u_t = jax.jacfwd(u, 2)(params, x, t)
        u_xx = jax.jacfwd(jax.jacfwd(u, 1), 1)(params, x, t)
        return (u_t - A * u_xx) ** 2

    return jnp.mean(jax.vmap(at)(points))


def error(params):
    """The mean square of the distance to the exact solution, in which each wave decays."""
    x, t = GRID.T
    waves = ((1.0, jnp.pi), (0.5, 4 * jnp.pi))
    exact = sum(size * jnp.exp(-A * k**2 * t) * jnp.sin(k * x) for size, k in waves)
    return jnp.mean((jax.vmap(u, (None, 0, 0))(params, x, t) - exact) ** 2)


task(
    "heat_equation",
    params=init,
    loss=residual,
    sampler=points,
    validation_loss=error,
    horizon=300,
    summary="Physics-informed network (337 parameters) for the heat equation",
)
