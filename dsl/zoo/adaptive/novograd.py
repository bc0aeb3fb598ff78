"""NovoGrad."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import dot, equal, interp, scalar, sqrt, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training of Deep "
    "Networks (Ginsburg et al.)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:NovoGrad",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": False,
            "foreach": False,
        },
    ),
    hypers={"b2": Hyper("decay of the average of squared gradient norms", 0, 1)},
)
def novograd(
    w, g, t, m=zeros, v=scalar(0), *, lr=1e-2, b1=0.95, b2=0.98, eps=1e-8, wd=0.0
):  # fmt: skip
    """NovoGrad: momentum of gradients that are divided by an average norm of their tensor.

    The average of squared norms starts at the first one, so nothing is bias-corrected; the momentum
    is a sum, not an average. eps is added to the root. Weight decay joins the normalised gradient
    inside the momentum.
    """
    size = dot(g, g)
    v = where(equal(t, 1), size, interp(size, v, b2))
    m = b1 * m + g / (sqrt(v) + eps) + wd * w
    return lr * m
