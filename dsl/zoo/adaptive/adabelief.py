"""AdaBelief and AdaMomentum, which average the squares of something else and keep eps in it."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Dense, Reference, entry


@entry(
    paper="AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients "
    "(Zhuang et al.)",
    year=2020,
    reference=Reference(
        "pytorch_optimizer:AdaBelief",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "rectify": False,
            "foreach": False,
        },
    ),
    hypers={"eps": Hyper("added to the second moment on every step, and to its root")},
)
def adabelief(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-16, wd=0.0):
    """AdaBelief: momentum over the root mean square of how far gradients are from it.

    The distance is to the momentum that has the gradient in it already. eps stays in the second
    moment, so it adds up to eps / (1 - b2), and is added to the corrected root once more. Weight
    decay is decoupled and reads the parameters before the step. Without the rectification that the
    authors' package switches on by default.
    """
    m = interp(g, m, b1)
    v = interp(square(g - m), v, b2) + eps
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)


@entry(
    paper="Rethinking Adam: A Twofold Exponential Moving Average Approach (Wang et al.)",
    year=2021,
    reference=Dense(doubts="the default of eps is that of a reproduction by others"),
    hypers={"eps": Hyper("added to the second moment on every step")},
)
def adamomentum(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0):
    """AdaMomentum: Adam with the second moment of the momentum in place of the gradient's.

    It differs from AdaBelief in what is squared: the momentum, not the gradient's distance to it.
    eps stays in the second moment, so it adds up to eps / (1 - b2), and nothing is added to the
    root. Both averages are bias-corrected. Weight decay is coupled.

    status: unverified
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(m), v, b2) + eps
    return lr * (m / (1 - b1**t) / sqrt(v / (1 - b2**t)))
