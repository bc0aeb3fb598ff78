"""The features of Optax that its own optimizers are tested for, tried on exported ones.

A step must be accepted as Optax and JAX hand it on, keep every shape and dtype, and be the same
step, operation by operation, as that of a plain training. That this is the rule's, other tests
say.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from tests.support.exporting import RULES, extra
from tests.support.features import Features
from tests.support.optax_steps import (
    NUMBER,
    avals,
    compiled,
    function_of,
    kept,
    made,
    params_of,
    same,
    stepped,
    traced,
)

FEATURES = Features()
feature = FEATURES.named
AUTOMATIC = "use automatic axes"


@feature("a schedule for the rate")
def scheduled(name: str) -> str | None:
    if "lr" not in RULES[name].hyperparameters:
        return "has no rate `lr`"
    return _evaluated(name, "learning_rate")


@feature("a schedule for the weight decay")
def decay_scheduled(name: str) -> str | None:
    if "wd" not in RULES[name].hyperparameters:
        return "has no weight decay"
    return _evaluated(name, "weight_decay")


def _evaluated(name: str, argument: str) -> None:
    seen, params = [], params_of(name)

    def schedule(count: Any) -> Any:
        seen.append(jax.typeof(count).dtype)
        return 0.5 / (1 + count)

    found = traced(compiled(made(name, **{argument: schedule})), params)
    kept(name, found, params)
    assert seen and set(seen) == {jnp.dtype("int32")}


@feature("`mask` of the weight decay")
def masked_decay(name: str) -> str | None:
    if "wd" not in RULES[name].hyperparameters:
        return "has no weight decay"
    params = params_of(name)
    optimizer = made(name, mask=[leaf.ndim > 1 for leaf in params])
    kept(name, traced(compiled(optimizer), params), params)


@feature("`mu_dtype`")
def momentum_dtype(name: str) -> str | None:
    params = params_of(name)
    optimizer = made(name, mu_dtype=jnp.bfloat16)
    found = traced(compiled(optimizer), params)
    kept(name, found, params)
    assert jnp.dtype(jnp.bfloat16) in {dtype for _, dtype, *_ in avals(found.after)}


@feature("`optax.inject_hyperparams`")
def injected(name: str) -> str | None:
    own, params = extra(RULES[name]), params_of(name)
    optimizer = optax.inject_hyperparams(function_of(name), static_args=tuple(own))(**own)
    kept(name, traced(compiled(optimizer), params), params)


@feature("`optax.chain`")
def chained(name: str) -> str | None:
    same(name, optax.chain(optax.identity(), stepped(name)))


@feature("`optax.apply_if_finite`")
def if_finite(name: str) -> str | None:
    same(name, optax.apply_if_finite(stepped(name), 3))


@feature("`optax.MultiSteps`")
def several(name: str) -> str | None:
    same(name, optax.MultiSteps(stepped(name), 2))


@feature("`optax.masked`")
def masked(name: str) -> str | None:
    params = {"model": params_of(name), "rest": jnp.ones(2)}
    same(name, optax.masked(stepped(name), {"model": True, "rest": False}), params)


@feature("`optax.partition`")
def parted(name: str) -> str | None:
    params = {"model": params_of(name), "rest": jnp.ones(2)}
    parts = {"exported": stepped(name), "plain": optax.sgd(0.1)}
    same(name, optax.partition(parts, {"model": "exported", "rest": "plain"}), params)


@feature("no parameters, as of a label of `optax.partition` that none has")
def no_parameters(name: str) -> str | None:
    kept(name, traced(stepped(name), {}), {})


@feature("`None` for a parameter")
def none(name: str) -> str | None:
    same(name, stepped(name), {"model": params_of(name), "none": None})


@partial(jax.tree_util.register_dataclass, data_fields=["w"], meta_fields=["label"])
@dataclass
class Module:
    """A layer, as libraries of models have them."""

    w: Any
    label: str


@feature("modules for parameters")
def modules(name: str) -> str | None:
    same(name, stepped(name), Module([Module(leaf, "layer") for leaf in params_of(name)], "model"))


@feature("`jax.eval_shape` of `init`")
def abstract(name: str) -> str | None:
    shapes = jax.eval_shape(lambda: params_of(name))
    found = jax.eval_shape(made(name).init, shapes)
    assert avals(found) == avals(made(name).init(params_of(name)))


@feature("`init` of `jax.ShapeDtypeStruct`")
def of_shapes(name: str) -> str | None:
    shapes = jax.eval_shape(lambda: params_of(name))
    try:
        found = made(name).init(shapes)
    except TypeError:
        return "starts at the values of the parameters: `jax.eval_shape(init, shapes)`"
    assert avals(found) == avals(jax.eval_shape(made(name).init, shapes))


@feature("a state that keeps its dtypes and shapes, so that nothing is compiled twice")
def stable(name: str) -> str | None:
    params = params_of(name)
    optimizer = stepped(name)
    state = optimizer.init(params)
    after = traced(optimizer, params).after
    assert avals(state) == avals(after) and jax.tree.structure(state) == jax.tree.structure(after)


@feature("`bfloat16` parameters")
def half(name: str) -> str | None:
    params = [leaf.astype(jnp.bfloat16) for leaf in params_of(name)]
    kept(name, traced(stepped(name), params), params)


@feature("donated buffers")
def donated(name: str) -> str | None:
    params = params_of(name)
    leaves = jax.tree.leaves((params, made(name).init(params)))
    plain = [x for x in leaves if not jnp.issubdtype(x.dtype, jax.dtypes.prng_key)]
    assert len({x.unsafe_buffer_pointer() for x in plain}) == len(plain)


@feature("`jax.lax.scan`")
def scanned(name: str) -> str | None:
    optimizer = stepped(name)

    def run(params: Any, value: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            here, state = carry
            moves, state = optimizer.update(here, state, here, value=value)
            return (optax.apply_updates(here, moves), state), None

        return jax.lax.scan(step, (params, optimizer.init(params)), None, 2)

    jax.eval_shape(run, params_of(name), NUMBER)


@feature("`jax.vmap`")
def vectorized(name: str) -> str | None:
    optimizer = stepped(name)
    several = jax.tree.map(lambda x: jnp.stack([x, x]), params_of(name))

    def step(params: Any, value: Any) -> Any:
        state = optimizer.init(params)
        return optimizer.update(params, state, params, value=value)

    over = jax.vmap(step, in_axes=(0, None))
    moves, _ = jax.eval_shape(over, several, NUMBER)
    assert avals(moves) == avals(several)


@feature("`optax.tree.map_params`")
def mapped(name: str) -> str | None:
    params, optimizer = params_of(name), made(name)
    state = optimizer.init(params)
    again = optax.tree.map_params(optimizer, lambda x: x, state)
    assert avals(again) == avals(state)


@feature("sharded parameters, on explicit axes")
def sharded(name: str) -> str | None:
    mesh = jax.sharding.AbstractMesh((2,), ("x",), axis_types=(jax.sharding.AxisType.Explicit,))

    def placed(leaf: Any) -> Any:
        last = leaf.ndim - 1
        axes = ["x" if at == last and size % 2 == 0 else None for at, size in enumerate(leaf.shape)]
        sharding = jax.sharding.NamedSharding(mesh, jax.P(*axes))
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)

    params = [placed(leaf) for leaf in params_of(name)]
    with jax.sharding.use_abstract_mesh(mesh):
        try:
            found = traced(stepped(name), params)
        except Exception as error:
            if type(error).__name__ == "ShardingTypeError":
                return f"makes matrices or blocks, whose sharding JAX does not infer: {AUTOMATIC}"
            assert "cond branches" in str(error), error
            return f"chooses between what is sharded differently: {AUTOMATIC}"
    if avals(found.after) != avals(found.before):
        return f"keeps parts of tensors that are sharded only after a step: {AUTOMATIC}"
    if avals(found.moves) != avals(params):
        return f"moves by numbers that are not sharded as the parameters are: {AUTOMATIC}"


@feature("complex parameters")
def complex_parameters(name: str) -> str | None:
    state = made(name).init([jnp.ones(2, jnp.complex64)])
    raise AssertionError(f"complex parameters are taken: {state}")
