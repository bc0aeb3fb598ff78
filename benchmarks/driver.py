"""The cost of a search beside the evaluations: feeding programs, reading a large ledger.

    python -m benchmarks.driver [--programs 4000] [--rows 300000] [--json] [--profile FILE]

Evaluation is stubbed out: every program gets one of a few made-up evaluations at once. The first
part is a campaign of `--programs` with the default strategy on the tasks of the suite `search`,
after as many programs again that fill the population. The second is a ledger of `--rows`
candidates: all but the last few hundred are copies of the first part's under other numbers and
keys, then the search itself goes on to the end. Status, hall of fame and resuming each have a
process of their own, whose CPU time and peak memory count; figures of the clock depend on who else
is at work.
"""

import argparse
import cProfile
import hashlib
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.files.result_cache import code_digest
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.suites import load_suite
from evaluators.tuning.coordinates import Tuned
from search.campaign import events, snapshot
from search.campaign.baseline import search_setup
from search.campaign.sources import known_rules
from search.candidates.proposer import Proposer
from search.candidates.verdict import Keys
from search.config import Config
from search.ledger import FILE, Ledger, Row
from search.ledger.history import History
from search.pool.worker import CampaignWorker
from search.report.hall_of_fame import hall_of_fame
from search.report.status import read_status
from search.run import run_campaign

PER_SECOND, SECONDS, GIB = 2000.0, 5.0, 1.0
"""The bars: programs per second; seconds and memory for reading."""
_LIVE = 500
"""Candidates at the end of the large ledger that the search itself has made."""
_KINDS = 97
"""Evaluations that are made up."""


def config(programs: int) -> Config:
    """A campaign of so many programs with the default strategy."""
    return Config.model_validate(
        {
            "campaign": "driver",
            "tasks": "search",
            "budget": {"candidates": programs},
            "strategy": {"kind": "recombination"},
            "evaluation": {"generation": 200, "elites": 4},
            "final": {"finalists": 8, "seeds": 2},
            "workers": 0,
        }
    )


def _made_up(number: int, tasks: Sequence[str]) -> Evaluation:
    """One of the evaluations: two in three are trained to the end."""
    rng = np.random.default_rng(number)
    if number % 3 == 2:
        tasks = tasks[: 1 + number % len(tasks)]
    runs = tuple(
        Measurement(
            task, seed, Outcome.OK, *map(float, rng.random(2)), None, *map(float, rng.random(2))
        )
        for task in tasks
        for seed in (123456789, 234567890)
        for loss, score, rate, early in rng.random((1, 4)).tolist()
    )
    outcome = Outcome.SCREENED if number % 3 == 2 else Outcome.OK
    return Evaluation(outcome, float(rng.random()), runs, (1000, 4000))


class Stub:
    """Gives evaluations that were made up before."""

    compilations = 0

    def __init__(self, setup: JudgingSetup):
        names = [task.name for task in setup.tasks]
        self._evaluations = [_made_up(number, names) for number in range(_KINDS)]

    def evaluate_batch(
        self, requests: Sequence[EvaluationRequest], seeds: tuple[int, ...]
    ) -> list[Evaluation]:
        places = (int(each.program.digest, 16) % _KINDS for each in requests)
        return [self._evaluations[place] for place in places]


def stub_worker() -> CampaignWorker:
    """A worker that runs nothing."""
    rates = {task.name: 1e-3 for task in load_suite("search").tasks}
    return CampaignWorker(
        Stub, lambda program, **how: Tuned(program, rates, 1.0, ()), lambda *how: dict(rates)
    )


@dataclass(frozen=True)
class Figure:
    """A measurement with its bar; `more` is better, or less."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    more: bool = False

    @property
    def holds(self) -> bool | None:
        """True if the bar is met; None without one."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.more else self.value <= self.bar

    def __str__(self) -> str:
        verdict = {None: "", True: "holds", False: "MISSED"}[self.holds]
        bar = "" if self.bar is None else f"{'at least' if self.more else 'at most'} {self.bar:g}: "
        return f"{self.what:<34}{self.value:>10.4g} {self.unit:<12}{bar}{verdict}".rstrip()

    def facts(self) -> dict[str, Any]:
        """The figure for JSON."""
        found = {"what": self.what, "value": self.value, "unit": self.unit}
        return {**found, "bar": self.bar, "holds": self.holds}


def feed(folder: Path, programs: int, profile: Path | None) -> list[Figure]:
    """Programs that the driver feeds per second of its CPU time, and those it writes."""
    run_campaign(config(programs), folder, make_worker=stub_worker)
    profiler = cProfile.Profile() if profile else None
    marks: list[float] = []

    def observe(event: events.Event) -> None:
        if isinstance(event, events.Resumed | events.MeasuringFinalists) and len(marks) < 2:
            if profiler:
                (profiler.disable if marks else profiler.enable)()
            marks.append(time.process_time())

    run_campaign(config(2 * programs), folder, observe, stub_worker)
    if profiler:
        profiler.dump_stats(str(profile))
    ledger = Ledger.read(folder / FILE)
    rows = list(ledger.rows(programs))
    ledger.close()
    started = time.process_time()
    again = Ledger.create(folder / "written.sqlite", {}, ledger_sources(folder))
    again.expect_writes()
    again.db.execute("BEGIN")
    for at in range(0, len(rows), 4):
        again.append([_renumbered(row, n) for n, row in enumerate(rows[at : at + 4], at)])
        again.db.execute("COMMIT")
        again.db.execute("BEGIN")
    again.close()
    writing, fed = time.process_time() - started, programs / (marks[1] - marks[0])
    return [
        Figure("programs fed", fed, "per CPU s", PER_SECOND, more=True),
        Figure("rows written, 4 a transaction", len(rows) / writing, "per CPU s"),
    ]


def ledger_sources(folder: Path) -> Any:
    """The sources of a run."""
    ledger = Ledger.read(folder / FILE)
    found = ledger.sources
    ledger.close()
    return found


def _renumbered(row: Row, number: int) -> Row:
    """A row under another number and keys, its programs called so."""
    text = re.sub(r"^def c\d+", f"def c{number}", row.candidate.text)
    key = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    old = row.candidate.keys
    if row.candidate.source is None:
        keys = Keys(key, key, key, old.family)
        candidate = replace(
            row.candidate, number=number, text=text, keys=keys, asked=None, parsed=None
        )
        return row._replace(candidate=candidate)
    keys = old._replace(text=key)
    candidate = replace(row.candidate, number=number, text=text, keys=keys, asked=None, parsed=None)
    return row._replace(candidate=candidate)


def _copies(rows: Sequence[Row], first: int, count: int) -> Iterator[Row]:
    """Rows of numbers `first` to `count`, copies of these."""
    return (_renumbered(rows[number % len(rows)], number) for number in range(first, count))


def grow(small: Path, large: Path, rows: int) -> None:
    """A complete run with a ledger of so many rows, out of a small one."""
    source = Ledger.read(small / FILE)
    large.mkdir()
    settings = config(rows)
    ledger = Ledger.create(large / FILE, settings.comparable(), source.sources)
    baseline, starts = source.baseline, source.starts
    assert baseline is not None and starts is not None
    ledger.set_baseline(baseline)
    ledger.set_starts(starts)
    first, told = list(source.rows()), rows - _LIVE - settings.look_ahead
    own = first[: len(starts)]
    others = [row for row in first[len(starts) :] if row.candidate.remeasures is None]
    source.close()
    with ledger.transaction():
        ledger.append(own)
        ledger.append(list(_copies(others, len(own), told)))
    history = History(ledger)
    history.skip(told)
    programs, rates = [each.program for each in starts], [each.rates for each in starts]
    proposer = Proposer(settings, programs, rates, known_rules(settings), history)
    fresh = proposer.state()
    proposer.restore(fresh, ledger.known(told))
    for row in ledger.rows(told - 2000):
        proposer.learn(row)
    setup = search_setup(settings, ledger.sources, baseline)
    pending = []
    for number in range(told, told + settings.look_ahead):
        candidate = proposer.propose(number)
        job = None if candidate.hit else proposer.job(candidate, setup)
        pending.append(snapshot.Pending(candidate, job))
    state = snapshot.take(proposer, events.SearchProgress(rows, judged=told), pending)
    with ledger.transaction():
        ledger.set_state(told, code_digest(snapshot.PACKAGES), state)
    ledger.close()
    run_campaign(settings, large, make_worker=stub_worker)


def _status(run: Path) -> None:
    read_status(run, known_as=False)


def _hall(run: Path) -> None:
    ledger = Ledger.read(run / FILE, whole=False)
    hall_of_fame(ledger)
    ledger.close()


def _resume(run: Path) -> None:
    ledger = Ledger.read(run / FILE, whole=False)
    rows = len(ledger)
    ledger.close()
    found = run_campaign(config(rows), run, make_worker=stub_worker)
    assert found.was_complete


READING = {"status": _status, "hall of fame": _hall, "resume": _resume}


def read(run: Path) -> list[Figure]:
    """CPU seconds and peak memory of reading a run, a process for each way."""
    figures = []
    for what in READING:
        command = [sys.executable, "-m", "benchmarks.driver", "--read", what, str(run)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        figures.append(Figure(what, found["seconds"], "CPU s", SECONDS))
        figures.append(Figure(f"{what}, by the clock", found["clock"], "s"))
        figures.append(Figure(f"{what}, peak memory", found["gib"], "GiB", GIB))
    return figures


def _peak() -> float:
    """The most memory that this process has had, in GiB; what `getrusage` says of a process that
    was started by a larger one is the peak of that one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _read_here(what: str, run: Path) -> None:
    clock, cpu = time.perf_counter(), time.process_time()
    READING[what](run)
    peak = _peak()
    seconds, clock = time.process_time() - cpu, time.perf_counter() - clock
    print(json.dumps({"seconds": seconds, "clock": clock, "gib": peak}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=4000)
    parser.add_argument("--rows", type=int, default=300_000, help="0 leaves the large ledger out")
    parser.add_argument("--keep", type=Path, help="folder for the runs, kept")
    parser.add_argument("--profile", type=Path, help="file for a profile of the feeding")
    parser.add_argument("--read", nargs=2, metavar=("WHAT", "RUN"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.read:
        return _read_here(asked.read[0], Path(asked.read[1]))
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        figures = feed(folder / "small", asked.programs, asked.profile)
        if asked.rows:
            grow(folder / "small", folder / "large", asked.rows)
            size = (folder / "large" / FILE).stat().st_size / 2**20
            figures += [Figure("ledger", size, "MiB"), *read(folder / "large")]
    if asked.json:
        print(json.dumps([each.facts() for each in figures], indent=2))
    else:
        print("\n".join(map(str, figures)))
    return None


if __name__ == "__main__":
    main()
