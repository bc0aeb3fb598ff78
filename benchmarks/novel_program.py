"""The cost of a program never seen before, against compiling it and against Optax.

    python -m benchmarks.novel_program [--quick] [--json]

In one process, in turns, on one core, for each task, number of parameters and number of steps:

    novel               a program never seen before, from what mutation made to its losses, as the
                        trainer runs it (by the engine that it chooses)
    compiled            the same rule hand-written in Optax, its training loop already compiled
    compile and run     the whole training loop compiled for this program, then run
    update compiled     the gradient compiled once, only the update rule compiled per program

All train one model from one seed for the same steps, with the same looks at the validation loss.
Figures are CPU time of the process, bound to one core as a worker is (the smallest of the repeats),
since the wall clock of a shared machine says little. A program is new in each repeat: its constants
differ, so no cache knows it.

Unit W is a search's ordinary work: an MLP of 2,410 parameters, batch 64, 200 steps in all, 4 rates
and 2 seeds, programs of 20 statements: such as a search breeds, of which some are dead or repeated,
and, as the dearest case, programs whose 20 statements all matter. Programs that end early count for
the former alone.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from evaluators.training.environment import prepare_process, settle
from search.pool.cpu_affinity import claim_core

prepare_process()
claim_core()  # as a worker does
os.environ.pop("JAX_COMPILATION_CACHE_DIR")  # compiling is measured

import itertools  # noqa: E402
import pickle  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.loops import BY_HAND, RATE, Start, UpdateOnly, whole_loop  # noqa: E402
from benchmarks.models import SIZES, digits_mlp  # noqa: E402
from benchmarks.population import bred, live  # noqa: E402
from dsl import canonical, parse, to_optax  # noqa: E402
from dsl.language.registry import searchable  # noqa: E402
from dsl.program import Program  # noqa: E402
from dsl.zoo import ZOO  # noqa: E402
from evaluators.registry import get  # noqa: E402
from evaluators.task import Task  # noqa: E402
from evaluators.training.batches import TrainingRequest  # noqa: E402
from evaluators.training.choice import Engine  # noqa: E402
from evaluators.training.trainer import Trainer  # noqa: E402

TASKS = ("quadratic", "digits", "chars", "digits_conv", "teacher", "names_window")
"""Small tasks of different kinds: a quadratic, classification, recurrence, convolution, regression,
language."""

PASSES = 3
"""Passes over the programs of unit W."""

WARM = 10**6
"""A number that no repeat takes, for programs that only warm up."""


class Row(NamedTuple):
    """Seconds of CPU for one training run."""

    task: str
    rule: str
    params: int
    steps: int
    engine: str
    novel_s: float
    machine_s: float
    compiled_s: float
    compile_and_run_s: float
    update_compiled_s: float


class UnitW(NamedTuple):
    """Programs per second of CPU, everything included."""

    live: float
    bred: float
    instructions: float
    """Instructions of a bred program, on average."""


def cpu_seconds(action: Callable[[], Any]) -> float:
    """CPU time of the process for an action."""
    start = time.process_time()
    action()
    return time.process_time() - start


def fresh(program: Program, number: int) -> Program:
    """The program with constants that nobody has met."""
    moved = {
        name: value * (1 - 1e-7 * (number + 1)) for name, value in program.hyperparameters.items()
    }
    return program.with_hyperparameters(**moved)


def measure(task: Task, rule: str, steps: int, repeats: int, compiling: int) -> Row:
    """One row; `compiling` repeats of what compiles."""
    known = ZOO[rule].with_hyperparameters(lr=RATE)
    chosen = Trainer(task, steps, searchable(), width=1)
    machine = Trainer(task, steps, searchable(), width=1, engine=Engine.MACHINE)
    stages = (*chosen.checkpoints, chosen.last)
    start = Start(task, chosen.last)
    by_hand = whole_loop(task, BY_HAND[rule](), stages)
    engine = chosen.engine_for(TrainingRequest(fresh(known, WARM), [0]))

    def novel(number: int, trainer: Trainer = chosen) -> None:
        program = canonical(fresh(known, number))
        cleared = trainer if engine is Engine.MACHINE else Trainer(task, steps, (), width=1)
        (cleared if trainer is chosen else trainer).run(program, [0])

    def on_machine(number: int) -> None:
        novel(number, machine)

    def compiled(_: int) -> None:
        jax.block_until_ready(by_hand(*start.args))

    def compile_and_run(number: int) -> None:
        loop = whole_loop(task, to_optax(fresh(known, number), horizon=steps), stages)
        jax.block_until_ready(loop(*start.args))

    update_only = UpdateOnly(task, start, stages)

    def update_compiled(number: int) -> None:
        update_only.run(to_optax(fresh(known, number), horizon=steps))

    def least(actions: list[Callable[[int], None]], numbers: range) -> list[float]:
        rounds = [[cpu_seconds(partial(action, i)) for action in actions] for i in numbers]
        return [min(times) for times in zip(*rounds, strict=True)]

    for action in (on_machine, compiled):
        action(WARM + 1)
    machine_s, compiled_s = least([on_machine, compiled], range(repeats))
    slow = least([compile_and_run, update_compiled], range(compiling))
    if engine is Engine.MACHINE:
        novel_s = machine_s
    else:
        (novel_s,) = least([novel], range(repeats, repeats + compiling))
    size = chosen.machine.layout.size
    return Row(task.name, rule, size, steps, engine, novel_s, machine_s, compiled_s, *slow)


def unit_w(count: int, programs: int = 1) -> UnitW:
    """Programs per second of a worker, which takes them as they come from another process."""
    rates = [1e-3, 3e-3, 1e-2, 3e-2]
    trainer = Trainer(get("digits"), 191, searchable(), rates=4, programs=programs)
    assert trainer.last == 200
    trainer.run(ZOO["sgd"], [0, 1], rates)
    settle()

    def timed(sent: bytes) -> tuple[float, int, bool]:
        """Seconds and instructions of a program, and whether some run went to the end."""
        begin = time.process_time()
        program = canonical(pickle.loads(sent))
        (runs,) = trainer.run_batch([TrainingRequest(program, [0, 1], rates)])
        spent = time.process_time() - begin
        instructions = len(trainer.machine.encode(program).op)
        return spent, instructions, any(run.stopped is None for row in runs for run in row)

    def least(source: Iterator[Program]) -> list[tuple[float, int, bool]]:
        """Of each program in PASSES passes over all, in which it is new each time."""
        taken = list(itertools.islice(source, count))
        passes = [[timed(pickle.dumps(fresh(p, n))) for p in taken] for n in range(PASSES)]
        return [min(times) for times in zip(*passes, strict=True)]

    whole = [spent for spent, _, ended in least(live(1)) if ended]
    population = least(bred(2))
    total = sum(spent for spent, _, _ in population)
    length = float(np.mean([instructions for _, instructions, _ in population]))
    return UnitW(len(whole) / sum(whole), len(population) / total, length)


def by_length(repeats: int) -> list[tuple[int, float, float]]:
    """(statements, seconds of products, seconds of tanh) of chains, in the lanes of unit W."""
    carried = ("add", "mul", "tanh")
    trainer = Trainer(get("digits"), 191, carried, rates=4, engine=Engine.MACHINE)

    def chain(count: int, body: str) -> Program:
        steps = "".join(f"    x = {body}\n" for _ in range(count - 1))
        return parse(f"def chain(w, g, *, lr=1e-9):\n    x = g\n{steps}    return x * lr")

    def seconds(program: Program) -> float:
        run = partial(trainer.run, program, [0, 1], [1e-9] * 4)
        run()
        return min(cpu_seconds(run) for _ in range(repeats))

    return [
        (count, seconds(chain(count, "x * w")), seconds(chain(count, "tanh(x)")))
        for count in (1, 5, 10, 20, 40)
    ]


class Wanted(NamedTuple):
    """A row to be measured."""

    task: Task
    rule: str
    steps: int
    repeats: int


def wanted(quick: bool, sizes: tuple[int, ...] = SIZES) -> Iterator[Wanted]:
    """All rows: the registered tasks, then the digits model by size."""
    horizons = (100, 300) if quick else (100, 300, 1_000)
    for name in TASKS[:3] if quick else TASKS:
        for steps in horizons:
            yield Wanted(get(name), "adamw", steps, 5 if quick else 15)
        yield Wanted(get(name), "lion", 300, 5 if quick else 15)
    for size in sizes[:3] if quick else sizes:
        for steps in (100, 300) if quick or size > 20_000 else horizons:
            yield Wanted(digits_mlp(size), "adamw", steps, 3 if size > 20_000 else 7)


def report(found: list[Row], speed: UnitW) -> Iterator[str]:
    """The figures for people."""
    yield "task                     rule    params  steps  engine      novel ms  / compiled"
    yield "  compile and run / novel   update compiled / novel"
    for row in found:
        more = [cost / row.novel_s for cost in row[-2:]]
        yield (
            f"{row.task:<24} {row.rule:<6} {row.params:>8} {row.steps:>6}  {row.engine:<9} "
            f"{1e3 * row.novel_s:>9.2f} {row.novel_s / row.compiled_s:>8.2f} "
            f"{more[0]:>8.0f}x {more[1]:>8.0f}x"
        )
    small = [r for r in found if r.params <= 20_000]
    yield f"median novel / compiled up to 20,000 parameters: {ratio(small):.2f}"
    yield (
        f"unit W: {speed.bred:.1f} bred programs per second ({speed.instructions:.1f} instructions "
        f"on average), {speed.live:.1f} with 20 live statements"
    )


def ratio(found: list[Row]) -> float:
    """The median over tasks and sizes of what a new program costs, compiled Optax being 1."""
    return float(np.median([row.novel_s / row.compiled_s for row in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small models, few repeats")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    parser.add_argument("--unit-w", type=int, default=0, metavar="N", help="only that, N programs")
    chosen = parser.parse_args()
    if chosen.unit_w:
        print(json.dumps(unit_w(chosen.unit_w)._asdict()))
        return
    found = [measure(*each, compiling=1) for each in wanted(chosen.quick)]
    speed = unit_w(10 if chosen.quick else 100)
    if chosen.json:
        data = {
            "rows": [row._asdict() for row in found],
            "unit_w_programs_per_s": speed.bred,
            "unit_w_all_live_programs_per_s": speed.live,
            "median_ratio": ratio([row for row in found if row.params <= 20_000]),
        }
        print(json.dumps(data, indent=1))
    else:
        print("\n".join(report(found, speed)))


if __name__ == "__main__":
    main()
