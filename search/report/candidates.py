"""Candidates of a run as plain values: in the order of the search, or ranked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dsl.errors import listed
from dsl.program import Program
from dsl.program.parse import parse
from dsl.rewrite.demands import Demands
from evaluators.evaluation import Evaluation
from search.errors import SearchError
from search.ledger import Ledger, listing, reading
from search.ledger.listing import ORDERS
from search.objectives import on_front, point


@dataclass(frozen=True)
class CandidateSummary:
    """One candidate of a campaign.

    `hash` is that of its canonical form, `family` is shared by programs of one skeleton with other
    numbers. `score` and `by_task`: tuned baseline 1, untrained model 0, None or left out where
    there is none; of a ranking, the mean over the `times` that it was measured. `repeats` is the
    earlier candidate whose verdict is this one's too. `memory` counts numbers of state and `cost`
    operations per parameter, `size` statements; `seconds` is the time of its evaluation.
    """

    number: int
    hash: str
    family: str
    parent: int | None
    donor: str | None
    mutation: str
    detail: str
    outcome: str
    note: str
    score: float | None
    by_task: dict[str, float] = field(hash=False)
    size: int
    memory: int
    cost: float
    seconds: float
    repeats: int | None
    text: str = field(repr=False)
    times: int = 1

    @cached_property
    def program(self) -> Program:
        """The program of its text."""
        return parse(self.text)

    @property
    def demands(self) -> Demands:
        """Memory, cost and size together."""
        return Demands(self.memory, self.cost, self.size)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name != "text"
        } | {"program": self.text}

    @staticmethod
    def of(values: Mapping[str, Any], score: float | None, times: int = 1) -> "CandidateSummary":
        """The candidate in the columns of a ledger, with its score in a list."""
        evaluation: Evaluation | None = values["evaluation"]
        same = ("number", "family", "parent", "donor", "mutation", "detail", "outcome", "note")
        demanded = ("size", "memory", "cost", "seconds", "text")
        return CandidateSummary(
            hash=values["canonical"],
            score=score,
            by_task={} if evaluation is None else evaluation.by_task(),
            repeats=values["source"],
            times=times,
            **{name: values[name] for name in (*same, *demanded)},
        )


def in_order(run: Path) -> Iterator[CandidateSummary]:
    """Every candidate of a run in the order of the search, as far as it is."""
    with reading(run) as ledger:
        for values in listing.in_order(ledger):
            yield CandidateSummary.of(values, values["score"])


def top(
    run: Path,
    *,
    by: str = "score",
    task: str | None = None,
    family: str | None = None,
    every: bool = False,
    front: bool = False,
    limit: int | None = None,
) -> list[CandidateSummary]:
    """The programs of a run that were trained to the end, ranked; see `search.ledger.listing`.

    **Arguments:** `family`: the first digits of one, or `c` and the number of a candidate of it.
    `front`: those alone than which no other has a better score or asks for less memory, cost and
    size, and is as good in the rest.
    **Raises:** SearchError for an unknown order, task or candidate.
    """
    if by not in ORDERS:
        raise SearchError(f"unknown order '{by}'", help=listed(by, ORDERS))
    with reading(run) as ledger:
        if task is not None and task not in ledger.tasks:
            raise SearchError(f"'{task}' is no task of {run}", help=listed(task, ledger.tasks))
        cut = None if front else limit
        wanted = None if family is None else _family(ledger, family, run)
        rows = listing.ranked(ledger, by=by, task=task, family=wanted, every=every, limit=cut)
    found = [CandidateSummary.of(each.values, each.score, each.times) for each in rows]
    return _on_front(found)[:limit] if front else found


def _on_front(found: Sequence[CandidateSummary]) -> list[CandidateSummary]:
    axes = ("quality", *Demands._fields)
    marks = on_front([point(axes, each.score or 0.0, each.demands) for each in found])
    return [each for each, best in zip(found, marks, strict=True) if best]


def _family(ledger: Ledger, family: str, run: Path) -> str:
    """The digits of a family, given as such or by one of its candidates."""
    if family[:1] == "c" and family[1:].isdigit():
        number = int(family[1:])
        if number < len(ledger):
            return ledger.row(number).candidate.keys.family
        if not ledger.has_family(family):  # whose digits may begin with a c as well
            raise SearchError(f"{run} has no candidate {family}; it has {len(ledger)}")
    elif not ledger.has_family(family.lower()):
        raise SearchError(
            f"no program of {run} is of a family that begins with '{family}'",
            help=f"`stepsmith top {run}` lists its families; a candidate does too: --family c12",
        )
    return family.lower()
