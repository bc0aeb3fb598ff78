"""Adam with critical momenta."""

from functools import reduce
from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    equal,
    global_dot,
    interp,
    maximum,
    minimum,
    norm,
    number,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Promoting Exploration in Memory-Augmented Adam using Critical Momenta (Malviya et al.)",
    year=2024,
    reference=Dense(at={"lr": 2**-4, "decay": 0.9}),
    hypers={"decay": Hyper("what a kept momentum's priority is multiplied by on every step", 0, 1)},
)
def adam_cm(
    w, g, t, m=zeros, v=zeros, c1=zeros, c2=zeros, c3=zeros, c4=zeros, c5=zeros,
    p1=number(-5), p2=number(-4), p3=number(-3), p4=number(-2), p5=number(-1),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, decay=0.7,
):  # fmt: skip
    """Adam+CM: Adam on momentum plus the mean of five past momenta, those of large gradients.

    A momentum takes a free place, or that of the lowest priority if its own is higher (both places,
    should two be equally low). Priorities are sums of the tensors' gradient norms and decay on
    every step; negative ones mark free places. The sum that makes the step holds the places as they
    were before it, and its square enters the second moment. The first step only decays, and keeps
    the gradient in place of a momentum, which itself stays 0, but counts in the bias corrections.
    eps is added to the corrected root. Weight decay is decoupled and reads the parameters before
    the step.
    """
    first = equal(t, 1)
    m = where(first, 0, interp(g, m, b1))
    pulled = m + (c1 + c2 + c3 + c4 + c5) / maximum(minimum(t - 1, 5), 1)
    v = interp(square(pulled), v, b2)
    u = pulled / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    new = where(first, g, m)
    priority = global_dot(g, g / maximum(norm(g), 1e-30))
    least = reduce(minimum, (p1, p2, p3, p4, p5))

    def place(kept: Any, rank: Any) -> tuple[Any, Any]:
        enters = equal(rank, least) * (priority > rank)
        return where(enters, new, kept), decay * where(enters, priority, rank)

    c1, p1 = place(c1, p1)
    c2, p2 = place(c2, p2)
    c3, p3 = place(c3, p3)
    c4, p4 = place(c4, p4)
    c5, p5 = place(c5, p5)
    return lr * (u + wd * w)
