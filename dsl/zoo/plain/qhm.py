"""QHM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Quasi-hyperbolic momentum and Adam for deep learning (Ma and Yarats)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:QHM",
        {"lr": "lr", "momentum": "b1", "weight_decay": "wd", "nu": "nu", "foreach": False},
        at={"lr": 0.05, "b1": 0.9},
    ),
    hypers={"nu": Hyper("weight of the average; the gradient has the rest", 0, 1)},
)
def qhm(w, g, m=zeros, *, lr=1.0, b1=0.999, wd=0.0, nu=0.7):
    """QHM: the gradient and a slow average of gradients, mixed.

    The paper's rule of thumb for its defaults; the library's have neither momentum nor mixture. The
    average is not bias-corrected. Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    return lr * interp(g, m, nu)
