"""The features of Optax that its own optimizers are tested for, tried on exported ones.

Nothing is compiled. A step is traced once as a plain training takes it; then as Optax and JAX hand
it on, which must be accepted, keep every shape and dtype, and be the same step, operation by
operation, as the plain one. That this step is the rule's, other tests say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from dsl.export import to_optax_source
from dsl.export.names import safe
from tests.support.exporting import RULES, begin, extra, loaded
from tests.support.features import Features

FEATURES = Features()
feature = FEATURES.named
AUTOMATIC = "use automatic axes"
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
