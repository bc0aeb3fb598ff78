"""The figures of one finished campaign, read from its ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from dsl.rewrite.family import family as family_of
from dsl.zoo import ZOO
from evaluators.evaluation import Outcome
from search.ledger import reading
from search.ledger.results import META_VALIDATION
from search.report.hall_of_fame import hall_of_fame

GOOD = 0.95
"""The search score from which a family counts as sound."""


@dataclass(frozen=True)
class Facts:
    """A campaign in figures.

    `winner`: mean score on `search` over the fresh seeds; `unseen`: the same on meta-validation;
    `top`: the highest that any finalist has on `search`, whatever the winner was chosen by.
    `families`: families of one skeleton trained to the end; `good_families`: those of them with a
    search score above `GOOD`; `largest_family`: its share of the candidates that were paid for.
    `refused`, `screened`, `cached`: shares of all candidates. `met`: rules of the zoo whose family
    was trained to the end and that were no starts. `starts`: search scores by task of each start;
    `best`: the highest of any program on each task. `steps`: training steps.
    """

    winner: float
    top: float
    program: str
    unseen: float | None
    candidates: int
    steps: int
    families: int
    good_families: int
    largest_family: float
    refused: float
    screened: float
    cached: float
    met: tuple[str, ...]
    starts: dict[str, dict[str, float]]
    best: dict[str, float]

    @property
    def families_per_million(self) -> float:
        """Families trained to the end for a million training steps."""
        return 1e6 * self.families / self.steps if self.steps else 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "families_per_million": self.families_per_million}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Facts":
        """The figures that `to_json` gave."""
        told = {each.name: values[each.name] for each in fields(cls)}
        return cls(**{**told, "met": tuple(told["met"])})


def facts_of(run: Path) -> Facts | None:
    """The figures of the campaign in a folder; None if it is not complete."""
    if not (run / "ledger.sqlite").exists():
        return None
    with reading(run) as ledger:
        hall = hall_of_fame(ledger)
        if hall is None:
            return None
        total, steps, refused, screened = len(ledger), 0, 0, 0
        paid: Counter[str] = Counter()
        scores: dict[str, list[float]] = {}
        judged = 0
        names = [start.name for start in ledger.sources.starts]
        starts: dict[str, dict[str, float]] = {}
        best: dict[str, float] = {}
        for candidate, verdict, _ in ledger.judged():
            judged += 1
            asked = sum(verdict.evaluation.steps) if verdict.evaluation else 0
            steps += asked
            refused += not asked
            screened += verdict.outcome == Outcome.SCREENED
            family = candidate.keys.family
            paid[family] += bool(asked)
            if verdict.outcome == Outcome.OK and verdict.evaluation is not None:
                by_task = verdict.evaluation.by_task()
                best |= {task: max(s, best.get(task, s)) for task, s in by_task.items()}
                if candidate.number < len(names):
                    starts[names[candidate.number]] = by_task
                scores.setdefault(family, []).append(verdict.evaluation.score)
        stage = ledger.validation.get(META_VALIDATION)
        unseen = stage.scores().get(hall.winner.candidate) if stage else None
    return Facts(
        winner=hall.winner.mean,
        top=max(entry.mean for entry in hall.entries),
        program=str(hall.winner.program),
        unseen=unseen,
        candidates=total,
        steps=steps,
        families=len(scores),
        good_families=sum(max(each) > GOOD for each in scores.values()),
        largest_family=max(paid.values(), default=0) / max(sum(paid.values()), 1),
        refused=refused / total,
        screened=screened / total,
        cached=(total - judged) / total,
        met=tuple(n for n, rule in ZOO.items() if n not in names and family_of(rule) in scores),
        starts=starts,
        best=best,
    )
