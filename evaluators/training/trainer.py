"""Training models of a task with programs: requests in, the runs of each program out.

Neither a new program nor a new seed, rate or constant compiles anything where the machine runs it;
what the machine does not carry, or carries at a higher price than compiling, goes to the compiled
engine by itself. Results do not depend on what else is in a batch.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import Float32

from dsl.program import Program
from dsl.run.machine import Capacity, DoesNotFit, Encoded, Layout
from evaluators.task import Task
from evaluators.training.answers import Answers, answered, check_answers
from evaluators.training.batches import (
    BatchShape,
    LaneBatch,
    RunLength,
    TrainingRequest,
    lane_batches,
)
from evaluators.training.checkpoints import checked, horizons, last_step, shortened
from evaluators.training.choice import Engine, choose
from evaluators.training.compiled_engine import CompiledEngine
from evaluators.training.compiling import compiling
from evaluators.training.loop import LaneResults, RunInputsCache
from evaluators.training.machine_engine import MachineEngine, MachineRun

_RATE = 1e-3
"""The rate of a program that has no hyperparameter `lr`; nothing reads it."""


class Trained(NamedTuple):
    """One run: validation losses on the way, and the step at which it was given up, if it was.

    A loss that was not reached is NaN.
    """

    losses: tuple[float, ...]
    """At each of the trainer's checkpoints; the last of them is the horizon."""
    after: float
    """A few steps past the horizon: what is good for exactly the horizon shows here."""
    stopped: int | None
    """The number of steps after which a check found a parameter not finite or not sane."""
    finite: bool
    """True if everything was finite when training ended."""
    pruned: bool = False
    """True if it was given up for a loss above its threshold."""

    @property
    def loss(self) -> float:
        """The validation loss at the horizon."""
        return self.losses[-1]


class Unfit(NamedTuple):
    """A program that cannot be trained on a task, with the reason in words."""

    reason: str


Runs: TypeAlias = list[list[Trained]]
"""[rate][seed]"""


class Trainer:
    """Trains models of one task with programs.

    **Arguments:** `steps`: the horizon. `primitives`: those that the machine carries; a program
    that applies others is compiled. `width`, `rates`: seeds and rates that run side by side.
    `capacity`: how large programs the machine holds. `checkpoints`: steps, rising to the horizon,
    after which the validation loss is taken; a third of the horizon and the horizon by default.
    `programs`: how many run in one device call. `batched`: True to run them all at once, False in
    turn; as suits the device if None. `engine`: the one to use whatever the cost; the machine where
    it fits, by cost, if None.
    """

    def __init__(
        self,
        task: Task,
        steps: int,
        primitives: Sequence[str],
        width: int = 2,
        capacity: Capacity | None = None,
        checkpoints: Sequence[int] = (),
        rates: int = 1,
        programs: int = 1,
        batched: bool | None = None,
        engine: Engine | None = None,
    ):
        self.task = task
        self.steps = steps
        self.checkpoints = checked(checkpoints or horizons(steps), steps)
        self.last = last_step(steps)
        self.shape = BatchShape(width, rates, programs)
        self.engine = engine
        example = task.init(np.random.Generator(np.random.PCG64(0)))
        leaves, tree = jax.tree.flatten(example)
        answers = partial(Answers, task, tree)
        self._inputs = RunInputsCache(task, self.last)
        self._data = jax.device_put(task.data())
        self._machine = MachineEngine(
            answers,
            self.last,
            len(self.checkpoints) + 1,
            Layout.of(leaves),
            primitives,
            answered(task),
            capacity,
            self.shape,
            batched,
        )
        self._compiled = CompiledEngine(answers, self.last)
        self.machine = self._machine.machine

    @property
    def compilations(self) -> int:
        """The number of machines compiled: one, at the first run (on an accelerator, one for
        every set of costly primitives that programs apply)."""
        return self._machine.compilations

    @property
    def programs_compiled(self) -> int:
        """The number of training loops that were compiled for a program of their own."""
        return self._compiled.compilations

    def run(
        self,
        program: Program,
        seeds: Sequence[int],
        rates: Sequence[float] | None = None,
        thresholds: Sequence[float] | None = None,
        steps: int | None = None,
    ) -> Runs:
        """Train with a program once per rate and seed; see `TrainingRequest`.

        **Raises:** DoesNotFit if the program asks what the task does not answer.
        """
        (found,) = self.run_batch([TrainingRequest(program, seeds, rates, thresholds, steps)])
        if isinstance(found, Unfit):
            raise DoesNotFit(found.reason)
        return found

    def run_batch(self, requests: Sequence[TrainingRequest]) -> list[Runs | Unfit]:
        """The runs of every request; Unfit for a program that asks what the task does not answer,
        or that the engine that was asked for does not carry."""
        found: list[tuple[LaneBatch, LaneResults]] = []
        unfit: dict[int, Unfit] = {}
        by_seeds: dict[tuple[int, ...], list[MachineRun]] = {}
        for number, request in enumerate(requests):
            try:
                engine, encoded = self._placed(request)
            except DoesNotFit as error:
                unfit[number] = Unfit(str(error))
                continue
            thresholds, length = self._thresholds(request), self.length(request)
            for batch in lane_batches(number, request.seeds, rates_of(request), self.shape):
                if engine is Engine.MACHINE and encoded is not None:
                    run = MachineRun(request.program, encoded, batch, thresholds, length)
                    by_seeds.setdefault(batch.seeds, []).append(run)
                else:
                    inputs = self._inputs.of(batch.seeds)
                    what = f"the loop that trains {request.program.name} on {self.task.name}"
                    with compiling(what):
                        results = self._compiled.run(
                            request.program, batch, thresholds, length, inputs, self._data
                        )
                    found.append((batch, results))
        for seeds, asked in by_seeds.items():
            with compiling(f"the loop that trains any program on {self.task.name}"):
                results = self._machine.run(asked, self._inputs.of(seeds), self._data)
            found += zip((run.batch for run in asked), results, strict=True)
        runs = self._collected(found)
        return [
            unfit[number] if number in unfit else _in_order(number, request, runs)
            for number, request in enumerate(requests)
        ]

    def engine_for(self, request: TrainingRequest) -> Engine:
        """The engine that runs a request; DoesNotFit if no engine can."""
        return self._placed(request)[0]

    def _placed(self, request: TrainingRequest) -> tuple[Engine, Encoded | None]:
        """The engine that runs a request, and its program as the machine's instructions."""
        check_answers(self.task, request.program)
        if self.engine is Engine.COMPILED:
            return Engine.COMPILED, None
        try:
            encoded = self.machine.encode(request.program)
        except DoesNotFit:
            if self.engine is Engine.MACHINE:
                raise
            return Engine.COMPILED, None
        if self.engine is Engine.MACHINE:
            return Engine.MACHINE, encoded
        runs = len(request.seeds) * len(rates_of(request))
        size, capacity = self.machine.layout.size, self.machine.capacity
        last, lanes = self.length(request).stages[-1], self.shape.lanes
        return choose(encoded, size, last, lanes, runs, capacity), encoded

    def length(self, request: TrainingRequest) -> RunLength:
        """The steps and checkpoints of the runs of a request."""
        steps = self.steps if request.steps is None else request.steps
        if not 1 <= steps <= self.steps:
            raise ValueError(f"a run takes 1 to {self.steps} steps here, asked for {steps}")
        return RunLength((*shortened(self.checkpoints, steps), last_step(steps)), steps)

    def _thresholds(self, request: TrainingRequest) -> Float32[np.ndarray, " stages"]:
        """Infinite where nothing is pruned."""
        given = request.thresholds or ()
        found = np.full(len(self.checkpoints) + 1, np.inf, np.float32)
        found[: len(given)] = given
        return found

    def _collected(
        self, found: Sequence[tuple[LaneBatch, LaneResults]]
    ) -> dict[tuple[int, int, int], Trained]:
        """The runs of all batches by request, rate and seed; lanes that only fill are left out."""
        runs: dict[tuple[int, int, int], Trained] = {}
        for batch, results in found:
            losses, stopped, finite, pruned = (each.tolist() for each in results)
            for seed in range(batch.taken[0]):
                for rate in range(batch.taken[1]):
                    lane = seed * self.shape.rates + rate
                    place = batch.request, batch.start[1] + rate, batch.start[0] + seed
                    runs[place] = Trained(
                        losses=tuple(losses[lane][:-1]),
                        after=losses[lane][-1],
                        stopped=stopped[lane] if stopped[lane] <= self.last else None,
                        finite=finite[lane],
                        pruned=pruned[lane],
                    )
        return runs


def rates_of(request: TrainingRequest) -> Sequence[float]:
    """The rates of a request, the program's own where it names none."""
    if request.rates is None:
        return [request.program.hyperparameters.get("lr", _RATE)]
    return request.rates


def _in_order(
    number: int, request: TrainingRequest, runs: dict[tuple[int, int, int], Trained]
) -> Runs:
    """The runs of one request, [rate][seed]."""
    return [
        [runs[number, rate, seed] for seed in range(len(request.seeds))]
        for rate in range(len(rates_of(request)))
    ]
