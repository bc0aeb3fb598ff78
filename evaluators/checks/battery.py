"""The battery of free checks, as data: in the order in which they are made, the cheapest first.

Each refuses programs that no training could make good, and names the refusal by an outcome. All run
in NumPy float64; flaws that only float32, noise or a real loss bring out are left to training.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dsl.program import Program
from evaluators.checks.evidence import CheckEvidence
from evaluators.evaluation import Outcome
from evaluators.limits import SANE, short_lived

SMALLEST = 2.0**-25
"""A step below this leaves a weight of size 1 where it is, in float32."""

AGREEMENT = 0.03
"""The least mean cosine between step and gradient. An estimate of the gradient from one random
direction has 0.19 on the quadratic, one of a few entries 0.04, noise 0 on average."""


@dataclass(frozen=True)
class Check:
    """One demand on a program; `refuses` describes, for people, the programs that fail it."""

    name: str
    refuses: str
    outcome: Outcome
    passes: Callable[[CheckEvidence], bool]


def _finite(evidence: CheckEvidence) -> bool:
    """True if steps are finite for as long as the weights are sane; the streams do not follow the
    weights, so a rule that asks oracles may run away on them through no fault of its own."""
    with np.errstate(all="ignore"):
        travelled = np.max(np.abs(np.cumsum(evidence.steps, axis=0)), axis=1)
    broken = ~np.isfinite(travelled)
    first = int(np.argmax(broken))
    return not broken.any() or (first > 0 and float(travelled[first - 1]) > SANE)


def _moves(evidence: CheckEvidence) -> bool:
    """True if any step is large enough; rules that find their rate begin with very small ones."""
    if (np.abs(evidence.steps) > SMALLEST).any():
        return True
    return any((np.abs(run.moves) > SMALLEST).any() for run in evidence.descents)


def _both_signs(evidence: CheckEvidence) -> bool:
    return bool((evidence.steps > 0).any() and (evidence.steps < 0).any())


def _stays(evidence: CheckEvidence) -> bool:
    """True if it reaches the horizon at some rate."""
    return any(np.isfinite(run.ended) for run in evidence.descents)


def _descends(evidence: CheckEvidence) -> bool:
    return evidence.descents[-1].descended


def _lasts(evidence: CheckEvidence) -> bool:
    run = evidence.descents[-1]
    return not short_lived(run.begun, run.ended, run.after, floor=0.0)


def _agrees(evidence: CheckEvidence) -> bool:
    return evidence.descents[-1].agreement >= AGREEMENT


CHECKS = (
    Check(
        "gradient",
        "steps that are the same whatever the gradients and oracles say",
        Outcome.GRADIENT_INDEPENDENT,
        lambda evidence: evidence.depends,
    ),
    Check(
        "finite",
        "steps that are NaN or infinite for ordinary gradients, one of them 0",
        Outcome.NON_FINITE,
        _finite,
    ),
    Check("motion", "steps too small to change a weight in float32", Outcome.MOTIONLESS, _moves),
    Check("signs", "steps that push all weights one way", Outcome.ONE_SIGNED, _both_signs),
    Check(
        "stays",
        "weights beyond the sane range on a small quadratic, at every rate",
        Outcome.DIVERGED,
        _stays,
    ),
    Check(
        "descent",
        "a quadratic that ends no lower than it began, at every rate",
        Outcome.NO_DESCENT,
        _descends,
    ),
    Check(
        "lasting",
        "what is gained at the horizon and lost a few steps later",
        Outcome.SHORT_LIVED,
        _lasts,
    ),
    Check(
        "direction",
        "steps that bear no relation to the gradient's direction",
        Outcome.DIRECTIONLESS,
        _agrees,
    ),
)
"""All of them. The last is a matter of taste: a few known rules that work with noise fail it."""


def refused_by(program: Program, checks: Sequence[Check] = CHECKS) -> Check | None:
    """The first of `checks` that a program does not pass, None if it passes all."""
    evidence = CheckEvidence(program)
    return next((check for check in checks if not check.passes(evidence)), None)
