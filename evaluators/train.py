"""The training loop: one compiled function per task runs any program on several seeds.

Parameters, data, order, code and constants are arguments, so neither a new program nor a new seed
or constant compiles anything. Seeds run side by side (`vmap`) under one program, whose
instructions are the same for all of them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dsl.machine import Capacity, Layout, Machine, Slots, Tape
from dsl.program import Program
from dsl.registry import PRIMITIVES
from evaluators.task import Data, Task, prepare

SANE = 1e4
"""Largest magnitude a parameter may reach: a loss can be fooled by weights far beyond it."""

CHECK_EVERY = 10
"""Steps between looks at the parameters; a run that has failed goes on to the next look."""

_RATE = 1e-3
"""The rate of a program that has no hyperparameter `lr`; nothing reads it."""


class Trained(NamedTuple):
    """One run: the validation loss at the end, and where it was given up, if it was."""

    loss: float
    stopped: int | None
    """The number of steps after which a look found a parameter not finite or not sane."""
    finite: bool
    """Whether all was finite when training ended."""


class _Ready(NamedTuple):
    """What a run takes besides the program: arrays on the device, by seed."""

    params: list[np.ndarray]
    device_params: list[Array]
    order: Array
    seeds: Array


class Trainer:
    """Trains models of one task with any program over `primitives`.

    **Arguments:** `steps`: of training. `width`: seeds that run side by side.
    `compilations` counts how often the loop was compiled: once, at the first run.
    """

    def __init__(
        self,
        task: Task,
        steps: int,
        primitives: Sequence[str],
        width: int = 2,
        capacity: Capacity | None = None,
    ):
        self.task = task
        self.steps = steps
        self.width = width
        example = prepare(task, [0], 1)
        leaves, self._tree = jax.tree.flatten(example.params)
        layout = Layout(tuple(leaf.shape[1:] for leaf in leaves))
        self.machine = Machine(layout, primitives, capacity)
        self._data = jax.device_put(example.data)
        self.compilations = 0
        self._run = jax.jit(self._train)
        self._ready = lru_cache(maxsize=8)(self._prepare)
        self._registers = lru_cache(maxsize=16)(self._first_registers)

    def run(self, program: Program, seeds: Sequence[int]) -> list[Trained]:
        """Train with a program once per seed; DoesNotFit if the machine cannot hold it."""
        results: list[Trained] = []
        for at in range(0, len(seeds), self.width):
            chunk = tuple(seeds[at : at + self.width])
            padded = chunk + (chunk[-1],) * (self.width - len(chunk))
            results += self._run_chunk(program, padded)[: len(chunk)]
        return results

    def _run_chunk(self, program: Program, seeds: tuple[int, ...]) -> list[Trained]:
        machine = self.machine
        encoded = machine.encode(program)
        ready = self._ready(seeds)
        lr = np.full(self.steps, program.hyperparameters.get("lr", _RATE))
        loss, stopped, finite = self._run(
            machine.tape(encoded, lr),
            self._registers(encoded.slots, seeds),
            ready.device_params,
            ready.order,
            ready.seeds,
            self._data,
        )
        return [
            Trained(value, at if at <= self.steps else None, ok)
            for value, at, ok in zip(
                np.asarray(loss, float).tolist(),
                np.asarray(stopped).tolist(),
                np.asarray(finite).tolist(),
                strict=True,
            )
        ]

    def _prepare(self, seeds: tuple[int, ...]) -> _Ready:
        prepared = prepare(self.task, seeds, self.steps)
        leaves = jax.tree.leaves(prepared.params)
        order = jax.device_put(np.ascontiguousarray(prepared.order.swapaxes(0, 1)))
        numbers = np.asarray([seed % 2**32 for seed in seeds], np.uint32)
        return _Ready(leaves, jax.device_put(leaves), order, jax.device_put(numbers))

    def _first_registers(self, slots: Slots, seeds: tuple[int, ...]) -> Array:
        return jax.device_put(self.machine.registers(slots, self._ready(seeds).params))

    def _train(
        self,
        tape: Tape,
        registers: Array,
        params: list[Array],
        order: Array,
        seeds: Array,
        data: Data,
    ) -> tuple[Array, Array, Array]:
        """(loss, first bad step or steps + 1, finite), each [width]; arrays have seeds in front,
        `order` is [steps, width, batch]."""
        self.compilations += 1  # while it is traced
        end = jnp.int32(self.steps)

        def value_fn(leaves: list[Array], batch: Array) -> Array:
            return self.task.loss(self._params(leaves), data, batch)

        keys = jax.vmap(jax.random.key)(seeds)

        def one_step(at: Array, carry: tuple) -> tuple:
            params, registers = carry
            gradient = jax.vmap(jax.grad(value_fn))(params, order[at])
            return self.machine.step(
                tape, at, registers, params, gradient, value_fn, order[at], keys
            )

        def until_next_look(carry: tuple) -> tuple:
            at, params, registers, stopped = carry
            look = jnp.minimum(at + CHECK_EVERY, end)
            params, registers = jax.lax.fori_loop(at, look, one_step, (params, registers))
            stopped = jnp.where(_sane(params), stopped, jnp.minimum(stopped, look))
            return look, params, registers, stopped

        def going(carry: tuple) -> Array:
            at, _, _, stopped = carry
            return (at < end) & jnp.any(stopped > end)

        stopped = jnp.full(seeds.shape, end + 1)
        start = (jnp.int32(0), params, registers, stopped)
        _, params, _, stopped = jax.lax.while_loop(going, until_next_look, start)
        validate = jax.vmap(lambda leaves: self.task.validate(self._params(leaves), data))
        loss = validate(params)
        finite = jnp.isfinite(loss)
        for leaf in params:
            finite &= jnp.all(jnp.isfinite(leaf), axis=tuple(range(1, leaf.ndim)))
        return loss, stopped, finite

    def _params(self, leaves: list[Array]) -> object:
        return jax.tree.unflatten(self._tree, leaves)


def _sane(params: list[Array]) -> Array:
    """Whether all parameters of a seed are finite and of sane size, [seeds]."""
    largest = [jnp.max(jnp.abs(leaf), axis=tuple(range(1, leaf.ndim))) for leaf in params]
    return jnp.max(jnp.stack(largest), axis=0) <= SANE


def searchable() -> tuple[str, ...]:
    """The primitives that mutation draws unless told otherwise, and those that the zoo's
    first-order rules need: what a machine carries by default."""
    return tuple(name for name, p in PRIMITIVES.items() if p.weight > 0 or p.signature.elementwise)
