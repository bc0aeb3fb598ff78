"""AdamG."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, minimum, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Towards Stability of Parameter-free Optimization (Pan et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:AdamG",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b3"),
            "eps": "eps",
            "weight_decay": "wd",
            "p": "p",
            "q": "q",
            "foreach": False,
        },
    ),
    hypers={
        "lr": Hyper("largest rate; 1 for all problems"),
        "p": Hyper("size of the golden step for a second moment of 1"),
        "q": Hyper("power of the second moment in the golden step"),
    },
)
def adamg(
    w, g, t, m=zeros, v=zeros, r=zeros,
    *, lr=1.0, b1=0.95, b2=0.999, b3=0.95, eps=1e-8, wd=0.0, p=0.2, q=0.24,
):  # fmt: skip
    """AdamG: Adam with the golden step: gradients are weighed by a power of their second moment.

    The weight is the average of p times the uncorrected second moment to the power q, taken within
    the momentum; it is not corrected, the momentum and the denominator are, and eps is added to the
    corrected root. The rate is the smaller of lr and 1 / sqrt(t). Weight decay is coupled.
    """
    g = g + wd * w
    v = interp(square(g), v, b2)
    r = interp(p * v**q, r, b3)
    m = interp(r * g, m, b1)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return minimum(lr, 1 / sqrt(t)) * u
