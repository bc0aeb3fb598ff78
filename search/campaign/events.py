"""The events of a campaign, told to an observer that it knows nothing of."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dsl.program import Program
from evaluators.evaluation import Outcome
from search.candidates.verdict import DuplicateKey, Told
from search.ledger.looks import Look


@dataclass
class SearchProgress:
    """The state of the search. `seconds` and `judged_now` are of this process alone."""

    budget: int
    judged: int = 0
    judged_now: int = 0
    evaluated: int = 0
    hits: Counter[DuplicateKey] = field(default_factory=Counter)
    best: float | None = None
    best_at: int | None = None
    best_program: Program | None = None
    look: Look | None = None
    """The latest at the best of the search on other tasks."""
    steps: int = 0
    """Training steps of the candidates that were judged."""
    seconds: float = 0.0
    _trained: set[int] = field(default_factory=set)
    """The families of those that were trained to the end; of their hashes the numbers, to be small.
    """

    def count(self, told: Told) -> None:
        """Take in one more verdict."""
        candidate, verdict = told.candidate, told.verdict
        self.judged += 1
        if candidate.hit is not None:
            self.hits[candidate.hit] += 1
        else:
            self.evaluated += 1
        if candidate.hit is None and verdict.evaluation is not None:
            self.steps += sum(verdict.evaluation.steps)
        if verdict.outcome != Outcome.OK:
            return
        if candidate.hit is None:
            self._trained.add(int(candidate.keys.family, 16))
        score = verdict.score
        if score is not None and (self.best is None or score > self.best):
            self.best, self.best_at = score, candidate.number
            self.best_program = candidate.program

    def state(self) -> dict[str, Any]:
        """The counts as plain data and programs, without the families, which the ledger knows."""
        hits = {key.value: count for key, count in self.hits.items()}
        best = {"best": self.best, "best_at": self.best_at, "best_program": self.best_program}
        return {"hits": hits, **best, "steps": self.steps}

    def restore(self, judged: int, state: Mapping[str, Any], families: Iterable[str]) -> None:
        """Go on from a state after the first `judged` candidates.

        **Arguments:** `families`: those of which a program among them was trained to the end.
        """
        self.judged = judged
        self.hits = Counter({DuplicateKey(key): count for key, count in state["hits"].items()})
        self.evaluated = judged - self.hits.total()
        self.best, self.best_at = state["best"], state["best_at"]
        self.best_program = state["best_program"]
        self.steps = state["steps"]
        self._trained = {int(family, 16) for family in families}

    @property
    def families(self) -> int:
        """Families of programs, of one skeleton with other numbers, of which one was trained to the
        end."""
        return len(self._trained)

    @property
    def rate(self) -> float | None:
        """Programs per second since this process began to search."""
        return self.judged_now / self.seconds if self.seconds > 0 and self.judged_now else None

    @property
    def seconds_left(self) -> float | None:
        """Time to the end of the budget at this rate."""
        return (self.budget - self.judged) / self.rate if self.rate else None


@dataclass(frozen=True)
class Resumed:
    """The candidates of the ledger were taken up, and agree with what would be proposed now."""

    candidates: int


@dataclass(frozen=True)
class WorkersStarting:
    """The pool is being started."""

    workers: int


@dataclass(frozen=True)
class TuningBaseline:
    """The baseline's constants are being tuned."""

    rule: str
    evaluations: int


@dataclass(frozen=True)
class BaselineTuned:
    """The baseline is ready; `doubt` says why a score of 1 stands for too little, if it does."""

    program: Program
    doubt: str | None = None


@dataclass(frozen=True)
class TuningStarts:
    """`done` of `total` start programs have their rates."""

    done: int
    total: int


@dataclass(frozen=True)
class VerdictEntered:
    """A verdict was entered in the ledger."""

    progress: SearchProgress


@dataclass(frozen=True)
class TuningForLooks:
    """The baseline is being tuned on the suite that the best are looked at on."""

    rule: str
    suite: str


@dataclass(frozen=True)
class Looked:
    """The best of the search was measured on a suite of other tasks."""

    look: Look
    suite: str


@dataclass(frozen=True)
class CandidateLost:
    """A candidate was lost with two workers, or raised twice, and is recorded so."""

    number: int
    sentence: str


@dataclass(frozen=True)
class Alarm:
    """A candidate's loss lies below a task's floor: the task or the judging has a flaw."""

    number: int
    sentence: str


@dataclass(frozen=True)
class SearchEnded:
    """The search has ended before its budget of candidates: why, and how it goes on."""

    sentence: str


@dataclass(frozen=True)
class MeasuringFinalists:
    """`done` of `total` measurements on fresh seeds are in."""

    finalists: int
    done: int
    total: int


@dataclass(frozen=True)
class Reducing:
    """Finalists lose what does not matter: `done` of at most `total` evaluations are made."""

    finalists: int
    done: int
    total: int


@dataclass(frozen=True)
class Validating:
    """`done` of `total` measurements on a suite of other tasks are in."""

    stage: str
    suite: str
    done: int
    total: int


Event = (
    Resumed
    | WorkersStarting
    | TuningBaseline
    | BaselineTuned
    | TuningStarts
    | VerdictEntered
    | TuningForLooks
    | Looked
    | CandidateLost
    | Alarm
    | SearchEnded
    | MeasuringFinalists
    | Reducing
    | Validating
)
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The observer that watches nothing."""
