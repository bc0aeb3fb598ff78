"""Exported Optax optimizers, made and traced.

Nothing is compiled: a step is traced as a plain training takes it, then as Optax and JAX hand it
on, and the two are compared operation by operation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import optax

from dsl.export import to_optax_source
from dsl.export.names import safe
from tests.support.exporting import RULES, begin, extra, loaded

NUMBER = jax.ShapeDtypeStruct((), jnp.float32)


Made = optax.GradientTransformationExtraArgs


@cache
def function_of(name: str) -> Callable[..., Made]:
    """The function in the exported file of a rule."""
    return loaded(to_optax_source(RULES[name]))[safe(name)]


def made(name: str, **more: Any) -> Made:
    """The exported optimizer of a rule."""
    return function_of(name)(**extra(RULES[name]), **more)


@cache
def params_of(name: str) -> list[jax.Array]:
    """The parameters before the first step."""
    return [jnp.asarray(leaf) for leaf in begin(RULES[name], "float32")]


def loss(at: Any) -> Any:
    """The loss of parameters that are in any tree."""
    return sum(jnp.sum(jnp.square(jnp.tanh(leaf))) for leaf in jax.tree.leaves(at))


def losses(at: Any) -> Any:
    """The losses of three examples."""
    return jnp.stack([loss(at), 2 * loss(at), jnp.square(loss(at))])


ASKED = {
    "value_fn": loss,
    "losses_fn": losses,
    "full_fn": lambda at: 3 * loss(at),
    "sampled_fn": lambda at, key: loss(at) * jax.random.normal(key),
    "outputs_fn": lambda at: (losses(at), jnp.mean),
}
"""The functions that a rule may ask for."""


@lru_cache(maxsize=4)
def stepped(name: str) -> Made:
    """The optimizer of a rule, whose step is a compiled function `exported`."""
    return compiled(made(name))


def compiled(optimizer: Made) -> Made:
    """An optimizer whose step is a compiled function `exported`."""

    def exported(updates: Any, state: Any, params: Any, value: Any) -> Any:
        return optimizer.update(updates, state, params, value=value, **ASKED, unknown=1)

    step = jax.jit(exported)

    def update(updates: Any, state: Any, params: Any = None, *, value: Any, **_: Any) -> Any:
        return step(updates, state, params, value)

    return Made(optimizer.init, update)


@dataclass(frozen=True)
class Traced:
    """An update as it was traced: its jaxpr, and the state before and after it, and the move."""

    jaxpr: Any
    before: Any
    after: Any
    moves: Any

    @property
    def steps(self) -> list[Any]:
        """The steps of exported optimizers in it, each as its operations."""
        return [*_steps(self.jaxpr)]


def _steps(jaxpr: Any) -> Iterator[Any]:
    for equation in jaxpr.eqns:
        inner = equation.params.get("jaxpr")
        if equation.params.get("name") == "exported":
            yield inner
            continue
        for part in (inner, *equation.params.get("branches", ())):
            if part is not None:
                yield from _steps(getattr(part, "jaxpr", part))


def traced(optimizer: Any, params: Any) -> Traced:
    """The update of an optimizer on parameters, from the state that `init` makes."""
    before = jax.eval_shape(optimizer.init, params)
    jaxpr, (moves, after) = jax.make_jaxpr(
        lambda g, s, p, value: optimizer.update(g, s, p, value=value), return_shape=True
    )(params, before, params, NUMBER)
    return Traced(jaxpr.jaxpr, before, after, moves)


def kept(name: str, found: Traced, params: Any) -> None:
    """Fail unless the state keeps what it is, and the move is like the parameters."""
    assert avals(found.after) == avals(found.before), name
    assert jax.tree.structure(found.after) == jax.tree.structure(found.before), name
    assert avals(found.moves) == avals(params), name
    assert jax.tree.structure(found.moves) == jax.tree.structure(params), name


def avals(tree: Any) -> list[Any]:
    """Shape, dtype, weakness and sharding of the leaves of a tree."""
    leaves = [jax.typeof(x) if isinstance(x, jax.Array) else x for x in jax.tree.leaves(tree)]
    return [(x.shape, x.dtype, x.weak_type, _axes(x)) for x in leaves]


def _axes(x: Any) -> Any:
    """The axes that an array is sharded on, without those it is not."""
    spec = getattr(x.sharding, "spec", None) or ()
    return [(at, axis) for at, axis in enumerate(spec) if axis is not None]


@cache
def plain(name: str) -> Any:
    """The step of a plain training as its operations."""
    params = params_of(name)
    found = traced(stepped(name), params)
    kept(name, found, params)
    (step,) = found.steps
    return step


@cache
def listed(name: str) -> str:
    """The same as text."""
    return str(plain(name))


def same(name: str, wrapped: Any, params: Any = None) -> None:
    """Fail unless a wrapped optimizer takes the plain step."""
    params = params_of(name) if params is None else params
    found = traced(wrapped, params)
    kept(name, found, params)
    assert found.steps, name
    for step in found.steps:
        assert step is plain(name) or str(step) == listed(name), name
