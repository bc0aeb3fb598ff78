"""Training models of a task with programs: batches of programs in, what came of each run out.

Neither a new program nor a new seed, rate or constant compiles anything where the machine runs it;
what the machine does not carry, or carries at a higher price than compiling, goes to the compiled
engine by itself. Results do not depend on what else is in a batch.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.run.machine import Capacity, DoesNotFit, Layout
from evaluators.task import Task
from evaluators.training.answers import Answers, check_answers
from evaluators.training.batches import Feeds, Job, Part, Room, parts
from evaluators.training.choice import Engine, choose
from evaluators.training.compiled_engine import CompiledEngine
from evaluators.training.loop import CHECK_EVERY, SANE, Found
from evaluators.training.machine_engine import Lanes, MachineEngine

__all__ = ["CHECK_EVERY", "SANE", "Engine", "Job", "Trained", "Trainer", "horizons", "searchable"]

BEYOND = 20
"""Training goes on past the horizon by one step in so many, and by one at least."""

_RATE = 1e-3
"""The rate of a program that has no hyperparameter `lr`; nothing reads it."""


class Trained(NamedTuple):
    """One run: validation losses on the way, and where it was given up, if it was.

    A loss that was not reached is NaN.
    """

    losses: tuple[float, ...]
    """After each of the trainer's `looks`; the last of them is the horizon."""
    after: float
    """A few steps past the horizon: what is good for exactly the horizon shows here."""
    stopped: int | None
    """The number of steps after which a look found a parameter not finite or not sane."""
    finite: bool
    """Whether all was finite when training ended."""
    hopeless: bool = False
    """Whether it was given up for a loss above the bar."""

    @property
    def loss(self) -> float:
        """The validation loss at the horizon."""
        return self.losses[-1]


class Trainer:
    """Trains models of one task with programs.

    **Arguments:** `steps`: the horizon. `primitives`: those that the machine carries; what applies
    others is compiled. `width`, `rates`: seeds and rates that run side by side. `capacity`: how
    large programs the machine holds. `looks`: steps, rising to the horizon, after which the
    validation loss is taken; a third of the horizon and the horizon by default. `programs`: how
    many run in one device call. `batched`: whether they run all at once, as suits the device if
    None. `engine`: the one to use whatever the cost; the machine where it fits, by cost, if None.
    """

    def __init__(
        self,
        task: Task,
        steps: int,
        primitives: Sequence[str],
        width: int = 2,
        capacity: Capacity | None = None,
        looks: Sequence[int] = (),
        rates: int = 1,
        programs: int = 1,
        batched: bool | None = None,
        engine: Engine | None = None,
    ):
        self.task = task
        self.steps = steps
        self.looks = tuple(looks) or horizons(steps)
        if list(self.looks) != sorted({*self.looks, steps}) or self.looks[0] < 1:
            raise ValueError(f"looks rise from 1 to the horizon {steps}, met {self.looks}")
        self.last = steps + max(steps // BEYOND, 1)
        self.room = Room(width, rates, programs)
        self.engine = engine
        example = task.init(np.random.Generator(np.random.PCG64(0)))
        leaves, tree = jax.tree.flatten(example)
        answers = partial(Answers, task, tree)
        stages = (*self.looks, self.last)
        self._feeds = Feeds(task, self.last)
        self._data = jax.device_put(task.data())
        layout = Layout.of(leaves)
        self._machine = MachineEngine(
            answers, stages, steps, layout, primitives, capacity, self.room, batched
        )
        self._compiled = CompiledEngine(answers, stages, steps)
        self.machine = self._machine.machine

    @property
    def compilations(self) -> int:
        """How often a machine was compiled: once, at the first run (on an accelerator, once for
        every set of costly primitives that programs apply)."""
        return self._machine.compilations

    @property
    def programs_compiled(self) -> int:
        """How many training loops were compiled for a program of their own."""
        return self._compiled.compilations

    def run(
        self,
        program: Program,
        seeds: Sequence[int],
        rates: Sequence[float] | None = None,
        bar: Sequence[float] | None = None,
    ) -> list[list[Trained]]:
        """Train with a program once per rate and seed; see `Job`.

        **Returns:** runs [rate][seed].
        **Raises:** DoesNotFit if the program asks what the task does not answer.
        """
        return self.run_batch([Job(program, seeds, rates, bar)])[0]

    def run_batch(self, jobs: Sequence[Job]) -> list[list[list[Trained]]]:
        """Train with every program of a batch; runs [job][rate][seed].

        **Raises:** DoesNotFit if one of them asks what the task does not answer.
        """
        engines = [self.engine_for(job) for job in jobs]
        found: list[tuple[Part, Found]] = []
        by_seeds: dict[tuple[int, ...], list[Lanes]] = {}
        for number, (job, engine) in enumerate(zip(jobs, engines, strict=True)):
            bar = self._bar(job)
            for part in parts(number, job.seeds, self._rates(job), self.room):
                if engine is Engine.MACHINE:
                    by_seeds.setdefault(part.seeds, []).append(Lanes(job.program, part, bar))
                else:
                    feed = self._feeds.of(part.seeds)
                    run = self._compiled.run(job.program, part, bar, feed, self._data)
                    found.append((part, run))
        for seeds, asked in by_seeds.items():
            results = self._machine.run(asked, self._feeds.of(seeds), self._data)
            found += zip((lanes.part for lanes in asked), results, strict=True)
        return self._collected(jobs, found)

    def engine_for(self, job: Job) -> Engine:
        """What runs a job; DoesNotFit if the task does not answer what its program asks."""
        check_answers(self.task, job.program)
        if self.engine is Engine.COMPILED:
            return Engine.COMPILED
        try:
            encoded = self.machine.encode(job.program)
        except DoesNotFit:
            if self.engine is Engine.MACHINE:
                raise
            return Engine.COMPILED
        if self.engine is Engine.MACHINE:
            return Engine.MACHINE
        runs = len(job.seeds) * len(self._rates(job))
        size, capacity = self.machine.layout.size, self.machine.capacity
        return choose(encoded, size, self.last, self.room.lanes, runs, capacity)

    def _rates(self, job: Job) -> Sequence[float]:
        return [job.program.hyperparameters.get("lr", _RATE)] if job.rates is None else job.rates

    def _bar(self, job: Job) -> np.ndarray:
        bar = np.full(len(self.looks) + 1, np.inf, np.float32)
        bar[: len(job.bar or ())] = job.bar or ()
        return bar

    def _collected(
        self, jobs: Sequence[Job], found: Sequence[tuple[Part, Found]]
    ) -> list[list[list[Trained]]]:
        """The runs of all parts in their places."""
        runs: dict[tuple[int, int, int], Trained] = {}
        for part, lanes in found:
            losses, stopped, finite, hopeless = (each.tolist() for each in lanes)
            for seed in range(part.taken[0]):
                for rate in range(part.taken[1]):
                    lane = seed * self.room.rates + rate
                    row, at = losses[lane], stopped[lane]
                    place = part.job, part.at[1] + rate, part.at[0] + seed
                    runs[place] = Trained(
                        tuple(row[:-1]),
                        row[-1],
                        at if at <= self.last else None,
                        finite[lane],
                        hopeless[lane],
                    )
        return [
            [
                [runs[number, rate, seed] for seed in range(len(job.seeds))]
                for rate in range(len(self._rates(job)))
            ]
            for number, job in enumerate(jobs)
        ]


def horizons(steps: int) -> tuple[int, ...]:
    """The two horizons at which a run of `steps` steps is judged: short memories win the first,
    patience the second."""
    return tuple(sorted({max(steps // 3, 1), steps}))


def searchable() -> tuple[str, ...]:
    """The primitives that mutation draws unless told otherwise, and those that the zoo's
    first-order rules need: what a machine carries by default."""
    return tuple(name for name, p in PRIMITIVES.items() if p.weight > 0 or p.signature.elementwise)
