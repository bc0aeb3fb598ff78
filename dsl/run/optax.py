"""A program as an Optax transformation."""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Int32, Key, Shaped

from dsl.errors import DslError
from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.program import Program, check_hyperparameters, check_ranges
from dsl.rewrite.liveness import draws_noise, live, sources
from dsl.rewrite.lower import without_cancellation
from dsl.rewrite.point import keeping_point
from dsl.rewrite.prune import prune
from dsl.run.interpret import run_step
from dsl.run.jax_step import JaxStep, jax_choose
from dsl.run.values import Value, initial


class ProgramState(NamedTuple):
    """State of a program run as an Optax transformation.

    `count` is the number of steps taken, `key` seeds the noise (None if the program draws
    none), `slots` maps a slot's name to a tree like the parameters (Tensor), a tree of numbers
    (Scalar) or a number (Global). A further slot may hold the point of evaluation; `eval_params`
    finds it.
    """

    count: Int32[Array, ""]  # pyright: ignore[reportIncompatibleMethodOverride]
    key: Key[Array, ""] | None
    slots: dict[str, Any]


def to_optax(
    program: Program,
    learning_rate: Shaped[ArrayLike, ""] | optax.Schedule | None = None,
    *,
    seed: int = 0,
    horizon: int | None = None,
    **hyper: Any,
) -> optax.GradientTransformationExtraArgs:
    """The update rule as an `optax.GradientTransformationExtraArgs`.

    **Arguments:** `learning_rate`: the hyperparameter `lr`, a number or a schedule of the count of
    steps already taken; the program's default if None. `seed`: seeds the noise. `horizon`: the
    input `T`. `hyper`: other hyperparameters by name, numbers or traced arrays.
    **Extra arguments of `update`:** `value`: the loss at `params` (input `loss`). Functions that
    oracles ask: `value_fn(params)`, the loss of the batch; `losses_fn(params)`, the losses of its
    examples; `full_fn(params)`, the loss over all of the data; `sampled_fn(params, key)`, the loss
    of the batch with labels that the model draws; `outputs_fn(params)`, the model's outputs on the
    batch and a function of outputs that is the loss.
    **Raises:** DslError for an unknown hyperparameter, or at the first `update` if something that
    the program reads was not given.
    """
    check_hyperparameters(program, hyper)
    values = {**program.hyperparameters, **hyper}
    if learning_rate is not None:
        check_hyperparameters(program, {"lr": learning_rate})
        values["lr"] = learning_rate
    values = {name: _number(given) for name, given in values.items()}
    program = _started(program, values)
    check_ranges(program, {n: given for n, given in values.items() if isinstance(given, float)})
    program = keeping_point(without_cancellation(program, values)).program
    rule = _Rule(program, values, seed, horizon)
    if "T" in rule.reads and horizon is None:
        raise DslError(
            f"'{program.name}' reads the horizon T", help="pass horizon=<number of steps>"
        )
    return optax.GradientTransformationExtraArgs(rule.init, rule.update)


def eval_params(program: Program, state: ProgramState, params: Any) -> Any:
    """The parameters to evaluate, a tree like `params`: the point of the program after the steps so
    far, and `params` themselves if it has none.

    **Arguments:** `state`: of `to_optax(program)`, without what wraps it.
    """
    slot = keeping_point(prune(program)).slot
    return params if slot is None else state.slots[slot]


def _started(program: Program, values: Mapping[str, Any]) -> Program:
    """The program whose slots start at these values of hyperparameters; DslError for a schedule or
    a traced number, which the start, and the length of a history, cannot wait for."""
    for name in sorted(program.starts_from):
        if not isinstance(values[name], float):
            what = "the length of a slot" if name in program.lengths else "the start of a slot"
            raise DslError(
                f"'{name}' is {what}: it is one number, no schedule and no traced value",
                help=f"pass {name}={format_number(program.hyperparameters[name])}",
            )
    if not program.starts_from:
        return program
    return program.with_hyperparameters(**{n: values[n] for n in program.starts_from})


def _number(given: Any) -> Any:
    """A number of Python or NumPy as a float, which the step computes with in float64."""
    return float(given) if isinstance(given, numbers.Real) else given


@dataclass(frozen=True)
class _Rule:
    """A program with values of its hyperparameters: numbers, traced arrays or schedules."""

    program: Program
    values: Mapping[str, Any]
    seed: int
    horizon: int | None

    @cached_property
    def reads(self) -> frozenset[str]:
        return frozenset(live(self.program).names)

    def init(self, params: Any) -> Any:
        leaves, tree = jax.tree.flatten(params)
        if any(map(jnp.iscomplexobj, leaves)):
            raise DslError(
                f"'{self.program.name}' is for real parameters, met complex ones",
                help="optax.contrib.split_real_and_imaginary(...) makes two real ones of each",
            )
        slots = {name: initial(init, leaves, jnp) for name, init in self.program.slots.items()}
        key = jax.random.key(self.seed) if draws_noise(self.program) else None
        return ProgramState(jnp.zeros((), jnp.int32), key, self._as_trees(tree, slots))

    def update(
        self, updates: Any, state: Any, params: Any = None, *, value: Any = None, **extra: Any
    ) -> tuple[Any, Any]:
        self._check_given(params, value)
        grads, tree = jax.tree.flatten(updates)
        leaves = grads if params is None else tree.flatten_up_to(params)
        result, slots = run_step(
            self.program,
            {"w": leaves, "g": grads, **self._numbers(state.count, leaves, value)},
            self._as_leaves(tree, state.slots),
            JaxStep(tree, leaves, state.key, state.count, extra),
            jnp,
            jax_choose,
        )
        count = jnp.asarray(optax.safe_increment(state.count))
        move = jax.tree.unflatten(tree, [-leaf for leaf in result])
        return move, ProgramState(count, state.key, self._as_trees(tree, slots))

    def _check_given(self, params: Any, value: Any) -> None:
        if params is None and ("w" in self.reads or sources(self.program)):
            raise DslError(
                f"'{self.program.name}' reads the parameters",
                help="call update(grads, state, params)",
            )
        if value is None and "loss" in self.reads:
            raise DslError(
                f"'{self.program.name}' reads the loss",
                help="call update(grads, state, params, value=loss)",
            )

    def _numbers(self, count: Int32[Array, ""], leaves: list[Any], value: Any) -> dict[str, Any]:
        """The inputs and hyperparameters that are one number for the model, at step `count`."""
        dtype = jnp.result_type(jnp.float32, *leaves)
        hypers = {
            name: jnp.asarray(given(count), dtype) if callable(given) else given
            for name, given in self.values.items()
        }
        return {
            "t": (count + 1).astype(dtype),
            "T": None if self.horizon is None else float(self.horizon),
            "loss": None if value is None else jnp.asarray(value, dtype),
            **hypers,
        }

    def _as_trees(self, tree: Any, slots: Mapping[str, Value]) -> dict[str, Any]:
        """The slots as trees like the parameters; Global ones as they are."""
        return {
            name: slots[name] if init.kind is Kind.GLOBAL else jax.tree.unflatten(tree, slots[name])
            for name, init in self.program.slots.items()
        }

    def _as_leaves(self, tree: Any, slots: Mapping[str, Any]) -> dict[str, Value]:
        """The reverse of `_as_trees`."""
        return {
            name: slots[name] if init.kind is Kind.GLOBAL else tree.flatten_up_to(slots[name])
            for name, init in self.program.slots.items()
        }
