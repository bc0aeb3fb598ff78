"""An associative memory: one matrix that answers questions, a few of which are asked most often.

Question k comes in proportion to 1 / k and, of ten times, once with an answer at random; what
counts afterwards is every question once, with its own answer. Questions and answers are fixed
vectors, more than they have entries, along some directions large and along others small. So the
gradient of a batch is nearly of low rank, along what is frequent and large, and what a rule does
with the other singular values of the matrix decides.

**Source:** a generator of our own; the setting is that of Wang et al., "Muon Outperforms Adam in
Tail-End Associative Memory Learning" (2025).
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet, Examples
from evaluators.registry import register
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised

FACTS, SIZE = 48, 24
CONDITION = 30.0
"""The largest over the smallest mean square of the vectors along a direction."""
WRONG, EXAMPLES = 0.1, 4096
SHARPNESS = 4.0
"""The logit of an answer that the matrix gives exactly, in the mean over answers."""


def _vectors(rng: np.random.Generator) -> np.ndarray:
    """float64 [facts, size], of mean square length 1."""
    sizes = np.geomspace(1, CONDITION**-0.5, SIZE)
    turn, _ = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))
    return rng.normal(size=(FACTS, SIZE)) * (sizes / np.sqrt(np.sum(sizes**2))) @ turn


_RNG = np.random.Generator(np.random.PCG64(32))
_QUESTIONS, _ANSWERS = (_vectors(_RNG).astype(np.float32) for _ in range(2))


def _load() -> tuple[Examples, Examples]:
    """Questions float32 [examples, size] and the numbers of their answers, int32."""
    rng = np.random.Generator(np.random.PCG64(33))
    chance = 1 / np.arange(1, FACTS + 1)
    asked = rng.choice(FACTS, EXAMPLES, p=chance / chance.sum())
    right = rng.permutation(FACTS).astype(np.int32)
    anything = rng.integers(0, FACTS, EXAMPLES, np.int32)
    told = np.where(rng.random(EXAMPLES) < WRONG, anything, right[asked])
    return Examples(_QUESTIONS[asked], told), Examples(_QUESTIONS, right)


def _recall(weights: list[Array], questions: Array) -> Array:
    """Questions [examples, size] -> logits of the answers [examples, facts]."""
    answers = jnp.asarray(SHARPNESS * _ANSWERS, questions.dtype)
    return (answers @ (weights[0] @ questions.T)).T


register(
    supervised(
        DataSet("facts", _load),
        Model(
            "associative_memory", lambda rng: layers.matrices(rng, (SIZE, SIZE), 1.0, 0.1), _recall
        ),
        CROSS_ENTROPY,
        name="facts",
        summary=f"One matrix ({SIZE**2} parameters) that recalls {FACTS} facts, some seldom told",
        batch=16,
        horizon=200,
        untrained=float(np.log(FACTS)),
    )
)
