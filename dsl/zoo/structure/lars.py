"""Rates per layer, from the norms of its parameters and its update: LARS and LAMB."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, norm, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, Reference, entry


@entry(
    paper="Large Batch Training of Convolutional Networks (You et al.)",
    year=2017,
    reference=Dense(at={"lr": 0.5, "trust": 0.1}),
    hypers={"trust": Hyper("part of a layer's norm that a step at rate 1 may move it by")},
)
def lars(w, g, m=zeros, *, lr=0.1, b1=0.9, wd=5e-4, trust=1e-3):
    """LARS: heavy ball whose rate for each tensor is in proportion to |w| / |g|.

    The rate goes into the momentum, so a change of it acts on later gradients only; libraries put
    it outside, which is the same at a constant rate. Weight decay is coupled, and its norm is added
    to that of the gradient in the denominator (Optax takes the norm of the sum). No eps: where |w|
    or the denominator is 0 the ratio is 1. Every tensor is scaled; in use, biases and norms' gains
    are left out.
    """
    n = norm(w)
    d = norm(g) + wd * n
    r = where(n * d > 0, trust * n / d, 1)
    m = b1 * m + lr * r * (g + wd * w)
    return m


@entry(
    paper="Large Batch Optimization for Deep Learning: Training BERT in 76 minutes (You et al.)",
    year=2020,
    reference=Reference(
        "optax:lamb",
        {"learning_rate": "lr", "b1": "b1", "b2": "b2", "eps": "eps", "weight_decay": "wd"},
    ),
)
def lamb(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=0.01):
    """LAMB: AdamW's step, scaled for each tensor to the norm of the parameters.

    Weight decay is part of the step that is scaled. Both averages are bias-corrected and eps is
    added to the corrected root. The norm of w is taken as it is, without bounds; where it or that
    of the step is 0 the ratio is 1.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps) + wd * w
    r = where(norm(w) * norm(u) > 0, norm(w) / norm(u), 1)
    return lr * r * u
