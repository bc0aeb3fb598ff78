"""Nero."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    equal,
    interp,
    mean,
    ndim,
    scalar,
    sqrt,
    square,
    unit_mean,
    unit_norm,
    units,
    where,
)
from dsl.zoo.entry import Reference, entry


def _constrained(w: Any, eps: Any) -> Any:
    """Weights whose units have mean 0 and norm 1; vectors and numbers as they are."""
    centred = w - unit_mean(w)
    return where(ndim(w) > 1, centred / (unit_norm(centred) + eps), w)


@entry(
    paper="Learning by Turning: Neural Architecture Aware Optimisation (Liu et al.)",
    year=2021,
    reference=Reference(
        "pytorch_optimizer:Nero",
        {"lr": "lr", "beta": "b2", "eps": "eps", "constraints": True, "foreach": False},
        at={"b2": 0.9},
    ),
    hypers={"b2": Hyper("decay of the squared norms of each unit's gradient", 0, 1)},
)
def nero(w, g, t, v=units(0), size=scalar(0), *, lr=0.01, b2=0.999, eps=1e-8):
    """Nero: each neuron turns by about the same angle, and keeps mean 0 and norm 1.

    A neuron is what belongs to one output: a row or kernel of weights, one entry of a vector. Its
    gradient is divided by the root of the average of its squared norms. Weights are brought to mean
    0 and norm 1 neuron by neuron, at the start and after every step; vectors and numbers are not,
    and step by the mean of their magnitudes at the start, or 0.01 if that is 0. eps is added to the
    corrected root and to the norms by which weights are divided.
    """
    first = equal(t, 1)
    held = where(first, _constrained(w, eps), w)
    begun = mean(unit_norm(held))
    size = where(first, where(equal(begun, 0), 0.01, begun), size)
    v = interp(square(unit_norm(g)), v, b2)
    u = g / (sqrt(v / (1 - b2**t)) + eps)
    return w - _constrained(held - lr * size * u, eps)
