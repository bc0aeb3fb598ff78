"""The labels of a user's own task beside the outputs of its model: those that a loss by name knows.

A label that is no class takes part in the loss as an example of none, and the loss is a number all
the same; so they are looked at before anything is trained.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Shaped

from evaluators.own.origin import Origin
from evaluators.own.parameters import ParameterTree


def check_labels(
    origin: Origin,
    loss: str,
    argument: str,
    labels: Shaped[np.ndarray, "..."],
    outputs: Callable[[], tuple[int, ...]],
) -> None:
    """TaskFault for labels that the model has no class for, or that are not 0 and 1.

    **Arguments:** `loss`: its name. `argument`: the one that the labels [examples, ...] are of.
    `outputs`: makes the shape of the model's outputs on them.
    """
    if not labels.size:
        return
    least, most = labels.min(), labels.max()
    met = f"labels go from {least:g} to {most:g}"
    if loss == "logistic" and not np.isin(labels, (0, 1)).all():
        help = "labels of two classes are 0 and 1"
        origin.fault(argument, f"{met}, the loss 'logistic' takes 0 and 1", help)
    if loss != "cross_entropy" or labels.dtype.kind not in "iu":
        return
    *places, classes = outputs() or (0,)
    if tuple(places) == labels.shape and not 0 <= least <= most < classes:
        words = "1 class" if classes == 1 else f"{classes} classes"
        help = "labels count classes from 0: one logit for each"
        if classes == 1:
            help += "; for one logit and labels 0 and 1 the loss is 'logistic'"
        origin.fault(argument, f"{met}, the model has {words}", help)


def output_shape(tree: ParameterTree, predict: Callable[..., Any], inputs: Any) -> tuple[int, ...]:
    """The shape of a model's outputs on inputs, found without computing them."""
    leaves = tree.init(np.random.Generator(np.random.PCG64(0)))
    return jax.eval_shape(predict, leaves, inputs).shape
