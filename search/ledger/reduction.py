"""A finalist without what does not matter, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dsl.program import Program
from dsl.program.parse import parse
from evaluators.statistics import Evidence
from search.ledger.results import FinalResult, Rates


@dataclass(frozen=True)
class ReductionStep:
    """Edits in words that were accepted together, the program that they made, and the test of it
    against the finalist as it was, on seeds of its own."""

    edits: tuple[str, ...]
    program: str
    test: Evidence

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal step back."""
        return {"edits": list(self.edits), "program": self.program, "test": self.test.to_json()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "ReductionStep":
        """The step that `to_json` made."""
        return ReductionStep(
            tuple(data["edits"]), data["program"], Evidence.from_json(data["test"])
        )


@dataclass(frozen=True)
class Reduction:
    """The rest of a finalist, with the rates to try it around.

    `evaluations` and `training` (steps up to the first checkpoints, and after them) were paid for
    it. `final` is its result on the fresh seeds of the finals, which took no part in it,
    `difference` its lead there over the finalist as it was, `evidence` that over the baseline; they
    are None before it is measured.
    """

    candidate: int
    program: Program
    rates: Rates
    steps: tuple[ReductionStep, ...]
    evaluations: int
    training: tuple[int, int]
    final: FinalResult | None = None
    difference: Evidence | None = None
    evidence: Evidence | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal reduction back."""
        return {
            "candidate": self.candidate,
            "program": str(self.program),
            "rates": dict(self.rates),
            "steps": [step.to_json() for step in self.steps],
            "evaluations": self.evaluations,
            "training": list(self.training),
            "final": self.final and self.final.to_json(),
            "difference": self.difference and self.difference.to_json(),
            "evidence": self.evidence and self.evidence.to_json(),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Reduction":
        """The reduction that `to_json` made."""
        before, after = data["training"]
        return Reduction(
            candidate=data["candidate"],
            program=parse(data["program"]),
            rates=data["rates"],
            steps=tuple(map(ReductionStep.from_json, data["steps"])),
            evaluations=data["evaluations"],
            training=(before, after),
            final=data["final"] and FinalResult.from_json(data["final"]),
            difference=data["difference"] and Evidence.from_json(data["difference"]),
            evidence=data["evidence"] and Evidence.from_json(data["evidence"]),
        )
