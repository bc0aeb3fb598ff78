"""A task of a user's own: initial parameters, a loss, and examples or a sampler.

    from stepsmith import task

    task("my_net", params=init, loss=loss, examples=(x, y))

What else is known of a task is measured when it is first used, see `evaluators.measuring`.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from evaluators.data.examples import DataSet, epochs
from evaluators.own import batches
from evaluators.own.definition import definition_of
from evaluators.own.memory import bounded
from evaluators.own.origin import NAMES, Origin, is_task_name
from evaluators.own.parameters import ParameterTree
from evaluators.own.source import OwnSource
from evaluators.registry import register
from evaluators.task import Params, Task
from evaluators.tasks._examples import on_examples, rows

BATCH, HORIZON = 32, 300
"""Examples of a step, and steps of a run, where a file does not say."""
MEASURED = "measured"
"""The reason for a floor that is still to be found."""


def task(
    name: str,
    *,
    params: Any,
    loss: Callable[..., Any],
    examples: Any = None,
    sampler: Callable[..., Any] | None = None,
    validation: Any = None,
    validation_loss: Callable[..., Any] | None = None,
    batch: int = BATCH,
    horizon: int = HORIZON,
    floor: float | None = None,
    summary: str | None = None,
    dataset: str | None = None,
    model: str | None = None,
) -> Task:
    """Declare a task of your own under a name, and return it.

    **Arguments:** `params`: initial parameters, any tree of arrays (plain, Flax, Equinox), or a
    function of a key of `jax.random` that makes one. `loss`: of (params, batch), in JAX; of
    (params) alone without examples. With a parameter `key` it is given one for the draws of a step
    (dropout, noise), and None on held-out examples. `examples`: a tree of arrays with examples
    along the first axis, or a function without arguments that loads it; a batch is some rows of
    each. `sampler`: in place of examples, a function of a key that makes a batch. `validation`:
    held-out examples; every fifth of `examples` by default, and batches of their own from a
    sampler. `validation_loss`: of (params, held-out examples), or of (params); `loss` by default.
    `batch`: examples of a step, `horizon`: steps of a training. `floor`: a loss that nothing can be
    below, measured by default. `summary`, `dataset`, `model`: words for people.
    **Raises:** TaskFault, at the line of the caller.
    """
    origin = Origin.of_caller()
    tree = ParameterTree(origin, params)
    takes = batches.arity(origin, "loss", loss, (1, 2))
    alone = examples is None and sampler is None
    if alone != (takes == 1):
        met = "takes the parameters alone" if takes == 1 else "takes a batch"
        origin.fault(
            "loss",
            f"the loss {met}, and there {'are no' if alone else 'are'} examples to give it",
            "give `examples=` or `sampler=` and a loss of (params, batch), or a loss of (params)",
            at=loss,
        )
    if examples is not None and sampler is not None:
        origin.fault("sampler", "both `examples` and a `sampler` are given", "give one of them")
    judged = validation_loss if validation_loss is not None else loss
    judges = batches.arity(origin, "validation_loss", judged, (1, 2))
    if alone and judges == 2 and validation is None:
        origin.fault("validation_loss", "there are no examples to validate on", at=validation_loss)

    draws = batches.takes_key(loss)
    if draws and alone:
        origin.fault(
            "loss",
            "the loss takes a key, and there are no examples that would decide it",
            "give `sampler=lambda key: key`, whose batches are keys, and a loss of (params, batch)",
            at=loss,
        )
    unkeyed = functools.partial(judged, key=None) if batches.takes_key(judged) else judged

    def mean_loss(leaves: Params, given: Any) -> Float[Array, ""]:
        whole, once = tree.tree(leaves), loss
        if alone:
            return scalar(origin, "loss", loss, loss(whole))
        if draws:
            given, key = given
            once = functools.partial(loss, key=key)
        if sampler is None:
            return scalar(origin, "loss", loss, once(whole, given))
        return batches.over_batches(
            lambda whole, one: scalar(origin, "loss", loss, once(whole, one)), whole, given
        )

    def held_out_loss(leaves: Params, given: Any) -> Float[Array, ""]:
        whole, argument = tree.tree(leaves), "validation_loss" if validation_loss else "loss"
        if judges == 1:
            return scalar(origin, argument, judged, unkeyed(whole))
        if sampler is None or validation is not None:
            return scalar(origin, argument, judged, unkeyed(whole, given))
        return batches.over_batches(
            lambda whole, one: scalar(origin, argument, judged, unkeyed(whole, one)), whole, given
        )

    def load() -> tuple[Any, Any]:
        if alone:
            train, held_out = np.zeros(1, np.float32), None
        elif sampler is not None:
            train, held_out = batches.drawn(origin, sampler, horizon)
        else:
            train, held_out = loaded(origin, "examples", examples), None
            if validation is None and judges == 2:
                train, held_out = batches.split(origin, "examples", train)
        if validation is not None:
            held_out = loaded(origin, "validation", validation)
        return train, np.zeros(1, np.float32) if judges == 1 else held_out

    given = {"sampler": sampler, "examples": examples, "validation": validation}
    source = OwnSource(
        origin=origin,
        tree=tree,
        loss=loss,
        judged=judged,
        sampler=sampler,
        load=load,
        loading=examples if is_function(examples) else None,
        examples=next((name for name, value in given.items() if value is not None), "loss"),
    )
    return declared(
        source,
        dataset or name,
        functools.partial(
            on_examples,
            mean_loss=guarded(origin, "loss", loss, mean_loss),
            validation_loss=guarded(origin, "validation_loss", judged, held_out_loss),
            take=batches.keyed_rows if draws else rows,
        ),
        name=name,
        batch=1 if alone or sampler is not None else batch,
        horizon=horizon,
        floor=floor,
        summary=summary,
        model=model,
    )


def declared(
    source: OwnSource,
    dataset: str,
    make: Callable[..., Task],
    *,
    name: str,
    batch: int,
    horizon: int,
    floor: float | None,
    summary: str | None,
    model: str | None,
    floor_from: str | None = None,
) -> Task:
    """Make a task of its parts and register it as one of a user's own; `floor_from` is the reason
    for a floor that the file does not state."""
    origin = source.origin
    if not is_task_name(name):
        origin.fault(None, f"a task called {name!r}", NAMES)
    for argument, number in {"batch": batch, "horizon": horizon}.items():
        if not isinstance(number, int) or number < 1:
            origin.fault(argument, f"`{argument}` is {number!r}", "give a whole number from 1 on")

    def order(rng: np.random.Generator, train: Any, steps: int) -> np.ndarray:
        count = len(jax.tree.leaves(train)[-1])
        return epochs(rng, count, min(batch, count), steps)

    def load() -> tuple[Any, Any]:
        train, held_out = source.load()
        batches.checked(origin, source.examples, train)
        return train, held_out

    made = make(
        DataSet(dataset, load),
        name=name,
        model=model or name,
        init=source.tree.init,
        batch=batch,
        order=order,
        horizon=horizon,
        summary=summary or f"A task of {origin.file.name}",
        floor=math.nan if floor is None else float(floor),
        floor_from=MEASURED if floor is None else floor_from or "stated",
    )

    @functools.cache
    def digest() -> str:
        with bounded():
            return definition_of(made, source)

    return register(replace(made, definition=digest), source)


def is_function(given: Any) -> bool:
    """True for a function, not for a tree that can be called, as modules can."""
    return callable(given) and jax.tree_util.all_leaves([given])


def loaded(origin: Origin, argument: str, given: Any) -> Any:
    """Examples that are given, or that a function loads."""
    if is_function(given):
        with origin.calling(argument, given):
            given = given()
    return batches.arrays(origin, argument, given)


def scalar(origin: Origin, argument: str, function: Any, found: Any) -> Float[Array, ""]:
    """The result of a loss, if it is one number; TaskFault with what it is else."""
    if isinstance(found, tuple | list | dict):
        origin.fault(
            argument,
            f"`{argument}` gives a {type(found).__name__} of {len(found)}, not one number",
            "return the loss alone",
            at=function,
        )
    number = jnp.asarray(found)
    if number.shape != ():
        origin.fault(
            argument,
            f"`{argument}` gives an array of shape {list(number.shape)}, not one number",
            "return its mean: `.mean()`",
            at=function,
        )
    if not jnp.issubdtype(number.dtype, jnp.floating):
        origin.fault(
            argument,
            f"`{argument}` gives a number of type {number.dtype}, not a float",
            at=function,
        )
    return number


def guarded(
    origin: Origin, argument: str, function: Any, inner: Callable[[Params, Any], Any]
) -> Callable[[Params, Any], Any]:
    """A loss whose errors name the line of the user's file."""

    def loss(leaves: Params, given: Any) -> Any:
        with origin.calling(argument, function):
            return inner(leaves, given)

    return loss
