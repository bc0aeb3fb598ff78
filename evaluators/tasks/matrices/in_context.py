"""Linear regression in context: what one head of linear attention makes of the pairs in a prompt.

A prompt holds pairs of inputs and answers of a linear function of its own, then an input without
its answer, which is what is asked for. The best that the head can do is a step of gradient descent
on the pairs of the prompt, preconditioned: inputs have a covariance of wide spectrum, and the
learned matrices have to undo it.

**Source:** a generator of our own; the setting is that of Ahn et al., "Transformers learn to
implement preconditioned gradient descent for in-context learning" (2023).
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet, Examples, split
from evaluators.registry import register
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import SQUARED_ERROR
from evaluators.tasks._supervised import Model, supervised

INPUTS, PAIRS = 12, 36
CONDITION = 10.0
"""Of the covariance of the inputs."""
PROMPTS = 4000


def _load() -> tuple[Examples, Examples]:
    """Prompts float32 [prompts, pairs + 1, inputs + 1], each row an input with its answer, the last
    answer replaced by 0; and those last answers float32 [prompts, 1], of variance 1."""
    rng = np.random.Generator(np.random.PCG64(35))
    turn, _ = np.linalg.qr(rng.normal(size=(INPUTS, INPUTS)))
    sizes = np.geomspace(1, CONDITION**-0.5, INPUTS)
    spread = (sizes / np.sqrt(np.mean(sizes**2)))[:, None] * turn
    inputs = rng.normal(size=(PROMPTS, PAIRS + 1, INPUTS)) @ spread
    functions = rng.normal(0, INPUTS**-0.5, (PROMPTS, INPUTS, 1))
    answers = inputs @ functions
    asked = answers[:, -1].copy()
    answers[:, -1] = 0
    prompts = np.concatenate([inputs, answers], -1)
    return split(prompts.astype(np.float32), asked.astype(np.float32))


def _init(rng: np.random.Generator) -> dict[str, np.ndarray]:
    width = INPUTS + 1
    queries, keys = layers.matrices(rng, (width,) * 3, 1.0, 1.0)
    (values,) = layers.matrices(rng, (width, 1), 1.0, 0.3)
    return {"queries": queries, "keys": keys, "values": values}


def _attend(params: dict[str, Array], prompts: Array) -> Array:
    """The value, float32 [prompts, 1], that the last row asks of the rows before it."""
    rows, last = prompts[:, :-1], prompts[:, -1]
    sought = last @ params["queries"].T @ params["keys"]
    weights = jnp.einsum("prw,pw->pr", rows, sought) / PAIRS
    return jnp.einsum("pr,prw->pw", weights, rows) @ params["values"].T


register(
    supervised(
        DataSet("regression_prompts", _load),
        Model("linear_attention", _init, _attend),
        SQUARED_ERROR,
        name="in_context",
        summary="One head of linear attention (351 parameters) that learns to regress from the "
        "pairs in a prompt",
        batch=16,
        horizon=400,
    )
)
