"""The judgement of a program: an outcome, a score, and the measurements they rest on."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class Outcome(enum.StrEnum):
    """The way in which an evaluation ended; `sentence` says it in words."""

    OK = "ok", "trained to the end"
    NON_FINITE = "non_finite", "the loss or a parameter became NaN or infinite"
    DIVERGED = "diverged", "a parameter left the sane range"
    SCREENED = "screened", "below the bar of recent candidates, and not trained further"
    GRADIENT_INDEPENDENT = (
        "gradient_independent",
        "the steps depend on neither the gradient nor an oracle",
    )
    MOTIONLESS = "motionless", "the steps are too small to change a weight"
    ONE_SIGNED = "one_signed", "every step pushes every weight the same way"
    NO_DESCENT = (
        "no_descent",
        "a small quadratic ends no lower than it began, at every rate that was tried",
    )
    DIRECTIONLESS = (
        "directionless",
        "the steps bear no relation to the direction of the gradient",
    )
    SHORT_LIVED = (
        "short_lived",
        "good at the horizon only: a few steps later the gain is lost",
    )
    TOO_GOOD = (
        "too_good",
        "the loss is below what the task allows: a flaw of the task, not a record",
    )
    DOES_NOT_FIT = (
        "does_not_fit",
        "asks for something that a task does not answer",
    )

    sentence: str

    def __new__(cls, value: str, sentence: str) -> "Outcome":
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    @property
    def alarm(self) -> bool:
        """True if it speaks against the task rather than for the program: nothing that is reached
        this way may be promoted, and a person should look."""
        return self is Outcome.TOO_GOOD


@dataclass(frozen=True)
class Measurement:
    """One training run: a program on a task with a seed.

    `loss` is the validation loss at the horizon, in the unit of the task; `score` compares it, and
    that of the first checkpoint, with the tuned baseline (1) and the untrained model (0); `early`
    compares the first checkpoint alone; `step` is the one (from 1) at which training was given up;
    `rate` is the one of those tried that served the program best on this task. Each is None where
    there is no such number.
    """

    task: str
    seed: int
    outcome: Outcome
    loss: float | None = None
    score: float | None = None
    step: int | None = None
    rate: float | None = None
    early: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """The first outcome that is not OK, and one score for all tasks.

    `steps` counts training steps over all rates and seeds: those up to the first checkpoint, and
    those after it. `setting` is 0 for the program as it was asked for, and otherwise the place
    (from 1) among the settings of its trial of the one that was judged.
    """

    outcome: Outcome
    score: float
    measurements: tuple[Measurement, ...] = ()
    steps: tuple[int, int] = (0, 0)
    setting: int = 0

    def rates(self) -> dict[str, float]:
        """The rate that served best on each task that was trained on."""
        return {m.task: m.rate for m in self.measurements if m.rate is not None}

    def by_task(self) -> dict[str, float]:
        """The score on each task that was trained on, a mean over seeds."""
        return _means((m.task, m.score) for m in self.measurements)

    def early(self) -> dict[str, float]:
        """The score at the first checkpoint of each task, a mean over seeds."""
        return _means((m.task, m.early) for m in self.measurements)

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN, a row for each measurement; `from_json` gives an equal evaluation
        back."""
        rows = [
            [m.task, m.seed, m.outcome, m.loss, m.score, m.step, m.rate, m.early]
            for m in self.measurements
        ]
        return {
            "outcome": self.outcome,
            "score": self.score,
            "rows": rows,
            "steps": list(self.steps),
            "setting": self.setting,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Evaluation":
        """The evaluation that `to_json` made; KeyError, TypeError or ValueError for other data."""
        measurements = tuple(
            Measurement(task, seed, Outcome(outcome), *numbers)
            for task, seed, outcome, *numbers in data["rows"]
        )
        before, after = map(int, data["steps"])
        return Evaluation(
            Outcome(data["outcome"]),
            float(data["score"]),
            measurements,
            (before, after),
            int(data["setting"]),
        )


def _means(pairs: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """The mean of the numbers that there are for each task."""
    found: dict[str, list[float]] = {}
    for task, number in pairs:
        if number is not None:
            found.setdefault(task, []).append(number)
    return {task: sum(numbers) / len(numbers) for task, numbers in found.items()}
