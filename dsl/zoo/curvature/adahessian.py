"""AdaHessian."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import block_mean, hvp, interp, rademacher, sqrt, square, zeros
from dsl.zoo.entry import Curvature, Reference, entry


@entry(
    paper="ADAHESSIAN: An Adaptive Second Order Optimizer for Machine Learning (Yao et al.)",
    year=2021,
    reference=Reference(
        "pytorch_optimizer:AdaHessian",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "hessian_power": "k",
            "foreach": False,
        },
        curvature=Curvature("hessian", draw="rademacher", estimate="block_mean(abs(hz))"),
        at={"k": 0.7},
        note="its own estimate has signs and no averages over blocks, so it is given this one",
    ),
    hypers={"k": Hyper("Hessian power: 1 for the full preconditioner, 0 for none", 0, 1)},
)
def adahessian(w, g, t, m=zeros, v=zeros, *, lr=0.15, b1=0.9, b2=0.999, eps=1e-4, wd=0.0, k=1.0):
    """AdaHessian: Adam with an estimate of the Hessian's diagonal in place of the gradient squared.

    Hutchinson's estimate from one product a step: magnitudes are averaged over blocks first and
    squared after. k is the Hessian power; eps is added to the corrected root after the power, and
    both averages are bias-corrected. Weight decay is decoupled and reads the parameters before the
    step.
    """
    z = rademacher(0)
    d = block_mean(abs(hvp(z)))
    m = interp(g, m, b1)
    v = interp(square(d), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) ** k + eps)
    return lr * (u + wd * w)
