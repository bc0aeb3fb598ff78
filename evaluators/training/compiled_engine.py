"""The step of one program, compiled: where the machine does not carry it, and where it pays.

A training loop is compiled for the structure of a program; its constants, hyperparameters and rates
are arguments. The loops used last are kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32

from dsl.program import Program
from dsl.rewrite.structure import Structure, split
from dsl.run.interpret import run_step
from dsl.run.jax_step import JaxStep, jax_choose
from dsl.run.machine import over_lanes
from dsl.run.namespace import NAMESPACE
from dsl.run.values import initial
from evaluators.task import Data
from evaluators.training.answers import Answers
from evaluators.training.batches import LaneBatch, RunLength
from evaluators.training.loop import LaneResults, Rule, RunInputs, StepContext, train

KEPT = 16
"""Compiled loops that are kept; one takes some megabytes."""


class ProgramNumbers(NamedTuple):
    """The numbers of a program in a run, which its compiled loop takes as arguments."""

    common: Float[np.ndarray, "steps numbers"]
    """The same at every rate."""
    by_rate: Float[np.ndarray, "steps numbers rates"]
    starts: tuple[tuple[Float[np.ndarray, ""], ...], ...]
    """Arguments of the initialisers, by slot."""


class CompiledEngine:
    """Trains with any program of the language that the task answers; `compilations` counts
    compiled loops.

    **Arguments:** `longest`: the most steps of a run. `kept`: the number of compiled loops that are
    kept.
    """

    def __init__(
        self,
        answers: Callable[[Data], Answers],
        longest: int,
        kept: int = KEPT,
    ):
        self.answers = answers
        self.longest = longest
        self.kept = kept
        self.compilations = 0
        self._loops: OrderedDict[tuple[Structure, int], Any] = OrderedDict()

    def run(
        self,
        program: Program,
        batch: LaneBatch,
        thresholds: Float32[np.ndarray, " stages"],
        length: RunLength,
        inputs: RunInputs,
        data: Data,
    ) -> LaneResults:
        """The runs of one batch of lanes; results in numpy.

        **Arguments:** `thresholds`: losses above which a lane is pruned.
        """
        structure, numbers, starts = split(program)
        lr = np.tile(np.asarray(batch.rates), (self.longest, 1))
        rows = numbers.table(lr, length.horizon)[list(structure.places)]
        by_rate = np.asarray(structure.by_rate, bool)
        with np.errstate(over="ignore"):
            given = ProgramNumbers(
                common=rows[~by_rate, :, 0].T.astype(np.float32),
                by_rate=rows[by_rate].swapaxes(0, 1).astype(np.float32),
                starts=tuple(tuple(np.asarray(x, np.float32) for x in args) for args in starts),
            )
        loop = self._loop(structure, len(batch.rates))
        stages = np.asarray(length.stages, np.int32)
        return jax.device_get(loop(given, stages, thresholds, inputs, data))

    def _loop(self, structure: Structure, rates: int) -> Callable[..., LaneResults]:
        key = (structure, rates)
        if key not in self._loops:
            self._loops[key] = jax.jit(self._function(structure, rates))
            while len(self._loops) > self.kept:
                _, oldest = self._loops.popitem(last=False)
                oldest.clear_cache()
        self._loops.move_to_end(key)
        return self._loops[key]

    def _function(self, structure: Structure, rates: int) -> Callable[..., LaneResults]:
        def whole(
            given: ProgramNumbers,
            stages: Array,
            thresholds: Array,
            inputs: RunInputs,
            data: Data,
        ) -> LaneResults:
            self.compilations += 1  # while it is traced
            answers = self.answers(data)
            params = [jnp.repeat(leaf, rates, axis=0) for leaf in inputs.params]
            slots = jax.vmap(lambda leaves: _initial(structure.program, leaves, given))(params)
            advance = _advance(structure, given, answers)
            evaluated = partial(_evaluated, structure.point)
            rule = Rule(advance, evaluated, structure.point is not None)
            return train(answers, stages, rule, params, slots, inputs, thresholds)

        return whole


def _initial(program: Program, leaves: list[Array], given: ProgramNumbers) -> dict[str, Any]:
    """The slots of one lane before the first step."""
    return {
        name: initial(init, leaves, jnp, args)
        for (name, init), args in zip(program.slots.items(), given.starts, strict=True)
    }


def _evaluated(point: str | None, params: list[Array], slots: dict[str, Any]) -> list[Array]:
    """The point to evaluate, which is in a slot unless it is the parameters."""
    return params if point is None else slots[point]


def _advance(structure: Structure, given: ProgramNumbers, answers: Answers) -> Any:
    program = structure.program
    names = list(program.hyperparameters)
    common = [name for name, by in zip(names, structure.by_rate, strict=True) if not by]
    differing = [name for name, by in zip(names, structure.by_rate, strict=True) if by]

    def advance(
        context: StepContext, params: list[Array], slots: dict[str, Any], gradient: list[Array]
    ) -> tuple[list[Array], dict[str, Any]]:
        shared = dict(zip(common, given.common[context.at], strict=True))
        rows = jnp.asarray(given.by_rate)[context.at].T
        tree = jax.tree.structure(params)
        lanes = len(params[0])

        def of_lane(seed: tuple[Array, Array], own: tuple) -> tuple[list[Array], dict[str, Any]]:
            index, key = seed
            leaves, slots, grads, numbers = own
            inputs = {**shared, **dict(zip(differing, numbers, strict=True))}
            if "loss" in program.inputs:
                inputs["loss"] = answers.loss(leaves, index)
            step = JaxStep(tree, leaves, key, context.at, answers.by_argument(index))
            move, slots = run_step(
                program, {"w": leaves, "g": grads, **inputs}, slots, step, NAMESPACE, jax_choose
            )
            return [w - by for w, by in zip(leaves, move, strict=True)], slots

        own = (params, slots, gradient, jnp.tile(rows, (lanes // len(rows), 1)))
        return over_lanes(of_lane, (context.batch, context.keys), own)

    return advance
