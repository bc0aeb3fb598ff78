"""Adan."""

from dsl.ops import first_g, interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models "
    "(Xie et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:Adan",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b3"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": False,
            "foreach": False,
        },
    ),
)
def adan(
    w, g, t, m=zeros, v=zeros, n=zeros, last=first_g,
    *, lr=1e-3, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, wd=0.0,
):  # fmt: skip
    """Adan: momentum of the gradient and of its change, over the root of a look-ahead's square.

    The decay rates are those of the authors' code, one minus those of the paper. The change is 0 on
    the first step. All three averages are bias-corrected; eps is added to the corrected root.
    Weight decay is proximal: it divides by 1 + lr * wd what the step leaves, so the parameters
    become (w - lr * u) / (1 + lr * wd).
    """
    d = g - last
    last = g
    m = interp(g, m, b1)
    v = interp(d, v, b2)
    n = interp(square(g + b2 * d), n, b3)
    u = (m / (1 - b1**t) + b2 * v / (1 - b2**t)) / (sqrt(n / (1 - b3**t)) + eps)
    return lr * (u + wd * w) / (1 + lr * wd)
