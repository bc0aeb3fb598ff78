"""AdaNorm."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, norm, scalar, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="AdaNorm: Adaptive Gradient Norm Correction based Optimizer for CNNs (Dubey et al.)",
    year=2023,
    reference=Reference(
        "pytorch_optimizer:AdaNorm",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "r": "r",
            "weight_decouple": True,
            "foreach": False,
        },
        at={"r": 0.8},
        note="adds 1e-15 to the second moment inside the root",
    ),
    hypers={"r": Hyper("decay of the average norm", 0, 1)},
)
def adanorm(
    w, g, t, m=zeros, v=zeros, size=scalar(0),
    *, lr=1e-3, b1=0.9, b2=0.99, eps=1e-8, wd=0.0, r=0.95,
):  # fmt: skip
    """AdaNorm: Adam whose momentum takes in small gradients at the average norm of those before.

    Tensor by tensor; the average starts at 0 and is not corrected. A larger gradient is taken as it
    is, and the second moment sees the gradient itself. eps is added to the root before its
    correction. Weight decay is decoupled and reads the parameters before the step.
    """
    size = interp(norm(g), size, r)
    longer = where((norm(g) > 0) * (size > norm(g)), size / norm(g), 1)
    m = interp(longer * g, m, b1)
    v = interp(square(g), v, b2)
    u = sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)
    return lr * (u + wd * w)
