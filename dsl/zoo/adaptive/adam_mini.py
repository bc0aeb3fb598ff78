"""Adam-mini."""

from dsl.ops import interp, mean, scalar, sqrt, square, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Adam-mini: Use Fewer Learning Rates To Gain More (Zhang et al.)",
    year=2025,
    reference=Dense(),
)
def adam_mini(w, g, t, m=zeros, v=scalar(0), *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.1):
    """Adam-mini: AdamW with one second moment for each tensor, the mean over its entries.

    The paper's partition for other models than transformers, whose embeddings keep Adam's moments
    and whose queries and keys have one for each head. Both moments are bias-corrected; eps is added
    to the corrected root. Weight decay is decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    v = interp(mean(square(g)), v, b2)
    return lr * (m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps) + wd * w)
