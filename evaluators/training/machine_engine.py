"""The machine as an engine: one compiled function per task runs batches of programs.

Programs, constants, rates, seeds and data are arguments, so that no request compiles anything. On a
CPU the programs of a batch run in turn inside the call, and the next begins as soon as all lanes of
one are given up. On an accelerator programs are an axis of every array: all branches of the machine
run for all programs, so programs are sorted by the costly primitives that they apply, and each sort
has a machine with those alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float32

from dsl.language.kinds import Kind
from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Program
from dsl.run.machine import Capacity, Encoded, Layout, Machine, Tape
from dsl.run.machine.opcodes import elementwise
from evaluators.task import Data
from evaluators.training.answers import Answers
from evaluators.training.batches import BatchShape, LaneBatch, RunLength
from evaluators.training.loop import LaneResults, Rule, RunInputs, StepContext, train

SORTS = 8
"""Machines for programs of different sorts that are kept."""

UNFOLDED = {"xla_disable_hlo_passes": "transpose-folding"}
"""For programs as an axis on a CPU: jaxlib 0.10.2 folds transpositions into their products wrongly
there (losses are off by percents; those of 0.10.1 are right)."""


@dataclass(frozen=True)
class MachineRun:
    """A program on a batch of lanes, as the instructions of a trainer's machine.

    `thresholds` are losses above which a lane is pruned.
    """

    program: Program
    encoded: Encoded
    batch: LaneBatch
    thresholds: Float32[np.ndarray, " stages"]
    length: RunLength


class MachineEngine:
    """Trains with any program over `primitives`; `compilations` counts compiled functions.

    **Arguments:** `longest`: the most steps of a run. `stages`: looks at one. `sources`: those that
    the task answers, for oracles. `batched`: True if programs are an axis, False if they run in
    turn; as suits the device if None.
    """

    def __init__(
        self,
        answers: Callable[[Data], Answers],
        longest: int,
        stages: int,
        layout: Layout,
        primitives: Sequence[str],
        sources: Collection[Source],
        capacity: Capacity | None,
        shape: BatchShape,
        batched: bool | None = None,
    ):
        self.answers = answers
        self.longest = longest
        self.stages = stages
        self.shape = shape
        self.batched = jax.default_backend() != "cpu" if batched is None else batched
        self.sources = sources
        self.machine = Machine(layout, primitives, capacity, sources=sources)
        self._of = lru_cache(maxsize=SORTS)(self._build)
        self.compilations = 0

    def run(self, runs: Sequence[MachineRun], inputs: RunInputs, data: Data) -> list[LaneResults]:
        """Run programs from the seeds of `inputs`; results in numpy, in the order of `runs`."""
        found: dict[int, LaneResults] = {}
        for sort, members in self._sorted(runs).items():
            for at in range(0, len(members), self.shape.programs):
                chunk = members[at : at + self.shape.programs]
                results = self._call(sort, [runs[i] for i in chunk], inputs, data)
                found.update(zip(chunk, results, strict=True))
        return [found[i] for i in range(len(runs))]

    def _sorted(self, runs: Sequence[MachineRun]) -> dict[frozenset[str], list[int]]:
        """Runs by the costly primitives that they apply, where that matters."""
        if not self.batched:
            return {frozenset(): list(range(len(runs)))}
        sorts: dict[frozenset[str], list[int]] = {}
        for index, run in enumerate(runs):
            used = {statement.op for statement in run.program.statements}
            costly = frozenset(op for op in used if is_costly(PRIMITIVES[op]))
            sorts.setdefault(costly, []).append(index)
        return sorts

    def _call(
        self, sort: frozenset[str], runs: Sequence[MachineRun], inputs: RunInputs, data: Data
    ) -> list[LaneResults]:
        machine, function = self._of(sort)
        tapes = [self._tape(machine, run) for run in runs]
        tapes += [tapes[-1]] * (self.shape.programs - len(tapes))
        thresholds = [run.thresholds for run in runs]
        thresholds += [thresholds[-1]] * (self.shape.programs - len(thresholds))
        stages = [np.asarray(run.length.stages, np.int32) for run in runs]
        stages += [stages[-1]] * (self.shape.programs - len(stages))
        stacked = Tape(*(np.stack(each) for each in zip(*tapes, strict=True)))
        limits = np.stack(stages), np.stack(thresholds)
        found = function(np.int32(len(runs)), stacked, *limits, inputs, data)
        whole = [np.asarray(each) for each in found]
        return [LaneResults(*(each[i] for each in whole)) for i in range(len(runs))]

    def _tape(self, machine: Machine, run: MachineRun) -> Tape:
        """The tape of a run; a machine with other primitives numbers its instructions anew."""
        lr = np.tile(np.asarray(run.batch.rates), (self.longest, 1))
        own = machine is self.machine
        encoded = run.encoded if own else machine.encode(run.program)
        return machine.tape(encoded, lr, run.length.horizon)

    def _build(self, sort: frozenset[str]) -> tuple[Machine, Callable[..., LaneResults]]:
        """The machine for programs of one sort, and its compiled function."""
        machine = self.machine
        if self.batched:
            plain = [p for p in machine.primitives if not is_costly(PRIMITIVES[p])]
            machine = Machine(
                machine.layout, (*plain, *sort), machine.capacity, sources=self.sources
            )
        sound = self.batched and jax.default_backend() == "cpu"
        options = UNFOLDED if sound else None
        return machine, jax.jit(self._function(machine), compiler_options=options)

    def _function(self, machine: Machine) -> Callable[..., LaneResults]:
        """(count, tapes, stages, thresholds, inputs, data) -> results of the first `count`
        programs, each with an axis for programs in front."""

        def one(
            tape: Tape, stages: Array, thresholds: Array, inputs: RunInputs, data: Data
        ) -> LaneResults:
            answers = self.answers(data)
            params = [jnp.repeat(leaf, self.shape.rates, axis=0) for leaf in inputs.params]

            def advance(
                context: StepContext, params: list[Array], registers: Any, gradient: list[Array]
            ) -> tuple[list[Array], Any]:
                return machine.step(
                    tape,
                    context.at,
                    registers,
                    params,
                    gradient,
                    answers.by_argument,
                    context.batch,
                    context.keys,
                )

            def evaluated(params: list[Array], registers: Any) -> list[Array]:
                return machine.evaluated(tape, registers, params)

            rule = Rule(advance, evaluated, machine.has_point(tape))
            registers = machine.registers(tape, params)
            return train(answers, stages, rule, params, registers, inputs, thresholds)

        def together(
            count: Array,
            tapes: Tape,
            stages: Array,
            thresholds: Array,
            inputs: RunInputs,
            data: Data,
        ) -> LaneResults:
            self.compilations += 1  # while it is traced
            return jax.vmap(one, (0, 0, 0, None, None))(tapes, stages, thresholds, inputs, data)

        def in_turn(
            count: Array,
            tapes: Tape,
            stages: Array,
            thresholds: Array,
            inputs: RunInputs,
            data: Data,
        ) -> LaneResults:
            self.compilations += 1  # while it is traced
            programs, lanes = len(thresholds), self.shape.lanes
            empty = LaneResults(
                losses=jnp.zeros((programs, lanes, self.stages)),
                stopped=jnp.zeros((programs, lanes), jnp.int32),
                finite=jnp.zeros((programs, lanes), bool),
                pruned=jnp.zeros((programs, lanes), bool),
            )

            def next_one(i: Array, results: LaneResults) -> LaneResults:
                tape = Tape(*(each[i] for each in tapes))
                found = one(tape, stages[i], thresholds[i], inputs, data)
                return LaneResults(
                    *(all_.at[i].set(new) for all_, new in zip(results, found, strict=True))
                )

            return jax.lax.fori_loop(0, count, next_one, empty)

        return together if self.batched else in_turn


def is_costly(primitive: Primitive) -> bool:
    """True for a branch too dear to run where no program asked: an oracle or a function of
    matrices, but not a reduction to numbers, rows or columns."""
    cheap = elementwise(primitive) or primitive.signature.result is not Kind.TENSOR
    return primitive.oracle is not None or not cheap
