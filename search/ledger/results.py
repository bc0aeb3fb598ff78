"""The results of a campaign beside its candidates: the tuned baseline, finals, suites of tasks.

Values of the program; each goes through `to_json` and `from_json` at the ledger's door alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dsl.program import Program
from dsl.program.parse import parse
from evaluators.evaluation import Evaluation
from evaluators.score import WORST, aggregate

META_VALIDATION, HELD_OUT = "meta_validation", "held_out"
STAGES = (META_VALIDATION, HELD_OUT)
"""Suites of other tasks after the search: the first chooses the winner, the last is its own."""

Rates = Mapping[str, float]
"""The rate by task."""
Scores = Mapping[int | None, float]
"""Scores by the number of a candidate; None is the tuned baseline."""


@dataclass(frozen=True)
class Sources:
    """The programs of the starts and the baseline; their names say what they were asked by."""

    starts: tuple[Program, ...]
    baseline: Program

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives equal sources back."""
        return {"starts": list(map(str, self.starts)), "baseline": str(self.baseline)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Sources":
        """The sources that `to_json` made."""
        return Sources(tuple(map(parse, data["starts"])), parse(data["baseline"]))


@dataclass(frozen=True)
class TunedBaseline:
    """The rule that scores 1: as it was, with the constants that suit the tasks, and its rate on
    each task. `trail` is every trial: constants, rates and value."""

    rule: Program
    program: Program
    rates: Rates
    trail: Sequence[tuple[Mapping[str, float], Rates, float]]

    @property
    def doubt(self) -> str | None:
        """Why a score of 1 stands for too little on all tasks together; None if nothing says so:
        the tuning learnt nothing, or gained nothing though no rate below and above was worse."""
        name, tried = self.rule.name, len(self.trail)
        values = [value for _, _, value in self.trail]
        if values and max(values) <= 0:
            return f"tuned {name} learns nothing: of {tried} tries none lowered the loss"
        inside = self.rates and not self.outermost
        if values and max(values) <= values[0] and not inside:
            return f"the tuning of {name} ended at the first of its tries ({tried} in all)"
        return None

    @property
    def outermost(self) -> tuple[str, ...]:
        """The tasks on which the rate is the smallest or the largest of those that were tried."""
        tried = {task: {rates.get(task) for _, rates, _ in self.trail} for task in self.rates}
        ends = {
            task: {min(found), max(found)}
            for task, each in tried.items()
            if (found := [rate for rate in each if rate is not None])
        }
        return tuple(task for task, rate in self.rates.items() if rate in ends.get(task, ()))

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal baseline back."""
        return {
            "rule": str(self.rule),
            "tuned": str(self.program),
            "rates": dict(self.rates),
            "evaluations": len(self.trail),
            "trail": [list(trial) for trial in self.trail],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "TunedBaseline":
        """The baseline that `to_json` made."""
        trail = [(constants, rates, value) for constants, rates, value in data["trail"]]
        return TunedBaseline(parse(data["rule"]), parse(data["tuned"]), data["rates"], trail)


@dataclass(frozen=True)
class TunedStart:
    """A program that the campaign starts from, with its rate on each task."""

    program: Program
    rates: Rates

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal start back."""
        return {"program": str(self.program), "rates": dict(self.rates)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "TunedStart":
        """The start that `to_json` made."""
        return TunedStart(parse(data["program"]), data["rates"])


@dataclass(frozen=True)
class FinalResult:
    """A finalist, or the tuned baseline (`candidate` is None), on the fresh seeds.

    `evaluations` are those of a few seeds at a time, None where the workers were lost.
    """

    candidate: int | None
    evaluations: tuple[Evaluation | None, ...]

    @property
    def measured(self) -> tuple[Evaluation, ...]:
        """The evaluations that are there."""
        return tuple(each for each in self.evaluations if each is not None)

    @property
    def complete(self) -> bool:
        """True if all of them are there; a finalist that lacks one is out."""
        return None not in self.evaluations

    def scores(self, tasks: int) -> tuple[float, ...]:
        """The score on `tasks` tasks for each seed."""
        return seed_scores(self.measured, tasks)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal result back."""
        parts = [None if each is None else each.to_json() for each in self.evaluations]
        return {"candidate": self.candidate, "evaluations": parts}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "FinalResult":
        """The result that `to_json` made."""
        parts = tuple(map(_evaluation, data["evaluations"]))
        return FinalResult(data["candidate"], parts)


def final_scores(finals: Sequence[FinalResult], tasks: int) -> dict[int | None, float]:
    """The mean score of each entrant over the fresh seeds; an incomplete one has none."""
    return {final.candidate: fmean(final.scores(tasks)) for final in finals if final.complete}


@dataclass(frozen=True)
class Winner:
    """The number of the finalist that won, and whether it is what is left of it that did."""

    candidate: int | None
    reduced: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal winner back."""
        return dict(vars(self))

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Winner":
        """The winner that `to_json` made."""
        return Winner(data["candidate"], data["reduced"])


@dataclass(frozen=True)
class StageEntrant:
    """A program on a suite of other tasks: tuned on it, with its rate on each of its tasks.

    `rates` is None where the tuning was lost, `evaluation` where either was.
    """

    candidate: int | None
    program: Program
    rates: Rates | None
    evaluation: Evaluation | None

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal entrant back."""
        plain = {
            "candidate": self.candidate,
            "tuned": str(self.program),
            "evaluation": None if self.evaluation is None else self.evaluation.to_json(),
        }
        return plain if self.rates is None else {**plain, "rates": dict(self.rates)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "StageEntrant":
        """The entrant that `to_json` made."""
        program, evaluation = parse(data["tuned"]), _evaluation(data["evaluation"])
        return StageEntrant(data["candidate"], program, data.get("rates"), evaluation)


@dataclass(frozen=True)
class StageResult:
    """The baseline, first, and some finalists on a suite of tasks that the search never saw."""

    suite: str
    tasks: tuple[str, ...]
    entrants: tuple[StageEntrant, ...]

    def scores(self) -> dict[int | None, float]:
        """The score of each entrant; one that was lost has none."""
        return {each.candidate: each.evaluation.score for each in self.entrants if each.evaluation}

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal result back."""
        rows = [each.to_json() for each in self.entrants]
        return {"suite": self.suite, "tasks": list(self.tasks), "rows": rows}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "StageResult":
        """The result that `to_json` made."""
        entrants = tuple(map(StageEntrant.from_json, data["rows"]))
        return StageResult(data["suite"], tuple(data["tasks"]), entrants)


def seed_scores(evaluations: Sequence[Evaluation], tasks: int) -> tuple[float, ...]:
    """The score on `tasks` tasks for each seed.

    A task that was not run with a seed, since the program failed before it, counts as failed.
    """
    by_seed: dict[int, list[float]] = {}
    for evaluation in evaluations:
        for measured in evaluation.measurements:
            found = by_seed.setdefault(measured.seed, [])
            found.append(WORST if measured.score is None else measured.score)
    return tuple(
        aggregate([*scores, *[WORST] * (tasks - len(scores))]) for scores in by_seed.values()
    )


def _evaluation(data: Mapping[str, Any] | None) -> Evaluation | None:
    return None if data is None else Evaluation.from_json(data)
