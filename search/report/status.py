"""What a run has done so far, read from its ledger without disturbing it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluators.evaluation import Outcome
from search.candidates.proposer import REMEASURED
from search.candidates.verdict import CacheKey
from search.errors import LedgerError, NoSuchRun
from search.ledger import FILE, Ledger, reading
from search.ledger.lock import is_locked
from search.report.funnel import funnel
from search.report.hall_of_fame import Entry, hall_of_fame

RUNS = Path("runs")


def find_run(run: str) -> Path:
    """The folder of a run, given as a path or as its name under `runs/`."""
    for folder in (Path(run), RUNS / run):
        if (folder / FILE).is_file():
            return folder
    raise NoSuchRun(
        f"no run at {run}, and none called so in {RUNS}/", help="`stepsmith runs` lists runs"
    )


def runs_in(folder: Path) -> Iterator[Path]:
    """The runs in a folder, by name."""
    if folder.is_dir():
        yield from sorted(path.parent for path in folder.glob(f"*/{FILE}"))


def read_status(run: Path) -> dict[str, Any]:
    """The state of a run as plain data; README and `--help` name the keys."""
    with reading(run) as ledger:
        return _status(run, ledger)


def _status(run: Path, ledger: Ledger) -> dict[str, Any]:
    config = ledger.get("config")
    if config is None:
        raise LedgerError(f"{run / FILE} holds no config")
    complete = ledger.get("finals") is not None
    hits = dict(ledger.query("SELECT hit, count(*) FROM candidates GROUP BY hit"))
    evaluated = hits.pop(None, 0)
    outcomes = dict(
        ledger.query("SELECT outcome, count(*) FROM candidates WHERE source IS NULL GROUP BY 1")
    )
    families = ledger.query("SELECT count(DISTINCT family) FROM candidates WHERE source IS NULL")[
        0
    ][0]
    again = ledger.query("SELECT count(*) FROM candidates WHERE mutation = ?", (REMEASURED,))[0][0]
    (now, seconds, compilations, retries, workers) = ledger.query(
        "SELECT total(candidates), total(seconds), total(compilations), total(retries), "
        "(SELECT workers FROM sessions ORDER BY id DESC LIMIT 1) FROM sessions"
    )[0]
    best = ledger.best(1)
    hall = hall_of_fame(ledger)
    running = is_locked(run)
    return {
        "campaign": config["campaign"],
        "folder": str(run),
        "state": "running" if running else "complete" if complete else "interrupted",
        "content_hash": ledger.content_hash(),
        "programs": evaluated + sum(hits.values()),
        "budget": config["budget"]["candidates"],
        "evaluated": evaluated,
        "cache_hits": sum(hits.values()),
        "cache_hits_by_key": {key.value: hits.get(key.value, 0) for key in CacheKey},
        "outcomes": outcomes,
        "alarms": sum(count for name, count in outcomes.items() if name == Outcome.TOO_GOOD),
        "family_hits": evaluated - families - again,
        "remeasured": again,
        "funnel": [stage.to_json() for stage in funnel(ledger)],
        "programs_per_second": round(now / seconds, 3) if seconds else None,
        "search_seconds": round(seconds, 3),
        "best_search_score": best[0].verdict.score if best else None,
        "best_hash": best[0].keys.canonical if best else None,
        "compilations": int(compilations),
        "retries": int(retries),
        "workers": workers,
        "tasks": [task["name"] for task in config["tasks"]],
        "strategy": config["strategy"]["kind"],
        "winner": _final(hall.winner) if hall else None,
        "baseline": _final(hall.baseline) if hall else None,
        "claim": hall.sentence if hall else None,
        "unseen": [each.to_json() for each in hall.unseen] if hall else [],
    }


def _final(entry: Entry) -> dict[str, Any]:
    return {
        "hash": entry.hash,
        "candidate": entry.candidate,
        "score": entry.mean,
        "sd": entry.sd,
        "seeds": len(entry.scores),
        "size": entry.size,
        "program": str(entry.program),
    }
