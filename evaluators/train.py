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


class _Ready(NamedTuple):
    """What a run takes besides the program: arrays on the device, by seed."""

    params: list[np.ndarray]
    device_params: list[Array]
    order: Array
    seeds: Array


class Trainer:
    """Trains models of one task with any program over `primitives`.

    **Arguments:** `steps`: the horizon. `looks`: steps, rising to the horizon, after which the
    validation loss is taken; a third of the horizon and the horizon by default. `width`: seeds that
    run side by side.
    `compilations` counts how often the loop was compiled: once, at the first run.
    """

    def __init__(
        self,
        task: Task,
        steps: int,
        primitives: Sequence[str],
        width: int = 2,
        capacity: Capacity | None = None,
        looks: Sequence[int] = (),
    ):
        self.task = task
        self.steps = steps
        self.looks = tuple(looks) or horizons(steps)
        if list(self.looks) != sorted({*self.looks, steps}) or self.looks[0] < 1:
            raise ValueError(f"looks rise from 1 to the horizon {steps}, met {self.looks}")
        self.last = steps + max(steps // BEYOND, 1)
        self.width = width
        example = prepare(task, [0], 1)
        leaves, self._tree = jax.tree.flatten(example.params)
        layout = Layout(tuple(leaf.shape[1:] for leaf in leaves))
        self.machine = Machine(layout, primitives, capacity)
        self._data = jax.device_put(example.data)
        self._stages = np.asarray((*self.looks, self.last), np.int32)
        self.compilations = 0
        self._run = jax.jit(self._train)
        self._ready = lru_cache(maxsize=8)(self._prepare)
        self._registers = lru_cache(maxsize=16)(self._first_registers)

    def run(
        self,
        program: Program,
        seeds: Sequence[int],
        rates: Sequence[float] | None = None,
        bar: Sequence[float] | None = None,
    ) -> list[list[Trained]]:
        """Train with a program once per rate and seed.

        **Arguments:** `rates`: values of the hyperparameter `lr`; its default alone if None. `bar`:
        a loss for each look above which a run is given up; none if None.
        **Returns:** runs [rate][seed].
        **Raises:** DoesNotFit if the machine cannot hold the program.
        """
        rates = [program.hyperparameters.get("lr", _RATE)] if rates is None else rates
        highest = np.full(len(self._stages), np.inf, np.float32)
        highest[: len(bar or ())] = bar or ()
        return [self._run_rate(program, seeds, rate, highest) for rate in rates]

    def _run_rate(
        self, program: Program, seeds: Sequence[int], rate: float, bar: np.ndarray
    ) -> list[Trained]:
        results: list[Trained] = []
        for at in range(0, len(seeds), self.width):
            chunk = tuple(seeds[at : at + self.width])
            padded = chunk + (chunk[-1],) * (self.width - len(chunk))
            results += self._run_chunk(program, padded, rate, bar)[: len(chunk)]
        return results

    def _run_chunk(
        self, program: Program, seeds: tuple[int, ...], rate: float, bar: np.ndarray
    ) -> list[Trained]:
        machine = self.machine
        encoded = machine.encode(program)
        ready = self._ready(seeds)
        lr = np.full(self.last, rate)
        found = self._run(
            machine.tape(encoded, lr, self.steps),
            self._registers(encoded.slots, seeds),
            ready.device_params,
            ready.order,
            ready.seeds,
            self._data,
            bar,
        )
        losses, stopped, finite, hopeless = (np.asarray(each).tolist() for each in found)
        return [
            Trained(tuple(row[:-1]), row[-1], at if at <= self.last else None, ok, given_up)
            for row, at, ok, given_up in zip(losses, stopped, finite, hopeless, strict=True)
        ]

    def _prepare(self, seeds: tuple[int, ...]) -> _Ready:
        prepared = prepare(self.task, seeds, self.last)
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
        bar: Array,
    ) -> tuple[Array, Array, Array, Array]:
        """(losses [width, stages], first bad step or last + 1, finite, hopeless), by seed.

        Arrays have seeds in front; `order` is [steps, width, batch], `bar` [stages].
        """
        self.compilations += 1  # while it is traced
        never = jnp.int32(self.last + 1)

        def value_fn(leaves: list[Array], batch: Array) -> Array:
            return self.task.loss(self._params(leaves), data, batch)

        keys = jax.vmap(jax.random.key)(seeds)

        def one_step(at: Array, carry: tuple) -> tuple:
            params, registers = carry
            gradient = jax.vmap(jax.grad(value_fn))(params, order[at])
            return self.machine.step(
                tape, at, registers, params, gradient, value_fn, order[at], keys
            )

        def stage(run: _State, target: tuple[Array, Array]) -> tuple[_State, Array]:
            end, highest = target

            def until_next_look(run: _State) -> _State:
                look = jnp.minimum(run.at + CHECK_EVERY, end)
                params, registers = jax.lax.fori_loop(
                    run.at, look, one_step, (run.params, run.registers)
                )
                bad = jnp.where(_sane(params), never, look)
                stopped = jnp.minimum(run.stopped, bad)
                return _State(look, params, registers, stopped, run.hopeless)

            def going(run: _State) -> Array:
                return (run.at < end) & jnp.any(run.going(never))

            run = jax.lax.while_loop(going, until_next_look, run)
            reached = (run.at == end) & run.going(never)
            validate = jax.vmap(lambda leaves: self.task.validate(self._params(leaves), data))
            loss = jax.lax.cond(
                jnp.any(reached), validate, lambda _: jnp.full(reached.shape, jnp.nan), run.params
            )
            return run._replace(hopeless=run.hopeless | (reached & (loss > highest))), jnp.where(
                reached, loss, jnp.nan
            )

        start = _State(
            jnp.int32(0),
            params,
            registers,
            jnp.full(seeds.shape, never),
            jnp.zeros(seeds.shape, bool),
        )
        run, losses = jax.lax.scan(stage, start, (jnp.asarray(self._stages), bar))
        finite = jnp.ones(seeds.shape, bool)
        for leaf in run.params:
            finite &= jnp.all(jnp.isfinite(leaf), axis=tuple(range(1, leaf.ndim)))
        return losses.T, run.stopped, finite, run.hopeless

    def _params(self, leaves: list[Array]) -> object:
        return jax.tree.unflatten(self._tree, leaves)


class _State(NamedTuple):
    """A training under way; arrays have seeds in front."""

    at: Array
    params: list[Array]
    registers: Array
    stopped: Array
    hopeless: Array

    def going(self, never: Array) -> Array:
        """Which seeds have neither failed nor been given up."""
        return (self.stopped == never) & ~self.hopeless


def horizons(steps: int) -> tuple[int, ...]:
    """The two horizons at which a run of `steps` steps is judged: short memories win the first,
    patience the second."""
    return tuple(sorted({max(steps // 3, 1), steps}))


def _sane(params: list[Array]) -> Array:
    """Whether all parameters of a seed are finite and of sane size, [seeds]."""
    largest = [jnp.max(jnp.abs(leaf), axis=tuple(range(1, leaf.ndim))) for leaf in params]
    return jnp.max(jnp.stack(largest), axis=0) <= SANE


def searchable() -> tuple[str, ...]:
    """The primitives that mutation draws unless told otherwise, and those that the zoo's
    first-order rules need: what a machine carries by default."""
    return tuple(name for name, p in PRIMITIVES.items() if p.weight > 0 or p.signature.elementwise)
