"""The machine as an engine: one compiled function per task runs batches of programs.

Programs, constants, rates, seeds and data are arguments, so nothing that is asked for compiles
anything. On a CPU the programs of a batch run in turn inside the call, and one whose lanes are all
given up makes room at once. On an accelerator they are an axis of every array: all branches of the
machine run for all programs, so programs are sorted by the costly primitives that they apply, and
each sort has a machine with those alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Program
from dsl.run.machine import Capacity, Layout, Machine, Tape
from dsl.run.machine.opcodes import elementwise
from evaluators.task import Data
from evaluators.training.answers import Answers
from evaluators.training.batches import Part, Room
from evaluators.training.loop import Feed, Found, Moment, train

SORTS = 8
"""Machines for programs of different sorts that are kept."""


@dataclass(frozen=True)
class Lanes:
    """A run that a machine is asked for."""

    program: Program
    part: Part
    bar: np.ndarray


class MachineEngine:
    """Trains with any program over `primitives`.

    **Arguments:** `stages`: looks, and the last step. `horizon`: what `T` is. `batched`: whether
    programs are an axis; if None, as suits the device. `compilations` counts compiled functions.
    """

    def __init__(
        self,
        answers: Callable[[Data], Answers],
        stages: Sequence[int],
        horizon: int,
        layout: Layout,
        primitives: Sequence[str],
        capacity: Capacity | None,
        room: Room,
        batched: bool | None = None,
    ):
        self.answers = answers
        self.stages = tuple(stages)
        self.horizon = horizon
        self.room = room
        self.batched = jax.default_backend() != "cpu" if batched is None else batched
        self.machine = Machine(layout, primitives, capacity)
        self._of = lru_cache(maxsize=SORTS)(self._build)
        self.compilations = 0

    def run(self, asked: Sequence[Lanes], feed: Feed, data: Data) -> list[Found]:
        """Run programs from the seeds of one feed; results in numpy, in the order asked."""
        found: dict[int, Found] = {}
        for sort, members in self._sorted(asked).items():
            for at in range(0, len(members), self.room.programs):
                chunk = members[at : at + self.room.programs]
                results = self._call(sort, [asked[i] for i in chunk], feed, data)
                found.update(zip(chunk, results, strict=True))
        return [found[i] for i in range(len(asked))]

    def _sorted(self, asked: Sequence[Lanes]) -> dict[frozenset[str], list[int]]:
        """Runs by the costly primitives that they apply, where that matters."""
        if not self.batched:
            return {frozenset(): list(range(len(asked)))}
        sorts: dict[frozenset[str], list[int]] = {}
        for index, lanes in enumerate(asked):
            used = {statement.op for statement in lanes.program.statements}
            costly = frozenset(op for op in used if _costly(PRIMITIVES[op]))
            sorts.setdefault(costly, []).append(index)
        return sorts

    def _call(
        self, sort: frozenset[str], asked: Sequence[Lanes], feed: Feed, data: Data
    ) -> list[Found]:
        machine, function = self._of(sort)
        tapes = [self._tape(machine, lanes) for lanes in asked]
        tapes += [tapes[-1]] * (self.room.programs - len(tapes))
        bars = [lanes.bar for lanes in asked]
        bars += [bars[-1]] * (self.room.programs - len(bars))
        stacked = Tape(*(np.stack(each) for each in zip(*tapes, strict=True)))
        found = function(np.int32(len(asked)), stacked, np.stack(bars), feed, data)
        whole = [np.asarray(each) for each in found]
        return [Found(*(each[i] for each in whole)) for i in range(len(asked))]

    def _tape(self, machine: Machine, lanes: Lanes) -> Tape:
        lr = np.tile(np.asarray(lanes.part.rates), (self.stages[-1], 1))
        return machine.tape(machine.encode(lanes.program), lr, self.horizon)

    def _build(self, sort: frozenset[str]) -> tuple[Machine, Callable[..., Found]]:
        """The machine for programs of one sort, and its compiled function."""
        machine = self.machine
        if self.batched:
            plain = [p for p in machine.primitives if not _costly(PRIMITIVES[p])]
            machine = Machine(machine.layout, (*plain, *sort), machine.capacity)
        return machine, jax.jit(self._function(machine))

    def _function(self, machine: Machine) -> Callable[..., Found]:
        """(count, tapes, bars, feed, data) -> results of the first `count` programs."""

        def one(tape: Tape, bar: Array, feed: Feed, data: Data) -> Found:
            answers = self.answers(data)
            params = [jnp.repeat(leaf, self.room.rates, axis=0) for leaf in feed.params]

            def advance(
                moment: Moment, params: list[Array], registers: Any, gradient: list[Array]
            ) -> tuple[list[Array], Any]:
                return machine.step(
                    tape,
                    moment.at,
                    registers,
                    params,
                    gradient,
                    answers.loss,
                    moment.batch,
                    moment.keys,
                )

            registers = machine.registers(tape, params)
            return train(answers, self.stages, advance, params, registers, feed, bar)

        def together(count: Array, tapes: Tape, bars: Array, feed: Feed, data: Data) -> Found:
            self.compilations += 1  # while it is traced
            return jax.vmap(one, (0, 0, None, None))(tapes, bars, feed, data)

        def in_turn(count: Array, tapes: Tape, bars: Array, feed: Feed, data: Data) -> Found:
            self.compilations += 1  # while it is traced
            programs, lanes = len(bars), self.room.lanes
            empty = Found(
                jnp.zeros((programs, lanes, len(self.stages))),
                jnp.zeros((programs, lanes), jnp.int32),
                jnp.zeros((programs, lanes), bool),
                jnp.zeros((programs, lanes), bool),
            )

            def next_one(i: Array, results: Found) -> Found:
                found = one(Tape(*(each[i] for each in tapes)), bars[i], feed, data)
                return Found(
                    *(all_.at[i].set(new) for all_, new in zip(results, found, strict=True))
                )

            return jax.lax.fori_loop(0, count, next_one, empty)

        return together if self.batched else in_turn


def _costly(primitive: Primitive) -> bool:
    """Whether a branch is too dear to run where nobody asked: an oracle or a function of matrices,
    but no reduction to numbers."""
    result = primitive.signature.result
    cheap = elementwise(primitive) or result in (Kind.SCALAR, Kind.GLOBAL)
    return primitive.oracle is not None or not cheap
