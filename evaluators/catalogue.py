"""The catalogue of proxy tasks: what is known of each, readable without JAX and without data.

`tasks/catalogue.json` has an entry for every task: a copy of what its declaration states, and the
numbers that measuring finds (size, cost, losses, checksum), which the declaration reads from here.
`python -m benchmarks.measure_tasks` writes entries; nobody edits them.
"""

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parent / "tasks" / "catalogue.json"


class Best(NamedTuple):
    """The best known validation loss at a task's horizon, and the tuned rule that reached it.

    `loss` is a mean over seeds; `rule` a name of the zoo, `constants` its hyperparameters.
    """

    loss: float
    rule: str
    constants: Mapping[str, float]


class Proxy(NamedTuple):
    """The worth of a task as a proxy, by known rules: see `evaluators.measuring.proxy`."""

    scores: Mapping[str, float]
    """The mean score of each rule; AdamW has 1."""
    told_apart: float
    """The share of pairs of rules that differ by more than seeds do."""
    early: float
    """That share at the first look, a third of the horizon."""


@dataclass(frozen=True)
class TaskEntry:
    """One task; the fields that `Task` has too mean the same there."""

    name: str
    summary: str
    dataset: str
    model: str
    horizon: int
    parameters: int
    """Numbers in a model."""
    flops: int
    untrained: float
    best: Best
    floor: float
    floor_from: str
    checksum: str | None
    """Of the examples; None if they were never measured."""
    proxy: Proxy | None = None
    """None where no rules were ranked."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, as the file holds it under the name."""
        fields = asdict(self)
        del fields["name"], fields["proxy"]
        proxy = {"proxy": self.proxy._asdict()} if self.proxy else {}
        return {**fields, "best": self.best._asdict(), **proxy}

    @staticmethod
    def from_json(name: str, data: Mapping[str, Any]) -> "TaskEntry":
        """The entry that `to_json` made; KeyError or TypeError for other data."""
        best, proxy = Best(**data["best"]), data.get("proxy")
        found = Proxy(**proxy) if proxy else None
        return TaskEntry(name=name, **{**data, "best": best, "proxy": found})


@functools.cache
def _empty(name: str) -> TaskEntry:
    """The entry of a task that was never measured: no number is known."""
    nan = math.nan
    return TaskEntry(name, "", "", "", 0, 0, 0, nan, Best(nan, "", {}), nan, "", None)


def measured(name: str) -> TaskEntry:
    """The entry of that name; for a task that was never measured one whose losses are NaN."""
    return entries().get(name) or _empty(name)


@functools.cache
def entries() -> dict[str, TaskEntry]:
    """All entries by name, sorted."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: TaskEntry.from_json(name, found[name]) for name in sorted(found)}


def write(changed: Mapping[str, TaskEntry]) -> None:
    """Put entries into the file, in place of those of the same names."""
    kept = {**entries(), **changed}
    data = {name: kept[name].to_json() for name in sorted(kept)}
    FILE.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    entries.cache_clear()
