"""QHAdam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Quasi-hyperbolic momentum and Adam for deep learning (Ma and Yarats)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:QHAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "nus": ("nu1", "nu2"),
            "foreach": False,
        },
        at={"nu2": 0.75},
        agrees=1e-9,
        note="keeps the weights of averages in float32, which makes 4e-10",
    ),
    hypers={
        "nu1": Hyper("weight of the momentum; the gradient has the rest", 0, 1),
        "nu2": Hyper("weight of the second moment; the squared gradient has the rest", 0, 1),
    },
)
def qhadam(
    w, g, t, m=zeros, v=zeros,
    *, lr=1e-3, b1=0.995, b2=0.999, eps=1e-8, wd=0.0, nu1=0.7, nu2=1.0,
):  # fmt: skip
    """QHAdam: Adam with the gradient mixed into its momentum, and its square into that of squares.

    Both averages are bias-corrected before they are mixed; eps is added to the root. With nu1 and
    nu2 of 1 it is Adam: the library's defaults, where those here are the paper's recommendation.
    Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = interp(g, m / (1 - b1**t), nu1)
    s = interp(square(g), v / (1 - b2**t), nu2)
    return lr * u / (sqrt(s) + eps)
