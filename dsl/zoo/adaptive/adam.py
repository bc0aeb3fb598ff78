"""Adam, with eps in either of its places, and AdamW."""

from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Dense, Reference, entry

_ADAM = {"b1": "b1", "b2": "b2", "eps": "eps"}


@entry(
    paper="Adam: A Method for Stochastic Optimization (Kingma and Ba)",
    year=2015,
    reference=Reference(
        "torch.optim:Adam", {"lr": "lr", "betas": ("b1", "b2"), "eps": "eps", "weight_decay": "wd"}
    ),
)
def adam(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0):
    """Adam: momentum over the root of the second moment, both bias-corrected.

    Weight decay is coupled (added to the gradient); eps is added to the corrected root.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * u


@entry(
    paper="Adam: A Method for Stochastic Optimization (Kingma and Ba)",
    year=2015,
    reference=Dense(),
)
def adam_eps_hat(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    """Adam with eps-hat: the paper's more efficient order, where the rate takes both corrections.

    eps is the paper's eps-hat, added to the root of the uncorrected second moment. It weighs as
    much as eps / sqrt(1 - b2**t) in Adam: thirty times eps on the first step, eps in the end.
    TensorFlow, the code of AdamW's authors and many rules derived from Adam have this form.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)


@entry(
    paper="Decoupled Weight Decay Regularization (Loshchilov and Hutter)",
    year=2019,
    reference=Reference("optax:adamw", {"learning_rate": "lr", **_ADAM, "weight_decay": "wd"}),
)
def adamw(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=1e-2):
    """AdamW: Adam with decay on the parameters themselves, scaled by the rate but not adapted.

    The decay reads the parameters before the step; eps is added to the corrected root.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)
