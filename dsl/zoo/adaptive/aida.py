"""Aida."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import dot, interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="A DNN Optimizer that Improves over AdaBelief by Suppression of the Adaptive Stepsize "
    "Range (Zhang, Niwa and Kleijn)",
    year=2023,
    reference=Reference(
        "pytorch_optimizer:Aida",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "k": 2,
            "xi": "xi",
            "foreach": False,
        },
        at={"xi": 1e-3},
        note="adds 1e-15 to the second moment inside the root",
    ),
    hypers={
        "eps": Hyper("added to the second moment on every step, and to its root"),
        "xi": Hyper("keeps the denominators of projections from zero"),
    },
)
def aida(
    w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, xi=1e-20
):  # fmt: skip
    """Aida: AdaBelief with the distance of gradient and momentum once projected on each other.

    Tensor by tensor, and twice: what is left to differ is small and of about one size, so rates
    differ less. Two rounds are the library's number, a constant of the rule here. eps stays in the
    second moment and is added once more to the root before its correction. Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    along = dot(g, m)
    x = along / (dot(g, g) + xi) * g
    y = along / (dot(m, m) + xi) * m
    along = dot(x, y)
    d = along / (dot(y, y) + xi) * y - along / (dot(x, x) + xi) * x
    v = interp(square(d), v, b2) + eps
    return lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)
