"""A task of a user's own that predicts targets from inputs: a model, examples, a loss by name.

from stepsmith import supervised

supervised("my_net", params=init, model=net, x=x, y=y, loss="cross_entropy")
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dsl.errors import did_you_mean
from evaluators.data.examples import DataSet, Examples
from evaluators.own import batches
from evaluators.own.labels import check_labels, output_shape
from evaluators.own.origin import Origin
from evaluators.own.parameters import ParameterTree
from evaluators.own.source import OwnSource
from evaluators.own.task import BATCH, HORIZON, declared, is_function, loaded, scalar
from evaluators.task import Task
from evaluators.tasks import _supervised
from evaluators.tasks._losses import CROSS_ENTROPY, LOGISTIC, SQUARED_ERROR, Loss

LOSSES = {"cross_entropy": CROSS_ENTROPY, "logistic": LOGISTIC, "squared_error": SQUARED_ERROR}
"""By name; each is a mean over examples, in nats or in the square of the targets' unit."""

NOT_NEGATIVE = "trivial: the loss is not negative"
"""The reason for the floor of a loss by name, where a file states none."""


def supervised(
    name: str,
    *,
    params: Any,
    model: Callable[..., Any],
    x: Any,
    y: Any,
    loss: str | Callable[..., Any],
    validation: Any = None,
    batch: int = BATCH,
    horizon: int = HORIZON,
    floor: float | None = None,
    summary: str | None = None,
    dataset: str | None = None,
) -> Task:
    """Declare a task of your own that predicts `y` from `x`, and return it.

    Rules may ask it for curvature through the model's outputs, which `task` does not answer.

    **Arguments:** `params`: see `task`. `model`: of (params, inputs), for a batch of inputs; an
    Equinox model takes `lambda net, x: jax.vmap(net)(x)`. `x`, `y`: arrays with an example in each
    row. `loss`: "cross_entropy" (logits [examples, ..., classes], labels as integers), "logistic"
    (logits [examples, 1], labels 0 or 1) or "squared_error" (outputs of the shape of the targets);
    or a function of (outputs, targets), the mean over examples. `validation`: a pair of inputs and
    targets; every fifth example by default. Others: see `task`.
    **Raises:** TaskFault, at the line of the caller.
    """
    origin = Origin.of_caller()
    tree = ParameterTree(origin, params)
    batches.arity(origin, "model", model, (2,))
    chosen = _loss(origin, loss)

    def predict(leaves: Any, inputs: Any) -> Array:
        with origin.calling("model", model):
            return jnp.asarray(model(tree.tree(leaves), inputs))

    def load() -> tuple[Examples, Examples]:
        given = Examples(loaded(origin, "x", x), loaded(origin, "y", y))
        return _split(origin, given, validation)

    def check(train: Examples, held_out: Examples) -> None:
        if not isinstance(loss, str):
            return
        parts = {"y": train, "validation": held_out}
        if validation is None:
            parts = {"y": jax.tree.map(lambda *both: np.concatenate(both), train, held_out)}
        for argument, part in parts.items():
            shape = functools.partial(output_shape, tree, predict, part.inputs)
            check_labels(origin, loss, argument, part.targets, shape)

    made = functools.partial(
        _supervised.supervised,
        model=_supervised.Model(name, tree.init, predict),
        loss=chosen,
    )

    def make(data: DataSet, *, model: str, init: Any, **stated: Any) -> Task:
        return made(data, **stated)

    never_negative = floor is None and isinstance(loss, str)
    source = OwnSource(
        origin=origin,
        tree=tree,
        loss=model,
        judged=model,
        sampler=None,
        load=load,
        loading=next((part for part in (x, y) if is_function(part)), None),
        examples="x",
        check=check,
    )
    return declared(
        source,
        dataset or name,
        make,
        name=name,
        batch=batch,
        horizon=horizon,
        floor=0.0 if never_negative else floor,
        floor_from=NOT_NEGATIVE if never_negative else None,
        summary=summary,
        model=None,
    )


def _loss(origin: Origin, given: Any) -> Loss:
    if isinstance(given, str):
        if given not in LOSSES:
            origin.fault(
                "loss",
                f"unknown loss '{given}'{did_you_mean(given, LOSSES)}",
                f"the losses are {', '.join(LOSSES)}; or give a function of (outputs, targets)",
            )
        return LOSSES[given]._replace(mean=_shaped(origin, given))
    batches.arity(origin, "loss", given, (2,))

    def mean(outputs: Any, targets: Any) -> Any:
        with origin.calling("loss", given):
            return scalar(origin, "loss", given, given(outputs, targets))

    return Loss(mean, SQUARED_ERROR.draw)


def _shaped(origin: Origin, name: str) -> Callable[[Any, Any], Any]:
    """A loss by name that refuses outputs which do not go with the targets: broadcast, they would
    give a number that means nothing."""

    def mean(outputs: Any, targets: Any) -> Any:
        met = f"outputs {list(outputs.shape)} and targets {list(targets.shape)}"
        if name == "squared_error" and outputs.shape != targets.shape:
            help = "reshape one of them: every output would be held against every target"
        elif name == "logistic" and (outputs.shape != (len(targets), 1) or targets.ndim != 1):
            help = "logits are [examples, 1], labels [examples]"
        elif name == "cross_entropy" and (
            outputs.shape[:-1] != targets.shape or not jnp.issubdtype(targets.dtype, jnp.integer)
        ):
            met = f"{met} of type {targets.dtype}"
            help = "logits are [examples, ..., classes], labels integers [examples, ...]"
        else:
            return LOSSES[name].mean(outputs, targets)
        origin.fault("loss", f"the loss '{name}' of {met}", help)

    return mean


def _split(origin: Origin, given: Examples, validation: Any) -> tuple[Examples, Examples]:
    batches.checked(origin, "x", given)
    if validation is None:
        return batches.split(origin, "x", given)
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        origin.fault("validation", "`validation` is no pair", "give (inputs, targets)")
    held_out = Examples(*(loaded(origin, "validation", part) for part in validation))
    batches.checked(origin, "validation", held_out)
    return given, held_out
