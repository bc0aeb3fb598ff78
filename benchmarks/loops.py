"""Training loops to hold the trainer against: hand-written Optax, and compiling by program.

All train the model of a task from one seed for as many steps as a trainer does and take the
validation loss at the same looks, with parameters, batches and data prepared outside and passed in.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from evaluators.task import Task, prepare

RATE = 1e-2
BY_HAND: dict[str, Callable[[], optax.GradientTransformation]] = {
    "adamw": lambda: optax.adamw(RATE, weight_decay=1e-2),
    "lion": lambda: optax.lion(RATE, weight_decay=1e-3),
}
"""Rules of the zoo as Optax writes them."""


class Start:
    """The arguments of the loops, on the device."""

    def __init__(self, task: Task, steps: int):
        ready = prepare(task, [0], steps)
        params = jax.tree.map(lambda leaf: leaf[0], ready.params)
        self.args = jax.device_put((params, ready.order[0], ready.data))


def whole_loop(task: Task, rule: optax.GradientTransformation, stages: Sequence[int]) -> Any:
    """A function of `Start.args`, not yet compiled: the losses at `stages`."""

    def train(params: Any, order: Any, data: Any) -> Any:
        def body(at: Any, carry: Any) -> Any:
            params, state = carry
            gradient = jax.grad(task.loss)(params, data, order[at])
            move, state = rule.update(gradient, state, params)
            return optax.apply_updates(params, move), state

        def stage(carry: Any, ends: Any) -> Any:
            carry = jax.lax.fori_loop(*ends, body, carry)
            return carry, task.validate(carry[0], data)

        ends = jnp.asarray([(0, *stages[:-1]), stages]).T
        return jax.lax.scan(stage, (params, rule.init(params)), ends)[1]

    return jax.jit(train)


class UpdateOnly:
    """The gradient compiled once for a task; only the update rule is compiled for a program."""

    def __init__(self, task: Task, start: Start, stages: Sequence[int]):
        self.start = start
        self.stages = stages
        self.gradient = jax.jit(
            lambda params, order, data, at: jax.grad(task.loss)(params, data, order[at])
        )
        self.validate = jax.jit(task.validate)
        params, order, data = start.args
        jax.block_until_ready((self.gradient(params, order, data, 0), self.validate(params, data)))

    def run(self, rule: optax.GradientTransformation) -> Any:
        """The losses at the stages; `rule` is compiled first."""

        @jax.jit
        def update(params: Any, state: Any, gradient: Any) -> Any:
            move, state = rule.update(gradient, state, params)
            return optax.apply_updates(params, move), state

        params, order, data = self.start.args
        state, losses = rule.init(params), []
        for at in range(self.stages[-1]):
            params, state = update(params, state, self.gradient(params, order, data, at))
            if at + 1 in self.stages:
                losses.append(self.validate(params, data))
        return jax.block_until_ready(losses)
