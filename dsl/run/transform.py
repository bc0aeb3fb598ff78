"""A program as an Optax transformation."""

import numbers
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dsl.errors import DslError
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.language.oracle import Source
from dsl.language.registry import Primitive
from dsl.program import Program, check_hyperparameters
from dsl.rewrite.liveness import draws_noise, live, sources
from dsl.rewrite.lower import spelled_out, without_cancellation
from dsl.run.interpret import Value, run_step


class ProgramState(NamedTuple):
    """State of a program run as an Optax transformation.

    `count` is the number of steps taken (int32), `key` seeds the noise (None if the program draws
    none), `slots` maps a slot's name to a tree like the parameters (Tensor), a tree of numbers
    (Scalar) or a number (Global).
    """

    count: jax.Array  # pyright: ignore[reportIncompatibleMethodOverride]
    key: jax.Array | None
    slots: dict[str, Any]


def to_optax(
    program: Program,
    learning_rate: float | optax.Schedule | None = None,
    *,
    seed: int = 0,
    horizon: int | None = None,
    **hyper: Any,
) -> optax.GradientTransformationExtraArgs:
    """The update rule as an `optax.GradientTransformationExtraArgs`.

    **Arguments:** `learning_rate`: the hyperparameter `lr`, a number or a schedule of the count of
    steps already taken; the program's default if None. `seed`: seeds the noise. `horizon`: the
    input `T`. `hyper`: other hyperparameters by name, numbers or traced arrays.
    **Extra arguments of `update`:** `value`: the loss at `params` (input `loss`). What oracles ask:
    `value_fn(params)`, the loss of the batch; `losses_fn(params)`, the losses of its examples;
    `full_fn(params)`, the loss over all of the data; `sampled_fn(params, key)`, the loss of the
    batch with labels that the model draws; `outputs_fn(params)`, the model's outputs on the batch
    and a function of outputs that is the loss.
    **Raises:** DslError for an unknown hyperparameter, or at the first `update` if something that
    the program reads was not given.
    """
    check_hyperparameters(program, hyper)
    values = {**program.hyperparameters, **hyper}
    if learning_rate is not None:
        check_hyperparameters(program, {"lr": learning_rate})
        values["lr"] = learning_rate
    values = {name: _number(given) for name, given in values.items()}
    program = without_cancellation(spelled_out(program), values)
    reads = live(program).names
    noisy, oracles = draws_noise(program), bool(sources(program))
    if "T" in reads and horizon is None:
        raise DslError(
            f"'{program.name}' reads the horizon T", help="pass horizon=<number of steps>"
        )

    def init(params: Any) -> Any:
        leaves, tree = jax.tree.flatten(params)
        slots = {
            name: _restore(tree, rule.kind, initial(rule, leaves)) for name, rule in program.state
        }
        key = jax.random.key(seed) if noisy else None
        return ProgramState(jnp.zeros((), jnp.int32), key, slots)

    def update(
        updates: Any,
        state: Any,
        params: Any = None,
        *,
        value: Any = None,
        **extra: Any,
    ) -> tuple[Any, Any]:
        if params is None:
            if "w" in reads or oracles:
                raise DslError(
                    f"'{program.name}' reads the parameters",
                    help="call update(grads, state, params)",
                )
            params = updates
        grads, tree = jax.tree.flatten(updates)
        leaves = tree.flatten_up_to(params)
        number_type = jnp.result_type(jnp.float32, *leaves)
        given = {
            "t": (state.count + 1).astype(number_type),
            "T": horizon if horizon is None else float(horizon),
            "loss": value if value is None else jnp.asarray(value, number_type),
        }
        if "loss" in reads and value is None:
            raise DslError(
                f"'{program.name}' reads the loss",
                help="call update(grads, state, params, value=loss)",
            )
        hypers = {
            name: jnp.asarray(given_value(state.count), number_type)
            if callable(given_value)
            else given_value
            for name, given_value in values.items()
        }
        step = JaxStep(tree, leaves, state.key, state.count, extra)
        result, slots = run_step(
            program,
            {"w": leaves, "g": grads, **given, **hypers},
            {name: _flatten(tree, state.slots[name], rule.kind) for name, rule in program.state},
            step,
            jnp,
            jax_choose,
        )
        restored = {name: _restore(tree, rule.kind, slots[name]) for name, rule in program.state}
        steps = jnp.asarray(optax.safe_increment(state.count))
        move = jax.tree.unflatten(tree, [-leaf for leaf in result])
        return move, ProgramState(steps, state.key, restored)

    return optax.GradientTransformationExtraArgs(init, update)


class JaxStep:
    """Noise from a key, and oracles by differentiating what the caller gives.

    The draw of stream `s` (rounded to a whole number) at step `count` (0-based) uses
    `fold_in(fold_in(key, count), s)`, split into one key per parameter tensor. `given` holds the
    functions that sources name.
    """

    def __init__(
        self,
        tree: Any,
        leaves: list[Any],
        key: jax.Array | None,
        count: Any,
        given: Mapping[str, Any],
    ):
        self.tree = tree
        self.leaves = leaves
        self.key = key
        self.count = count
        self.given = given

    def noise(self, draw: str, stream: Any, like: list[Any] | None = None) -> list[Any]:
        sample = {"rademacher": jax.random.rademacher, "normal": jax.random.normal}[draw]
        leaves = self.leaves if like is None else like
        assert self.key is not None
        key = jax.random.fold_in(self.key, self.count)
        key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
        keys = jax.random.split(key, len(leaves))
        return [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]

    def ask(self, oracle: Primitive, *args: Any) -> Any:
        assert oracle.oracle is not None
        own = {"params": self.leaves, "key": self.key, "count": self.count}
        context = (own[name] for name in oracle.oracle.context)
        return oracle.oracle.jax(self.function(oracle.oracle.asks), *context, *args)

    def function(self, source: Source) -> Callable[..., Any]:
        """The function that the caller handed over, on leaves."""
        function = self.given.get(source.argument)
        if function is None:
            raise DslError(
                f"the program asks for {source.holds}",
                help=f"call update(grads, state, params, {source.argument}={source.example})",
            )
        return lambda leaves, *rest: function(jax.tree.unflatten(self.tree, leaves), *rest)


def jax_choose(flag: Any, new: Callable[[], Value], old: Callable[[], Value]) -> Value:
    """`new()` or `old()` by a Global; a flag known while tracing traces one branch only."""
    if isinstance(flag, float):
        return new() if flag != 0 else old()
    return jax.lax.cond(flag != 0, new, old)


def initial(rule: Init, leaves: list[Any], xp: Any = jnp, args: Sequence[Any] = ()) -> Value:
    """The starting value of a slot for parameters `leaves`; `args`: numbers in place of its own."""
    fill = partial(INITIALISERS[rule.rule].fill, xp)
    args = args or rule.args
    with np.errstate(over="ignore"):  # a number too large for the dtype is infinite
        if rule.kind is Kind.GLOBAL:
            return fill(None, *args)
        return [fill(leaf, *args) for leaf in leaves]


def _number(given: Any) -> Any:
    """A number of Python or NumPy as a float, which the step computes with in float64."""
    return float(given) if isinstance(given, numbers.Real) else given


def _flatten(tree: Any, value: Any, kind: Kind) -> Value:
    return value if kind is Kind.GLOBAL else tree.flatten_up_to(value)


def _restore(tree: Any, kind: Kind, value: Value) -> Any:
    return value if kind is Kind.GLOBAL else jax.tree.unflatten(tree, value)
