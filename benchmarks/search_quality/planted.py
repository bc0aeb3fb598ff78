"""Planted rules: searches from SGD that have to find a hidden rule by its steps.

Nothing is trained. A program is judged by how far its steps on a stream of gradients are from those
of the hidden rule, whatever the rates (`dsl.behaviour.distance`): each quarter of the stream is a
task of its own, whose loss is the distance there. The hidden rule scores 1. No rule of the zoo but
SGD gives parts or habits.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dsl.behaviour.distance import Profile, distances, profile
from dsl.behaviour.probe import STEPS
from dsl.program import Program
from dsl.zoo import ZOO
from evaluators.own.outside import Problem, declare
from evaluators.registry import forget_outside
from evaluators.task import Losses, OutsideRuns

START = "sgd"
RULES = ("signum", "nesterov", "rmsprop", "optimistic_gd", "lion", "adam")
"""The hidden rules, the shortest first."""
CANDIDATES = 5_000
_PARTS = 4
_FLOOR = -0.01
"""Below every distance, so that the last hundredth is a matter of as much as the first tenths."""


def settings(rule: str) -> dict[str, Any]:
    """The keys of a campaign that hides a rule, beside those of the search."""
    return {
        "start": START,
        "mask": [name for name in ZOO if name != START],
        "baseline": {"rule": rule, "evaluations": 1, "seeds": 1},
        "tasks": [{"name": each.name, "steps": each.steps} for each in _problems()],
        "screen": None,
        "evaluation": {"seeds": 1, "rates": [1.0], "generation": 200, "elites": 0},
        "final": {"finalists": 24, "seeds": 2, "reduction": {"evaluations": 0}},
        "workers": 0,
    }


@contextmanager
def planted(rule: str) -> Iterator[Mapping[str, Mapping[str, float]]]:
    """The tasks of a campaign that hides a rule, and their numbers as `run_campaign` takes them."""
    hidden = _quarters(ZOO[rule])
    problems = _problems()
    place = {each.name: number for number, each in enumerate(problems)}

    def losses(asked: Sequence[OutsideRuns]) -> list[list[Losses]]:
        return [[_loss(each, place[each.task], hidden)] * len(each.seeds) for each in asked]

    for each in problems:
        declare(each, losses)
    try:
        yield {each.name: each.to_json() for each in problems}
    finally:
        for each in problems:
            forget_outside(each.name)


def _loss(asked: OutsideRuns, quarter: int, hidden: Sequence[Profile]) -> Losses:
    """The distance from the hidden rule in a quarter of the stream, at every checkpoint."""
    far = float(distances(_quarters(asked.program)[quarter], hidden[quarter]))
    return [far] * len(asked.checkpoints)


def _quarters(program: Program) -> list[Profile]:
    whole, length = profile(program), STEPS // _PARTS
    parts = [slice(at, at + length) for at in range(0, STEPS, length)]
    return [Profile(whole.moves[part], whole.sizes[part]) for part in parts]


def _problems() -> list[Problem]:
    """A problem for each quarter; the steps are those of the stream, and trained by nobody."""
    summary = "Nearness to a hidden rule in a quarter of a stream of gradients"
    return [
        Problem(f"hidden_steps_{part}", STEPS, untrained=1.0, floor=_FLOOR, summary=summary)
        for part in range(1, _PARTS + 1)
    ]
