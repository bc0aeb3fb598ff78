"""AccSGD."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, interp, square
from dsl.zoo.entry import Reference, entry


@entry(
    paper="On the Insufficiency of Existing Momentum Schemes for Stochastic Optimization "
    "(Kidambi et al.)",
    year=2018,
    reference=Reference(
        "pytorch_optimizer:AccSGD",
        {
            "lr": "lr",
            "weight_decay": "wd",
            "kappa": "kappa",
            "xi": "xi",
            "constant": "c",
            "foreach": False,
        },
        at={"lr": 0.05},
    ),
    hypers={
        "kappa": Hyper("length of the long steps, as a multiple of c short ones", 1),
        "xi": Hyper("statistical advantage: at most the root of kappa"),
        "c": Hyper("constant of the analysis, below 1", 0, 1),
    },
)
def accsgd(w, g, far=copy_w, *, lr=1e-3, wd=0.0, kappa=1000.0, xi=10.0, c=0.7):
    """AccSGD: short steps, drawn towards an average of the points that long steps lead to.

    The average forgets the part c^2 * xi / kappa of itself on every step. A short step has the rate
    lr, a long one lr * kappa / c. Weight decay is coupled.
    """
    g = g + wd * w
    share = square(c) * xi / kappa
    far = interp(w - lr * kappa / c * g, far, 1 - share)
    near = c / (c + share)
    return near * lr * g + (1 - near) * (w - far)
