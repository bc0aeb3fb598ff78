"""Programs side by side in one device call: what they cost, and whether they train as in turn.

    python -m benchmarks.side_by_side [--most 1024] [--seconds 200] [--core]

Prints a line of JSON for each figure as soon as it is found, so that whoever runs it (see
`benchmarks.accelerator`) may end it at any time. The environment chooses the device.

The work is that of a search: an MLP of 2,410 parameters, batch 64, 200 steps in all, 4 rates and 2
seeds for each program. Programs are rules of the zoo after a few mutations, always the same ones,
and apply none of the costly primitives, for whose sorts the batched mode has machines of its own.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.population import relatives
from dsl.language.registry import PRIMITIVES, searchable
from dsl.program import Program
from dsl.rewrite.lower import spelled_out
from evaluators.registry import get
from evaluators.training.batches import TrainingRequest
from evaluators.training.choice import Engine
from evaluators.training.environment import settle
from evaluators.training.machine_engine import is_costly
from evaluators.training.trainer import Runs, Trainer, Unfit
from search.pool.cpu_affinity import claim_core

TASK = "digits"
HORIZON = 191
"""Steps; with those past the horizon, 200."""
SEEDS, RATES = (0, 1), (1e-3, 3e-3, 1e-2, 3e-2)
SIZES = (1, 4, 16, 64, 256, 1024)
"""Programs side by side."""
DRAWN = 128
"""Different programs; more are these with other constants."""
FEWEST = 8
"""Programs that a figure is taken from, at least."""
REPEATS = 2

SHORT = 20
"""The horizon of the comparison: steps after which a rounding has not yet grown."""
COMPARED = 16
"""Programs of the comparison."""
BOUND = 1e-3
"""The largest relative difference of losses at which the modes agree."""


class Agreement(NamedTuple):
    """The same programs trained in two ways: runs compared, runs of which one failed and the other
    did not, and the largest and the median relative difference of the losses of the others.

    Runs whose loss exceeds twice that of fresh parameters are left out and counted as `wild`: they
    blow up, and with them every rounding.
    """

    programs: int
    runs: int
    wild: int
    steps: int
    outcomes_differ: int
    largest: float
    median: float
    bound: float = BOUND

    @property
    def holds(self) -> bool:
        """True if no outcome differs and no loss does by more than the bound."""
        return self.outcomes_differ == 0 and self.largest <= self.bound

    def facts(self) -> dict[str, Any]:
        """The comparison for JSON."""
        return self._asdict() | {"holds": self.holds}


def programs(count: int) -> list[Program]:
    """The first programs of the sequence; from `DRAWN` on the same ones with other constants, which
    the machine neither knows nor cares about."""
    cheap = frozenset(name for name in searchable() if not is_costly(PRIMITIVES[name]))
    drawn = list(itertools.islice(relatives(1, cheap), min(count, DRAWN)))
    return [_changed(drawn[number % DRAWN], number // DRAWN) for number in range(count)]


def _changed(program: Program, times: int) -> Program:
    moved = {name: value * (1 + 1e-6 * times) for name, value in program.hyperparameters.items()}
    return program.with_hyperparameters(**moved)


def trainer(
    side_by_side: int, batched: bool, horizon: int = HORIZON, carried: Sequence[str] | None = None
) -> Trainer:
    """A trainer for the work, that runs everything on the machine; it carries what a search does,
    or `carried`."""
    return Trainer(
        get(TASK),
        horizon,
        searchable() if carried is None else carried,
        width=len(SEEDS),
        rates=len(RATES),
        programs=side_by_side,
        batched=batched,
        engine=Engine.MACHINE,
    )


def train(by: Trainer, some: Sequence[Program]) -> list[Runs]:
    """The runs of every program."""
    found = by.run_batch([TrainingRequest(program, SEEDS, RATES) for program in some])
    return [_fit(runs) for runs in found]


def _fit(runs: Runs | Unfit) -> Runs:
    if isinstance(runs, Unfit):
        raise ValueError(runs.reason)
    return runs


def compare(some: Sequence[Runs], others: Sequence[Runs], steps: int) -> Agreement:
    """The agreement of two ways of training the same programs; infinitely apart if nothing is
    left to compare. Wild is what the second way says is."""
    highest = 2 * get(TASK).untrained
    flat = [[run for runs in each for row in runs for run in row] for each in (some, others)]
    compared, differ, apart = 0, 0, []
    for one, other in zip(*flat, strict=True):
        mine, its = (np.array([*run.losses, run.after]) for run in (one, other))
        if not np.all(its <= highest):
            continue
        compared += 1
        if (one.stopped, one.finite) != (other.stopped, other.finite):
            differ += 1
        else:
            apart += list(np.abs(mine - its) / its)
    worst, middle = (float(np.max(apart)), float(np.median(apart))) if apart else (np.inf, np.inf)
    wild = len(flat[0]) - compared
    return Agreement(len(some), compared, wild, steps, differ, worst, middle)


def agreement(count: int = COMPARED, steps: int = SHORT) -> Agreement:
    """Programs side by side against the same in turn, on the device that JAX uses.

    On a CPU machines carry no more than the programs apply: that compiles in seconds.
    """
    some = programs(count)
    carried = None
    if jax.default_backend() == "cpu":
        carried = sorted({each.op for program in some for each in spelled_out(program).statements})
    together, in_turn = (trainer(count, batched, steps, carried) for batched in (True, False))
    return compare(train(together, some), train(in_turn, some), together.last)


class Row(NamedTuple):
    """Programs per second with so many side by side; seconds of a device call, and of the first,
    which compiles."""

    side_by_side: int
    programs_per_second: float
    call_seconds: float
    first_call_seconds: float


def row(size: int, drawn: Sequence[Program]) -> Row:
    """The figure for one number of programs side by side, by the wall clock."""
    by = trainer(size, batched=True)
    start = time.perf_counter()
    train(by, drawn[:size])
    first = time.perf_counter() - start
    some = drawn[: max(size, FEWEST)]
    settle()
    seconds = min(_seconds(by, some) for _ in range(REPEATS))
    return Row(size, len(some) / seconds, seconds * size / len(some), first)


def _seconds(by: Trainer, some: Sequence[Program]) -> float:
    start = time.perf_counter()
    train(by, some)
    return time.perf_counter() - start


def rows(sizes: Sequence[int], seconds: float) -> Iterator[Row | str]:
    """The figures of all sizes for which there is time, or why one is missing."""
    start = time.perf_counter()
    drawn = programs(max(*sizes, FEWEST))
    last = 0.0
    for size in sizes:
        begin = time.perf_counter()
        if begin - start + 2 * last > seconds:
            yield f"{size:,} side by side: no time was left"
            continue
        yield row(size, drawn)
        last = time.perf_counter() - begin


def core(count: int = 64) -> float:
    """Programs per second of CPU time, in turn on one core as a worker of a campaign does it."""
    by, some = trainer(1, batched=False), programs(count)
    train(by, some[:1])
    settle()
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        train(by, some)
        spent.append(time.process_time() - start)
    return count / min(spent)


def say(**figure: Any) -> None:
    """A line of JSON, at once."""
    print(json.dumps(figure), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, default=SIZES[-1], help="programs side by side")
    parser.add_argument("--seconds", type=float, default=200.0, help="time for the figures")
    parser.add_argument("--compared", type=int, default=COMPARED, help="programs that are compared")
    parser.add_argument("--core", action="store_true", help="one core of this machine, in turn")
    chosen = parser.parse_args()
    start = time.perf_counter()
    if chosen.core:
        claim_core()
        say(core={"programs_per_second": core()})
        return
    device = jax.devices()[0]
    say(device={"name": device.device_kind, "platform": device.platform, "jax": jax.__version__})
    say(agreement=agreement(chosen.compared).facts())
    if device.platform == "cpu":
        return
    left = chosen.seconds - (time.perf_counter() - start)
    for found in rows([size for size in SIZES if size <= chosen.most], left):
        if isinstance(found, Row):
            say(row=found._asdict())
        else:
            say(missing=found)


if __name__ == "__main__":
    main()
