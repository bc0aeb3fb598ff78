"""The winner on suites of tasks that the search never saw."""

import statistics
from dataclasses import dataclass
from typing import Any

from evaluators.evaluation import Evaluation, Outcome
from evaluators.score import WORST
from search.ledger.results import STAGES, StageResult, seed_scores

HEADING = (
    "On tasks that the search never saw, tuned on each, as the baseline was, whose score is 1:"
)


@dataclass(frozen=True)
class Transfer:
    """A program on one suite, on which it and the baseline were tuned alike.

    `tasks`: the mean score of each task over the seeds, the tuned baseline 1, the untrained model
    0; a task that was not reached, since one before it failed, has the worst score. `scores`: over
    all tasks, per seed.
    """

    stage: str
    suite: str
    outcome: Outcome
    tasks: dict[str, float]
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.scores)

    @property
    def sd(self) -> float:
        """Standard deviation over the seeds."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else 0.0

    @property
    def ahead(self) -> int:
        """Tasks on which it is better than the baseline."""
        return sum(score > 1 for score in self.tasks.values())

    @property
    def worst(self) -> str:
        """The task with the lowest score."""
        return min(self.tasks, key=self.tasks.__getitem__)

    @property
    def sentence(self) -> str:
        """The result in words."""
        ended = "" if self.outcome == Outcome.OK else f", {self.outcome.replace('_', ' ')}"
        name = self.stage.replace("_", "-")
        return (
            f"{name + ':':<16} {self.mean:.4f} +- {self.sd:.4f}, "
            f"ahead on {self.ahead} of {len(self.tasks)} tasks, "
            f"least on {self.worst} ({self.tasks[self.worst]:.2f}){ended}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "stage": self.stage,
            "suite": self.suite,
            "outcome": self.outcome.value,
            "score": self.mean,
            "sd": self.sd,
            "seeds": len(self.scores),
            "ahead": self.ahead,
            "tasks": self.tasks,
            "sentence": self.sentence,
        }


def transfers(validation: dict[str, StageResult], candidate: int | None) -> tuple[Transfer, ...]:
    """The results of a candidate by stage; stages that it did not reach are left out."""
    return tuple(
        _transfer(stage, validation[stage], entrant.evaluation)
        for stage in STAGES
        if stage in validation
        for entrant in validation[stage].entrants
        if entrant.candidate == candidate and entrant.evaluation
    )


def _transfer(stage: str, found: StageResult, evaluation: Evaluation) -> Transfer:
    by_task: dict[str, list[float]] = {name: [] for name in found.tasks}
    for each in evaluation.measurements:
        by_task[each.task].append(WORST if each.score is None else each.score)
    tasks = {name: statistics.fmean(scores or [WORST]) for name, scores in by_task.items()}
    scores = seed_scores([evaluation], len(tasks)) or (evaluation.score,)
    return Transfer(stage, found.suite, evaluation.outcome, tasks, scores)
