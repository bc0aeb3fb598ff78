"""Cautious AdamW."""

from dsl.ops import interp, maximum, mean, sqrt, square, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Cautious Optimizers: Improving Training with One Line of Code (Liang et al.)",
    year=2024,
    reference=Dense(),
)
def cautious_adamw(
    w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=0.0
):  # fmt: skip
    """Cautious AdamW: AdamW that moves only the entries whose momentum agrees with the gradient.

    What is left of each tensor is scaled up by the share of entries left, counted as 1e-3 at least;
    the paper's text divides by the count plus one instead. eps is added to the root before its bias
    correction. Weight decay is decoupled, reads the parameters before the step and is not masked.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    agrees = m * g > 0
    u = sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)
    return lr * (u * agrees / maximum(mean(agrees), 1e-3) + wd * w)
