"""Mechanic: any program as the one that proposes steps, and their scale learned.

The parameters stand at their start plus a scale times the sum of the proposed steps. The scale is
what six coin betters own that bet on the inner product of that sum and the gradient (Cutkosky et
al. 2023). Better i fades by 1 - 10**-i; it has a scale s and a reward r, both in units of `s_init`,
squared products v, and their largest m. The sum is computed back from the parameters, so it takes
no state.
"""

from dsl.combine.combinator import after
from dsl.language.hyperparameters import COMMON, Hyper
from dsl.ops import (
    abs,
    clip,
    copy_w,
    global_dot,
    global_norm,
    maximum,
    number,
    sqrt,
    square,
    zeros,
)

_BETTERS = 6
_NUMBERS = {
    "eps": COMMON["eps"],
    "s_init": Hyper("what the scale may be at first"),
    "s_decay": Hyper("pull of the scale towards zero"),
}


def _bet(h, s, r, v, m, beta, eps):
    """A better after its bet on the product `h`."""
    m = maximum(beta * m, abs(h))
    v = square(beta) * v + square(h)
    r = maximum(beta * r - s * h, 0)
    return (m / _BETTERS + r) / (sqrt(v) + eps), r, v, m


@after("u", numbers=_NUMBERS)
def mechanic(
    w, g, w0=copy_w, u=zeros,
    s1=number(0), s2=number(0), s3=number(0), s4=number(0), s5=number(0), s6=number(0),
    r1=number(0), r2=number(0), r3=number(0), r4=number(0), r5=number(0), r6=number(0),
    v1=number(0), v2=number(0), v3=number(0), v4=number(0), v5=number(0), v6=number(0),
    m1=number(1e-6), m2=number(1e-6), m3=number(1e-6),
    m4=number(1e-6), m5=number(1e-6), m6=number(1e-6),
    *, eps=1e-8, s_init=1e-8, s_decay=0.01,
):  # fmt: skip
    """The sum of the program's steps at a learned scale, as in the authors' PyTorch code.

    Scales start at 0, rewards are never negative. `s_decay` pulls the scale along the parameters
    after the program's step. `eps` is added to the sum of scales, to a norm and to the roots.
    """
    scale = s_init * (s1 + s2 + s3 + s4 + s5 + s6)
    x = w - u
    steps = (w - w0) / (scale + eps)
    pull = s_decay * scale * global_norm(g) / (global_norm(x) + eps)
    h = global_dot(steps, g + pull * x)
    s1, r1, v1, m1 = _bet(h, s1, r1, v1, m1, 0.9, eps)
    s2, r2, v2, m2 = _bet(h, s2, r2, v2, m2, 0.99, eps)
    s3, r3, v3, m3 = _bet(h, s3, r3, v3, m3, 0.999, eps)
    s4, r4, v4, m4 = _bet(h, s4, r4, v4, m4, 0.9999, eps)
    s5, r5, v5, m5 = _bet(h, s5, r5, v5, m5, 0.99999, eps)
    s6, r6, v6, m6 = _bet(h, s6, r6, v6, m6, 0.999999, eps)
    return w - (w0 + s_init * (s1 + s2 + s3 + s4 + s5 + s6) * (steps - u))


def _clipped_bet(h, s, r, v, m, beta, eps):
    """A better after its bet on `h`, of which no more counts than the largest so far."""
    r = beta * r - s * clip(h, -m, m)
    m = maximum(beta * m, abs(h) + eps)
    v = square(beta) * v + square(h)
    return (m / _BETTERS + maximum(r, 0)) / (sqrt(v) + eps), r, v, m


@after("u", numbers=_NUMBERS)
def mechanize(
    w, g, w0=copy_w, u=zeros,
    s1=number(1), s2=number(1), s3=number(1), s4=number(1), s5=number(1), s6=number(1),
    r1=number(0), r2=number(0), r3=number(0), r4=number(0), r5=number(0), r6=number(0),
    v1=number(0), v2=number(0), v3=number(0), v4=number(0), v5=number(0), v6=number(0),
    m1=number(0), m2=number(0), m3=number(0), m4=number(0), m5=number(0), m6=number(0),
    *, eps=1e-8, s_init=1e-6, s_decay=0.01,
):  # fmt: skip
    """The sum of the program's steps at a learned scale, as in Optax, where bets are clipped.

    Each scale starts at `s_init`; rewards may be negative, and count as 0 then. `s_decay` pulls the
    scale along the parameters before the program's step. `eps` is added to the sum of scales, to a
    norm, to the roots, and to the products whose largest is m.
    """
    scale = s_init * (s1 + s2 + s3 + s4 + s5 + s6)
    steps = (w - w0) / (scale + eps)
    pull = s_decay * scale * global_norm(g) / (global_norm(w) + eps)
    h = global_dot(steps, g + pull * w)
    s1, r1, v1, m1 = _clipped_bet(h, s1, r1, v1, m1, 0.9, eps)
    s2, r2, v2, m2 = _clipped_bet(h, s2, r2, v2, m2, 0.99, eps)
    s3, r3, v3, m3 = _clipped_bet(h, s3, r3, v3, m3, 0.999, eps)
    s4, r4, v4, m4 = _clipped_bet(h, s4, r4, v4, m4, 0.9999, eps)
    s5, r5, v5, m5 = _clipped_bet(h, s5, r5, v5, m5, 0.99999, eps)
    s6, r6, v6, m6 = _clipped_bet(h, s6, r6, v6, m6, 0.999999, eps)
    return w - (w0 + s_init * (s1 + s2 + s3 + s4 + s5 + s6) * (steps - u))
