"""What came of judging a program: an outcome, a score, and what was measured."""

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


class Outcome(enum.StrEnum):
    """How an evaluation ended; `sentence` says it in words."""

    OK = "ok", "trained to the end"
    NON_FINITE = "non_finite", "the loss or a parameter became NaN or infinite"
    DIVERGED = "diverged", "a parameter left the sane range"
    GRADIENT_INDEPENDENT = (
        "gradient_independent",
        "the steps depend on neither the gradient nor an oracle",
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


@dataclass(frozen=True)
class Measurement:
    """One training run: a program on a task with a seed.

    `loss` is the validation loss at the end in nats; `score` compares it with the tuned baseline
    (1) and the untrained model (0); `step` is the one (from 1) at which training was given up.
    Each is None where there is none.
    """

    task: str
    seed: int
    outcome: Outcome
    loss: float | None = None
    score: float | None = None
    step: int | None = None


@dataclass(frozen=True)
class Evaluation:
    """The judgement of a program: the worst outcome, and the mean score over tasks and seeds."""

    outcome: Outcome
    score: float
    measurements: tuple[Measurement, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN; `from_json` gives an equal evaluation back."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Evaluation":
        """The evaluation that `to_json` made; KeyError, TypeError or ValueError for other data."""
        measurements = tuple(
            Measurement(**{**item, "outcome": Outcome(item["outcome"])})
            for item in data["measurements"]
        )
        return Evaluation(Outcome(data["outcome"]), float(data["score"]), measurements)
