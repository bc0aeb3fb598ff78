"""D-Adaptation for rules with a rate for each entry: Adagrad and Adan."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    const,
    copy_w,
    first_g,
    global_dot,
    interp,
    maximum,
    number,
    sign,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry
from dsl.zoo.rate_free.d_adaptation import HYPERS, PAPER


@entry(
    paper=PAPER,
    year=2023,
    reference=Reference(
        "pytorch_optimizer:DAdaptAdaGrad",
        {
            "lr": "lr",
            "momentum": "b1",
            "eps": "eps",
            "weight_decay": "wd",
            "d0": "d0",
            "foreach": False,
        },
        at={"b1": 0.9, "d0": 0.01},
    ),
    hypers={**HYPERS, "b1": Hyper("how much of the parameters stays where it was", 0, 1)},
)
def d_adapt_adagrad(
    w, g, w0=copy_w, s=zeros, a=const(1e-6), r=number(0), d=number(0),
    *, lr=1.0, b1=0.0, eps=0.0, wd=0.0, d0=1e-6,
):  # fmt: skip
    """D-Adapt Adagrad: dual averaging over Adagrad's root whose rate is a growing distance bound.

    The sums of squares begin at 1e-6; eps is added to their root. Dual averaging gives the start
    less s over that root, with the distance d of the step before in s; the parameters move a part
    1 - b1 of the way there, all of it by default. Weight decay is coupled (added to the gradient)
    and enters the sums.
    """
    last = maximum(d, d0)
    g = g + wd * w
    a = a + square(g)
    root = sqrt(a) + eps
    r = r + square(last * lr) * global_dot(g, g / root)
    s = s + last * lr * g
    size = global_dot(s, sign(s))
    bound = (global_dot(s, s / root) - r) / where(size > 0, size, 1)
    d = maximum(last, where(size > 0, bound, 0))
    return (1 - b1) * (w - (w0 - s / root))


@entry(
    paper=PAPER,
    year=2023,
    reference=Reference(
        "pytorch_optimizer:DAdaptAdan",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b3"),
            "eps": "eps",
            "weight_decay": "wd",
            "d0": "d0",
            "foreach": False,
        },
        at={"d0": 0.01},
    ),
    hypers=HYPERS,
)
def d_adapt_adan(
    w, g, m=zeros, c=zeros, v=zeros, last_g=first_g, s=zeros, r=number(0), d=number(0),
    *, lr=1.0, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, wd=0.0, d0=1e-6,
):  # fmt: skip
    """D-Adapt Adan: Adan whose rate is a growing lower bound of the distance.

    The rate is inside of the averages of gradients and of their differences, and the step uses the
    distance d of the step before. As in its code, the third average holds fourth powers of the
    gradient that looks ahead, so its root is a square, not a magnitude as in Adan; eps is added to
    it. Weight decay divides the parameters that the step leaves by 1 + rate * wd.
    """
    last = maximum(d, d0)
    rate = last * lr
    change = g - last_g
    last_g = g
    m = interp(rate * g, m, b1)
    c = interp(rate * change, c, b2)
    v = interp(square(square(g + b2 * change)), v, b3)
    root = sqrt(v) + eps
    s = interp(rate * g, s, b3)
    r = interp(square(rate) * global_dot(g, g / root), r, b3)
    size = global_dot(s, sign(s))
    bound = (global_dot(s, s / root) / (1 - b3) - r) / where(size > 0, size, 1)
    d = maximum(last, where(size > 0, bound, 0))
    return w - (w - (m + b2 * c) / root) / (1 + rate * wd)
