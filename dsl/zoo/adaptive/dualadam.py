"""DualAdam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, less, maximum, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Combining Adam and its Inverse Counterpart to Enhance Generalization of Deep Learning "
    "Optimizers (Shi et al.)",
    year=2026,
    reference=Reference(
        "pytorch_optimizer:DualAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "switch_rate": "fade",
            "foreach": False,
        },
        at={"fade": 0.03},
    ),
    hypers={"fade": Hyper("how much less of inverse Adam every step has", 0, 1)},
)
def dualadam(
    w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, fade=0.01
):  # fmt: skip
    """DualAdam: Adam mixed with its inverse, which multiplies by the root and soon fades away.

    The inverse has the part 1 - fade * t of a step, until that is less than fade. eps is added to
    the corrected root, which both have. Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    root = sqrt(v / (1 - b2**t)) + eps
    part = maximum(1 - fade * t, 0)
    scale = where(less(part, fade), 1 / root, interp(1 / root, root, part))
    return lr * m / (1 - b1**t) * scale
