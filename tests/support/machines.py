"""Paths of programs on a small model: through a machine, and as the interpreter takes them."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import dsl
from dsl.language.registry import PRIMITIVES
from dsl.language.sources import LOSS
from dsl.rewrite.liveness import sources
from dsl.rewrite.lower import spelled_out, without_cancellation
from dsl.rewrite.point import keeping_point
from dsl.run.interpret import run_step
from dsl.run.jax_step import JaxStep
from dsl.run.machine import Capacity, Layout, Machine, Tape
from dsl.run.values import initial
from dsl.zoo import ZOO

STEPS = 4
SHAPES = ((), (3,), (2, 3), (2, 1, 2, 2))
SEED = 11
ROOM = Capacity(registers=40, instructions=160)
"""For the widest rule of the zoo, which a machine of a search need not hold."""

RNG = np.random.Generator(np.random.PCG64(3))
LEAVES = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]
TARGETS = [np.asarray(RNG.normal(size=(STEPS, *shape))) for shape in SHAPES]


def loss(leaves, targets):
    """Smooth, and mixes the tensors, so that its Hessian is not diagonal."""
    own = sum(
        jnp.sum((leaf - t) ** 2 + 0.1 * leaf**4) for leaf, t in zip(leaves, targets, strict=True)
    )
    return own + 0.05 * sum(jnp.sum(leaf) for leaf in leaves) ** 2


def flat(leaves):
    return jnp.concatenate([jnp.reshape(leaf, -1) for leaf in leaves])


class Runner(NamedTuple):
    """The path of a program through one compiled machine: its parameters after each step and the
    point to evaluate then [STEPS, 2 * entries]."""

    path: Callable[[dsl.Program], np.ndarray]
    compilations: Callable[[], int]


def runner(built: Machine) -> Runner:
    """Paths through one compiled loop around a machine."""

    def functions(batch):
        return {LOSS.argument: lambda leaves: loss(leaves, batch)}

    @jax.jit
    def run(tape, params, targets):
        registers = built.registers(tape, params)

        def body(i, carry):
            params, registers, path = carry
            batch = [t[:, i] for t in targets]
            gradient = jax.vmap(jax.grad(loss))(params, batch)
            keys = jax.vmap(jax.random.key)(jnp.asarray([SEED]))
            params, registers = built.step(
                tape, i, registers, params, gradient, functions, batch, keys
            )
            point = built.evaluated(tape, registers, params)
            return params, registers, path.at[i].set(flat([*params, *point]))

        path = jnp.zeros((STEPS, 2 * built.layout.size))
        return jax.lax.fori_loop(0, STEPS, body, (params, registers, path))[2]

    def path(program):
        encoded = built.encode(program)
        tape = built.tape(encoded, np.full(STEPS, program.hyperparameters.get("lr", 0.0)))
        params = [leaf[None] for leaf in LEAVES]
        return np.asarray(run(tape, params, [t[None] for t in TARGETS]))

    return Runner(path, run._cache_size)


value_and_gradient = jax.jit(jax.value_and_grad(loss))
TREE = jax.tree.structure(LEAVES)


@partial(jax.jit, static_argnums=0)
def drawn(draw, like, count, stream):
    return JaxStep(TREE, like, jax.random.key(SEED), count, {}).noise(draw, stream)


@partial(jax.jit, static_argnums=0)
def answer(name, leaves, targets, count, args):
    asked = {LOSS.argument: lambda at: loss(at, targets)}
    step = JaxStep(TREE, leaves, jax.random.key(SEED), count, asked)
    return step.ask(PRIMITIVES[name], *args)


class NumpyStep(NamedTuple):
    """Noise and oracles for the interpreter in NumPy; each is compiled once for all programs."""

    leaves: list
    targets: list
    count: int

    def noise(self, draw, stream, like=None):
        leaves = self.leaves if like is None else like
        return jax.tree.map(np.array, drawn(draw, leaves, self.count, float(stream)))

    def ask(self, oracle, *args):
        made = answer(oracle.name, self.leaves, self.targets, self.count, args)
        return jax.tree.map(np.array, made)


def interpreted(program, nudge=0.0):
    """The path of the interpreter in NumPy, on the program as Optax is given it."""
    program = without_cancellation(spelled_out(program), program.hyperparameters)
    program, point = keeping_point(program)
    params = [np.asarray(leaf * (1 + nudge)) for leaf in LEAVES]
    slots, path = {name: initial(init, params, np) for name, init in program.slots.items()}, []
    for step in range(STEPS):
        targets = [t[step] for t in TARGETS]
        value, gradient = jax.tree.map(np.array, value_and_gradient(params, targets))
        inputs = {"w": params, "g": gradient, "t": np.float64(step + 1), "T": float(STEPS)}
        inputs |= {"loss": value, **program.hyperparameters}
        move, slots = run_step(program, inputs, slots, NumpyStep(params, targets, step), np)
        with np.errstate(all="ignore"):
            params = [leaf - part for leaf, part in zip(params, move, strict=True)]
        seen = [*params, *(params if point is None else slots[point])]
        path.append(np.concatenate([np.ravel(leaf) for leaf in seen]))
    return np.stack(path)


def instructions(program: dsl.Program) -> list[str]:
    """One step of a machine with every primitive."""
    machine = Machine(Layout.of(LEAVES), dtype=np.float64)
    return run_by(machine, machine.tape(machine.encode(program), np.ones(1)), 0)


def run_by(machine: Machine, tape: Tape, step: int) -> list[str]:
    """One step of the machine."""
    return [machine._opcodes[op].name for op in tape.op[slice(*tape.spans[step])]]


BEYOND_THE_LOSS = [name for name, rule in ZOO.items() if set(sources(rule)) - {LOSS}]
"""Rules that ask the caller for more than a machine is given."""
