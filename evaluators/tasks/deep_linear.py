"""A linear map learned as a product of matrices: convex in the product, saddles in the factors."""

import functools

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import Examples
from evaluators.data.frozen import frozen
from evaluators.data.order import epochs
from evaluators.registry import register
from evaluators.task import Best, Data, Params, Task
from evaluators.tasks._losses import nan_unless_finite

SIZE, DEPTH = 16, 4
EXAMPLES, BATCH = 2048, 16
NOISE = 0.2
"""Standard deviation of each target about the map."""


@functools.cache
def _data() -> Data:
    """`Examples` of a map with singular values from 2 to 0.1; for validation the map itself."""
    rng = np.random.Generator(np.random.PCG64(5))
    left, right = (np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2))
    teacher = (left * np.geomspace(2, 0.1, SIZE)) @ right.T
    inputs = rng.normal(size=(EXAMPLES, SIZE))
    targets = inputs @ teacher + rng.normal(0, NOISE, (EXAMPLES, SIZE))
    train = Examples(inputs.astype(np.float32), targets.astype(np.float32))
    return frozen(Data(train, teacher.astype(np.float32)))


def _init(rng: np.random.Generator) -> Params:
    """Factors of two thirds of the gain that would keep the size of what goes through."""
    return {"w": rng.normal(0, 0.65 / np.sqrt(SIZE), (DEPTH, SIZE, SIZE)).astype(np.float32)}


def _order(rng: np.random.Generator, steps: int) -> np.ndarray:
    return epochs(rng, EXAMPLES, BATCH, steps)


def _through(params: Params, x: Array) -> Array:
    for layer in range(DEPTH):
        x = x @ params["w"][layer]
    return x


def _loss(params: Params, data: Data, index: Array) -> Array:
    dtype = params["w"].dtype
    inputs, targets = (jnp.asarray(part)[index].astype(dtype) for part in data.train)
    return jnp.mean((_through(params, inputs) - targets) ** 2) + nan_unless_finite(params)


def _validate(params: Params, data: Data) -> Array:
    """The expected loss over fresh examples, in closed form."""
    dtype = params["w"].dtype
    apart = _through(params, jnp.eye(SIZE, dtype=dtype)) - jnp.asarray(data.validation, dtype)
    return jnp.sum(apart**2) / SIZE + NOISE**2 + nan_unless_finite(params)


DEEP_LINEAR = register(
    Task(
        name="deep_linear",
        summary=f"Product of {DEPTH} matrices ({DEPTH * SIZE**2:,} parameters) on a noisy linear "
        "map of many scales",
        dataset="linear_map",
        model="deep_linear",
        horizon=300,
        init=_init,
        load=_data,
        order=_order,
        loss=_loss,
        validate=_validate,
        untrained=0.83,
        floor=NOISE**2,
        best=Best(
            0.05177, "nadamw", {"lr": 0.01, "b1": 0.9, "b2": 0.99999219, "eps": 1e-08, "wd": 0.0001}
        ),
        flops=96_580,
        digest="8651439a87a2d1509f13cb7e4ff01544",
    )
)
