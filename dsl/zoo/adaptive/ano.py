"""Ano."""

from dsl.ops import abs, interp, sign, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Ano: Faster is Better in Noisy Landscape (Kegreisz)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:Ano",
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
def ano(w, g, t, m=zeros, v=zeros, *, lr=1e-4, b1=0.92, b2=0.99, eps=1e-8, wd=0.0):
    """Ano: the gradient's magnitude in the direction of the momentum's sign, over Yogi's root.

    The second moment fades by b2 and takes the new square in or, where this is the smaller, away.
    It is bias-corrected, with eps added to its root; a sign needs no correction. Weight decay is
    decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    v = b2 * v + (1 - b2) * sign(square(g) - v) * square(g)
    u = abs(g) * sign(m) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)
