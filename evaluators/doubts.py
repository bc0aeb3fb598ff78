"""The rule of doubts, about a campaign or a comparison: a sentence that names tasks is a warning,
and forbids a claim where it concerns half of them or more."""

from collections.abc import Mapping, Sequence

from evaluators.score import BEST

ROUNDING = 1e-9
"""A gain or a score this small, or this far below a bound, counts as none, or as at it."""


def capped(scores: Mapping[str, float]) -> list[str]:
    """The tasks on which a score is as high as it may be."""
    return [task for task, score in scores.items() if score >= BEST - ROUNDING]


def on_tasks(sentence: str, tasks: Sequence[str]) -> str:
    """A doubt in words."""
    return f"{sentence} on {', '.join(tasks)}"


def forbids(doubted: Sequence[str], tasks: int) -> bool:
    """True if a doubt about some out of so many tasks forbids a claim."""
    return bool(doubted) and 2 * len(doubted) >= tasks
