"""The record of a campaign beside its candidates: config, sources, tuned rules, results.

Each is a value of `search.ledger.results` and JSON in the table `meta`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluators.statistics import Evidence
from search.errors import LedgerError
from search.ledger import kept, looks
from search.ledger.columns import as_json
from search.ledger.looks import Look
from search.ledger.plugins import RecordedPlugin, RecordedTask
from search.ledger.reduction import Reduction
from search.ledger.results import (
    FinalResult,
    Sources,
    StageEntrant,
    StageResult,
    TunedBaseline,
    TunedStart,
    Winner,
)

ENTRIES = {
    "schema": "the version of these tables",
    "language": "the version of the language that its programs are written in",
    "config": "the keys of the config that decide what the campaign finds",
    "sources": "the rules that it is made from, as text: `starts`, `baseline`",
    "plugins": "the plug-ins that it is made from, where there are any: `name` (as its user gave "
    "it), `checksum`, what it `brings`",
    "problems": "the tasks that others train, where there are any: `untrained` loss and `floor`",
    "own_tasks": "the user's own tasks, where there are any, by name: a digest of all that each "
    "computes, `definition`, and what was found of it when the run began, with which it goes on",
    "baseline": "the tuned baseline: `rule`, `tuned`, the `rates` by task, the `trail` of trials",
    "starts": "the start programs with their rates by task",
    "watch": "the baseline tuned for the looks, where there are any",
    "finals": "the tuned baseline (`candidate` null) and the finalists on fresh seeds: evaluations",
    "evidence": "by finalist, the evidence that it is ahead of the baseline",
    "reductions": "what is left of finalists, with every step and look",
    "validation": "the finalists on suites of other tasks, by stage",
    "winner": "the finalist that won, and whether it is what is left of it that did",
    "failure": "the error that ended the last process, where one did",
}
"""The keys of the table `meta`, each with what is stored under it as JSON."""
_RESULTS = ("finals", "reductions", "validation", "winner")
_IN_HASH = ("schema", "language", "config", "sources", "baseline", "starts", *_RESULTS)
_SCALE, _PLUGINS, _PROBLEMS, _TASKS = "watch", "plugins", "problems", "own_tasks"


class Record:
    """The record of a campaign in an open ledger."""

    def __init__(self, path: Path, connection: sqlite3.Connection):
        self.path = path
        self.db = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is written at once, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:  # SQLite itself ends one for which the disk has no room
                self.db.execute("ROLLBACK")
            raise

    @property
    def config(self) -> dict[str, Any]:
        """The config as plain data, those keys that decide what the campaign finds."""
        found = self._get("config")
        if found is None:
            raise LedgerError(f"{self.path} holds no config")
        return found

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks of the search."""
        return tuple(task["name"] for task in self.config["tasks"])

    @property
    def baseline(self) -> TunedBaseline | None:
        """The tuned baseline; None before it is tuned."""
        found = self._get("baseline")
        return None if found is None else TunedBaseline.from_json(found)

    @property
    def sources(self) -> Sources:
        """The rules that the campaign is made from."""
        return Sources.from_json(self._get("sources"))

    @property
    def plugins(self) -> tuple[RecordedPlugin, ...]:
        """The plug-ins that the campaign is made from."""
        return tuple(map(RecordedPlugin.from_json, self._get(_PLUGINS) or ()))

    @property
    def problems(self) -> dict[str, dict[str, float]]:
        """The numbers of the tasks that others train."""
        return self._get(_PROBLEMS) or {}

    @property
    def own_tasks(self) -> dict[str, RecordedTask]:
        """The user's own tasks, as they were when the run began."""
        found = self._get(_TASKS) or {}
        return {name: RecordedTask.from_json(name, each) for name, each in found.items()}

    @property
    def starts(self) -> tuple[TunedStart, ...] | None:
        """The programs that it starts from, tuned; None before they are."""
        found = self._get("starts")
        return None if found is None else tuple(map(TunedStart.from_json, found))

    def set_starts(self, starts: Sequence[TunedStart]) -> None:
        """Store the tuned starts."""
        self._set("starts", [start.to_json() for start in starts])
        kept.drop(self.db)

    @property
    def kept(self) -> dict[str, str]:
        """The answers of jobs whose work is not done yet, by job."""
        return kept.stored(self.db)

    def keep(self, values: Iterable[tuple[str, str]]) -> None:
        """Keep answers until the results are stored that they are part of."""
        with self.transaction():
            kept.enter(self.db, values)

    @property
    def looks(self) -> list[Look]:
        """The looks at the best of the search on other tasks so far, in order."""
        return looks.stored(self.db)

    def enter_look(self, look: Look) -> None:
        """Store a look, in place of the same one without what was found."""
        looks.enter(self.db, look)

    @property
    def scale_of_looks(self) -> StageEntrant | None:
        """The baseline tuned on the tasks of the looks; None before there was one."""
        found = self._get(_SCALE)
        return None if found is None else StageEntrant.from_json(found)

    def set_scale_of_looks(self, baseline: StageEntrant) -> None:
        """Store the baseline tuned on the tasks of the looks."""
        self._set(_SCALE, baseline.to_json())

    @property
    def finals(self) -> tuple[FinalResult, ...] | None:
        """The baseline, first, and the finalists on fresh seeds; None before the campaign ended."""
        found = self._get("finals")
        return None if found is None else tuple(map(FinalResult.from_json, found))

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """The rest of finalists, those first that were reduced first."""
        return tuple(map(Reduction.from_json, self._get("reductions") or ()))

    @property
    def winner(self) -> Winner | None:
        """The winner of a complete campaign that has a finalist."""
        found = self._get("winner")
        return None if found is None else Winner.from_json(found)

    @property
    def validation(self) -> dict[str, StageResult]:
        """The finalists on suites of other tasks, by stage."""
        found = self._get("validation") or {}
        return {stage: StageResult.from_json(each) for stage, each in found.items()}

    @property
    def evidence(self) -> dict[int, Evidence]:
        """The evidence that each finalist is ahead of the baseline, by candidate."""
        found = self._get("evidence") or {}
        return {int(number): Evidence.from_json(each) for number, each in found.items()}

    @property
    def failure(self) -> str | None:
        """The error that ended the last process on the campaign, in words; None where there was
        none, or it was interrupted."""
        return self._get("failure")

    def set_failure(self, words: str | None) -> None:
        """Store the error that ends this process, or take back that of an earlier one."""
        self._set("failure", words)

    def set_config(self, config: dict[str, Any]) -> None:
        """Take over a config with another budget; results of the former one are dropped."""
        with self.transaction():
            self._set("config", config)
            for key in (*_RESULTS, "evidence"):
                self._set(key, None)
            kept.drop(self.db)

    def set_baseline(self, baseline: TunedBaseline) -> None:
        """Store the tuned baseline."""
        self._set("baseline", baseline.to_json())
        kept.drop(self.db)

    def set_results(
        self,
        *,
        finals: Sequence[FinalResult],
        evidence: Mapping[int, Evidence],
        reductions: Sequence[Reduction],
        validation: Mapping[str, StageResult],
        winner: Winner | None,
    ) -> None:
        """Store what makes the campaign complete."""
        stages = {stage: found.to_json() for stage, found in validation.items()}
        self._set("finals", [final.to_json() for final in finals])
        self._set("reductions", [each.to_json() for each in reductions])
        self._set("validation", stages or None)
        self._set("winner", winner and winner.to_json())
        self._set("evidence", {str(number): each.to_json() for number, each in evidence.items()})
        kept.drop(self.db)

    def _get(self, key: str) -> Any:
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _set(self, key: str, value: Any) -> None:
        if value is None:
            self.db.execute("DELETE FROM meta WHERE key = ?", (key,))
        else:
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, as_json(value)))

    def hashed(self) -> str:
        """All of it that two runs of one campaign must agree on, as text."""
        seen = looks.rows(self.db)
        more = [[self._get(_SCALE), seen]] if seen else []
        if self.plugins:
            more.append([_PLUGINS, *sorted(each.checksum for each in self.plugins)])
        if self.problems:
            more.append([_PROBLEMS, self.problems])
        return as_json([*(self._get(key) for key in _IN_HASH), *more])
