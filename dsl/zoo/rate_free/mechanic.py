"""Mechanic over SGD."""

from dsl.ops import abs, copy_w, global_dot, global_norm, maximum, number, sqrt, square
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper

_LEARNERS = 6


def _bet(h, s, r, v, m, beta, eps, s_init):
    """One learner after its bet on the product `h` of the sum of steps and the gradient."""
    m = maximum(beta * m, abs(h))
    v = square(beta) * v + square(h)
    r = maximum(beta * r - s * h, 0)
    return (m * s_init / _LEARNERS + r) / (sqrt(v) + eps), r, v, m


@entry(
    paper="Mechanic: A Learning Rate Tuner (Cutkosky et al.)",
    year=2023,
    reference=Dense(at={"s_init": 0.01, "s_decay": 0.1}),
    hypers={
        "lr": Hyper("rate of SGD; its schedule matters, its size hardly does"),
        "s_init": Hyper("what the scale may be at first"),
        "s_decay": Hyper("pull of the scale towards zero"),
    },
)
def mechanic_sgd(
    w, g, w0=copy_w,
    s1=number(0), s2=number(0), s3=number(0), s4=number(0), s5=number(0), s6=number(0),
    r1=number(0), r2=number(0), r3=number(0), r4=number(0), r5=number(0), r6=number(0),
    v1=number(0), v2=number(0), v3=number(0), v4=number(0), v5=number(0), v6=number(0),
    m1=number(1e-6), m2=number(1e-6), m3=number(1e-6),
    m4=number(1e-6), m5=number(1e-6), m6=number(1e-6),
    *, lr=0.01, eps=1e-8, s_init=1e-8, s_decay=0.01,
):  # fmt: skip
    """Mechanic over SGD: the sum of SGD's steps, scaled by what six coin betters have learned.

    The form of the authors' PyTorch code, which recomputes the sum of steps from the parameters;
    eps is added there and to the roots. Better i fades by 1 - 10**-i: it has a scale s, a reward r,
    squared products v, and their largest m. s_decay pulls along the parameters after SGD's step,
    and is no weight decay of SGD's. Optax's form differs: bets are clipped, rewards may be
    negative, scales start at s_init.
    """
    scale = s1 + s2 + s3 + s4 + s5 + s6
    x = w - lr * g
    steps = (w - w0) / (scale + eps)
    pull = s_decay * scale * global_norm(g) / (global_norm(x) + eps)
    h = global_dot(steps, g + pull * x)
    delta = steps - lr * g
    s1, r1, v1, m1 = _bet(h, s1, r1, v1, m1, 0.9, eps, s_init)
    s2, r2, v2, m2 = _bet(h, s2, r2, v2, m2, 0.99, eps, s_init)
    s3, r3, v3, m3 = _bet(h, s3, r3, v3, m3, 0.999, eps, s_init)
    s4, r4, v4, m4 = _bet(h, s4, r4, v4, m4, 0.9999, eps, s_init)
    s5, r5, v5, m5 = _bet(h, s5, r5, v5, m5, 0.99999, eps, s_init)
    s6, r6, v6, m6 = _bet(h, s6, r6, v6, m6, 0.999999, eps, s_init)
    return w - (w0 + (s1 + s2 + s3 + s4 + s5 + s6) * delta)
