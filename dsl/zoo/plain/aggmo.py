"""AggMo."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Aggregated Momentum: Stability Through Passive Damping (Lucas et al.)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:AggMo",
        {"lr": "lr", "betas": ("b1", "b2", "b3"), "weight_decay": "wd", "foreach": False},
        at={"lr": 0.05},
    ),
    hypers={
        "b1": Hyper("decay of the first momentum", 0, 1),
        "b2": Hyper("decay of the second momentum", 0, 1),
        "b3": Hyper("decay of the third momentum", 0, 1),
    },
)
def aggmo(
    w, g, m1=zeros, m2=zeros, m3=zeros, *, lr=1e-3, b1=0.0, b2=0.9, b3=0.99, wd=0.0
):  # fmt: skip
    """AggMo: the mean of three momenta, of which the quick ones damp what the slow one would swing.

    The momenta are sums of gradients that fade at rates of their own; the first of the paper's
    three is the gradient itself. Weight decay is coupled.
    """
    g = g + wd * w
    m1 = b1 * m1 + g
    m2 = b2 * m2 + g
    m3 = b3 * m3 + g
    return lr * (m1 + m2 + m3) / 3
