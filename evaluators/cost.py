"""The cost of a step on a task: the operations of a gradient, the gradients that a rule takes, and
the steps that it gets at that price.

Operations are counted without running or compiling anything.
"""

import functools
import math
from typing import Any

import jax
from jax.extend import core

from dsl.language.cost import Unit
from dsl.program import Program
from dsl.rewrite.liveness import live, sources
from dsl.rewrite.oracle_calls import gradients_asked
from evaluators.task import Task, prepare

_MOVES = frozenset(
    (
        "broadcast_in_dim",
        "reshape",
        "transpose",
        "squeeze",
        "expand_dims",
        "concatenate",
        "slice",
        "dynamic_slice",
        "dynamic_update_slice",
        "gather",
        "pad",
        "rev",
        "iota",
        "convert_element_type",
        "bitcast_convert_type",
        "copy",
        "stop_gradient",
        "select_n",
        "split",
    )
)
"""Primitives that move numbers without computing."""


def flops(task: Task) -> int:
    """Floating-point operations of one gradient of the training loss.

    A product of matrices counts two for each pair that meets; a reduction or a scatter one per
    element that goes in; anything else one per element that comes out (an exponential as much as
    an addition). A loop counts as often as it turns. So the number is that of the mathematics,
    the same on every machine, and a little above what a compiler leaves to do.
    """
    ready = prepare(task, [0], 1)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    traced = jax.make_jaxpr(jax.grad(task.loss))(params, ready.data, ready.order[0, 0])
    return _of(traced.jaxpr)


def gradients(task: Task, program: Program) -> float:
    """The cost of a program's step, in gradients that take as long; the update itself is left out.

    The gradient is 1 where the program reads it, and its oracles cost what their primitives
    declare; one that the data decide about counts as asked.
    """
    reads = live(program).names
    loss = Unit.LOSS.gradients if "loss" in reads else 0.0
    own = 1.0 if "g" in reads else loss
    return own + (gradients_asked(program, _sizes(task)) if sources(program) else 0.0)


def steps_at_price(program: Program, task: Task, steps: int) -> int:
    """The steps that a program gets where others get `steps` of one gradient each: as many as take
    the same number of gradients, at least one and never more than `steps`.

    A program that asks two gradients more per step gets a third; one that asks them on every tenth
    step, steps / 1.2. To the nearest whole number, half a step up.
    """
    return max(math.floor(steps / max(gradients(task, program), 1.0) + 0.5), 1)


@functools.cache
def _sizes(task: Task) -> dict[str, float]:
    """The sizes in costs of oracles, see `dsl.language.cost`; a mask counts as full, a search as
    ten iterations."""
    ready = prepare(task, [0], 1)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    index = ready.order[0, 0]
    made: Any = ()
    if task.outputs is not None:
        outputs = task.outputs
        made = jax.eval_shape(lambda at: outputs(at, ready.data, index)[0], params)
    entries = task.parameters()
    return {
        "n": entries,
        "m": entries,
        "b": len(index),
        "o": sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(made)),
        "d": math.ceil(task.examples() / len(index)),
        "i": 10,
    }


def _of(jaxpr: core.Jaxpr) -> int:
    return sum(_of_equation(equation) for equation in jaxpr.eqns)


def _of_equation(equation: core.JaxprEqn) -> int:
    name = equation.primitive.name
    inner = [_of(jaxpr) for value in equation.params.values() for jaxpr in _jaxprs(value)]
    if name == "scan":
        return equation.params["length"] * sum(inner)
    if name == "cond":
        return max(inner)
    if inner and not name.startswith(("scatter", "reduce", "cum")):
        return sum(inner)
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        shape = _shape(equation.invars[0])
        return 2 * _size(equation.outvars[0]) * math.prod(shape[axis] for axis in contracted)
    if name in _MOVES or name.startswith("random"):
        return 0
    if name.startswith("scatter"):
        return _size(equation.invars[2])
    if name.startswith("reduce"):
        return sum(_size(variable) for variable in equation.invars)
    return sum(_size(variable) for variable in equation.outvars)


def _jaxprs(value: Any) -> list[core.Jaxpr]:
    """The programs among an equation's parameters."""
    values = value if isinstance(value, tuple | list) else (value,)
    found = [getattr(each, "jaxpr", each) for each in values]
    return [each for each in found if isinstance(each, core.Jaxpr)]


def _shape(variable: Any) -> tuple[int, ...]:
    return variable.aval.shape


def _size(variable: Any) -> int:
    return math.prod(_shape(variable))
