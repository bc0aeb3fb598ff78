"""LaProp."""

from dsl.ops import equal, interp, scalar, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="LaProp: Separating Momentum and Adaptivity in Adam (Ziyin et al.)",
    year=2020,
    reference=Reference(
        "pytorch_optimizer:LaProp",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "foreach": False,
        },
        note="adds 1e-15 to the second moment inside the root",
    ),
)
def laprop(
    w, g, t, m=zeros, v=zeros, rate=scalar(0),
    *, lr=4e-4, b1=0.9, b2=0.999, eps=1e-15, wd=0.0,
):  # fmt: skip
    """LaProp: momentum of gradients that were divided by the root of their second moment before.

    The rate is in the average, so a schedule reaches past gradients late; the correction is the
    average of rates, as a part of the present one. eps is added to the root before its correction.
    Weight decay is decoupled and reads the parameters after the step.
    """
    v = interp(square(g), v, b2)
    m = interp(lr * sqrt(1 - b2**t) * g / (sqrt(v) + eps), m, b1)
    rate = interp(lr, rate, b1)
    u = where(equal(lr, 0), m, lr / rate * m)
    return u + lr * wd * (w - u)
