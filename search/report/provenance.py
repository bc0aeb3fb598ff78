"""The provenance of a program of a run: all that its ledger holds about it, for its card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from dsl.program import Program
from evaluators.evaluation import Evaluation
from search.errors import NoSuchRun
from search.ledger import Ledger, reading
from search.ledger.plugins import RecordedPlugin
from search.ledger.results import Rates
from search.report.funnel import Stage, funnel
from search.report.hall_entry import HallEntry
from search.report.hall_of_fame import HallOfFame, hall_of_fame
from search.report.lineage import LineageStep, lineage
from search.report.transfer import Transfer, transfers

Scores = Mapping[str, float]
"""The mean score by task."""


@dataclass(frozen=True)
class Provenance:
    """A program of a run with the record of it.

    `entry` is its place in the hall of fame, None where it has none; `tasks` and `scale` are then
    the scores of the program and of the tuned baseline on fresh seeds, else those of the search
    alone, of which the baseline's is 1. `transfers` are suites of other tasks that it was measured
    on.
    """

    program: Program
    campaign: str
    candidate: int | None
    hash: str
    content: str
    config: Mapping[str, Any]
    hall: HallOfFame | None
    entry: HallEntry | None
    tasks: Scores
    scale: Scores
    rates: Rates
    transfers: Sequence[Transfer]
    steps: Sequence[LineageStep]
    stages: Sequence[Stage]
    plugins: Sequence[RecordedPlugin]
    """Those that the campaign was made from."""

    @property
    def rule(self) -> str:
        """The name of the baseline, which scores 1."""
        return self.config["baseline"]["rule"]


def provenance(run: Path, prefix: str) -> Provenance:
    """The record of the one program of a run whose hash begins so; the winner's if it is empty.

    **Raises:** NoSuchRun unless there is exactly one such program, or for a run without a winner.
    """
    with reading(run) as ledger:
        hall = hall_of_fame(ledger)
        if not prefix and hall is None:
            raise NoSuchRun(
                f"the campaign in {run} has no winner yet",
                help=f"{run}:HASH is one of its programs; `stepsmith status {run}` shows hashes",
            )
        entry = _entry(hall, prefix.lower())
        if entry is None:
            return _of_search(run, ledger, hall, prefix.lower())
        return _of_finals(run, ledger, hall, entry)


def _entry(hall: HallOfFame | None, prefix: str) -> HallEntry | None:
    """The entry with such a hash, the winner's for an empty one."""
    if hall is None:
        return None
    return next((each for each in hall.entries if each.hash.startswith(prefix)), None)


def _of_finals(run: Path, ledger: Ledger, hall: HallOfFame | None, entry: HallEntry) -> Provenance:
    """The record of an entry of the hall of fame."""
    assert ledger.finals is not None and ledger.baseline is not None
    finals = {final.candidate: final for final in ledger.finals}
    final, rates = finals[entry.candidate], ledger.baseline.rates
    if entry.candidate is not None:
        rates = ledger.row(entry.candidate).rates
    for each in ledger.reductions:
        if entry.reduced_from is not None and each.candidate == entry.candidate and each.final:
            final, rates = each.final, each.rates
    return _record(
        run,
        ledger,
        hall,
        program=entry.program,
        candidate=entry.candidate,
        hash=entry.hash,
        entry=entry,
        tasks=_by_task(final.measured),
        scale=_by_task(finals[None].measured),
        rates=rates,
        transfers=transfers(ledger.validation, entry.candidate)
        if _took_part(ledger, entry)
        else (),
    )


def _took_part(ledger: Ledger, entry: HallEntry) -> bool:
    """True unless it is the rest of the finalist that was measured on other tasks, or the finalist
    of which a rest was."""
    reduced = {each.candidate for each in ledger.reductions if each.final}
    return entry.candidate not in reduced or entry.reduced_from is not None


def _of_search(run: Path, ledger: Ledger, hall: HallOfFame | None, prefix: str) -> Provenance:
    """The record of a program that was no finalist."""
    found = ledger.with_hash(prefix, 2)
    if len({row.candidate.keys.canonical for row in found}) != 1:
        raise NoSuchRun(
            f"no program of {run} has a hash that begins with '{prefix}'"
            if not found
            else f"several programs of {run} begin with '{prefix}'",
            help=f"`stepsmith status {run}` shows hashes",
        )
    row = found[0]
    evaluation = row.verdict.evaluation
    return _record(
        run,
        ledger,
        hall,
        program=row.candidate.program,
        candidate=row.candidate.number,
        hash=row.candidate.keys.canonical,
        entry=None,
        tasks=evaluation.by_task() if evaluation else {},
        scale=dict.fromkeys(ledger.tasks, 1.0),
        rates=row.rates,
        transfers=(),
    )


def _record(run: Path, ledger: Ledger, hall: HallOfFame | None, **own: Any) -> Provenance:
    known = own["candidate"] is not None
    return Provenance(
        campaign=ledger.config["campaign"],
        content=ledger.content_hash(),
        config=ledger.config,
        plugins=ledger.plugins,
        hall=hall,
        steps=lineage(run, own["hash"]) if known else (),
        stages=funnel(ledger),
        **own,
    )


def _by_task(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """The mean score of each task over all seeds."""
    found: dict[str, list[float]] = {}
    for each in evaluations:
        for task, score in each.by_task().items():
            found.setdefault(task, []).append(score)
    return {task: fmean(scores) for task, scores in found.items()}
