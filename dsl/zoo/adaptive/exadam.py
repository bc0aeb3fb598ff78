"""EXAdam."""

from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="EXAdam: The Power of Adaptive Cross-Moments (Adly)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:EXAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "foreach": False,
        },
    ),
)
def exadam(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0):
    """EXAdam: Adam whose bias corrections look at the other moment, plus the plain gradient.

    The rule of the authors' code, where the rate does not grow over time. eps has three places: in
    both cross terms, next to the uncorrected moment, and added to the corrected root. Weight decay
    is decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    d1 = 1 + v / (v + eps) * b2**t
    d2 = 1 + square(m) / (square(m) + eps) * b1**t
    u = (m + g) / (1 - b1**t) * d1 / (sqrt(v / (1 - b2**t) * d2) + eps)
    return lr * (u + wd * w)
