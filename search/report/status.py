"""The state of a run as plain data, read from its ledger without disturbing it."""

from pathlib import Path
from typing import Any

from dsl.behaviour.nearest import known_as
from dsl.rewrite.canonical import canonical_hash
from evaluators.evaluation import Outcome
from search.ledger import Ledger, reading, summary
from search.ledger.lock import is_locked
from search.ledger.looks import Look
from search.report.funnel import funnel
from search.report.hall_entry import HallEntry
from search.report.hall_of_fame import HallOfFame, hall_of_fame
from search.rules import find


def read_status(run: Path, *, known_as: bool = True) -> dict[str, Any]:
    """The state of a run, as `stepsmith status --json` prints it.

    **Arguments:** `known_as`: say what finalists are in terms of known rules, which takes a second.
    """
    with reading(run) as ledger:
        return {**_search(run, ledger), **_hall(hall_of_fame(ledger), known_as)}


def read_rule(folder: Path) -> dict[str, Any]:
    """A discovered rule without the ledger of its campaign, as `stepsmith status --json` prints
    it."""
    program = find(str(folder))
    return {
        "campaign": program.name,
        "folder": str(folder),
        "state": "rule",
        "winner": {
            "hash": canonical_hash(program),
            "size": len(program.statements),
            "known_as": known_as(program),
            "program": str(program),
        },
    }


def _search(run: Path, ledger: Ledger) -> dict[str, Any]:
    """The candidates so far, the stages of their judging, and the work that it took."""
    config, failure = ledger.config, ledger.failure
    counts, work = summary.counts(ledger), summary.work(ledger)
    best = next(iter(ledger.best(1)), None)
    return {
        "campaign": config["campaign"],
        "folder": str(run),
        "state": _state(run, ledger),
        "failure": failure,
        "content_hash": ledger.content_hash(),
        "programs": counts.evaluated + counts.repeats,
        "budget": config["budget"]["candidates"],
        "evaluated": counts.evaluated,
        "cache_hits": counts.repeats,
        "cache_hits_by_key": {key.value: count for key, count in counts.hits.items()},
        "outcomes": counts.outcomes,
        "alarms": counts.outcomes.get(Outcome.TOO_GOOD.value, 0),
        "trained_families": counts.trained,
        "family_hits": counts.evaluated - counts.families - counts.remeasured,
        "tuned": counts.tuned,
        "remeasured": counts.remeasured,
        "funnel": [stage.to_json() for stage in funnel(ledger)],
        "programs_per_second": round(work.candidates / work.seconds, 3) if work.seconds else None,
        "search_seconds": round(work.seconds, 3),
        "looks": [_look(ledger, look) for look in ledger.looks],
        "best_search_score": best[1] if best else None,
        "best_hash": best[0].candidate.keys.canonical if best else None,
        "compilations": work.compilations,
        "retries": work.retries,
        "workers": work.workers,
        "tasks": list(ledger.tasks),
        "strategy": config["strategy"]["kind"],
    }


def _state(run: Path, ledger: Ledger) -> str:
    if is_locked(run):
        return "running"
    if ledger.failure is not None:
        return "failed"
    return "interrupted" if ledger.finals is None else "complete"


def _look(ledger: Ledger, look: Look) -> dict[str, Any]:
    """A look at the best of the search on meta-validation, with the hash that names the program."""
    return {**look.to_json(), "hash": ledger.row(look.candidate).candidate.keys.canonical}


def _hall(hall: HallOfFame | None, known_as: bool) -> dict[str, Any]:
    """The finalists, best first, and what may be claimed of the winner; empty before the campaign
    is complete."""
    if hall is None:
        none = dict.fromkeys(("winner", "baseline", "claim", "evidence", "front"))
        return {**none, "finalists": [], "unseen": [], "warnings": []}
    found = hall.winner.evidence
    names = [{"known_as": entry.known_as if known_as else None} for entry in hall.entries]
    finalists = [_final(entry) | name for entry, name in zip(hall.entries, names, strict=True)]
    return {
        "winner": finalists[0],
        "finalists": finalists,
        "baseline": _final(hall.baseline),
        "front": {
            "objectives": list(hall.objectives),
            "rules": [entry.hash for entry in hall.entries if entry.pareto],
            "hypervolume": hall.hypervolume,
        },
        "claim": hall.sentence,
        "warnings": list(hall.warnings),
        "evidence": {**found.to_json(), "p_value": hall.p_value} if found else None,
        "unseen": [each.to_json() for each in hall.transfers],
    }


def _final(entry: HallEntry) -> dict[str, Any]:
    return {
        "hash": entry.hash,
        "candidate": entry.candidate,
        "score": entry.mean,
        "sd": entry.sd,
        "seeds": len(entry.scores),
        "size": entry.size,
        "memory": entry.demands.memory,
        "cost": entry.demands.cost,
        "on_front": entry.pareto,
        "reduced_from": None
        if entry.reduced_from is None or entry.lost is None
        else {
            "size": len(entry.reduced_from.statements),
            "program": str(entry.reduced_from),
            "difference": entry.lost.to_json(),
            "sentence": entry.reduction,
        },
        "program": str(entry.program),
    }
