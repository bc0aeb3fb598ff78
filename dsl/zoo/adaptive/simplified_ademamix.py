"""Simplified AdEMAMix."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Connections between Schedule-Free Optimizers, AdEMAMix, and Accelerated SGD Variants "
    "(Morwani et al.)",
    year=2025,
    reference=Reference(
        "optax.contrib:simplified_ademamix",
        {
            "learning_rate": "lr",
            "b1": "b1",
            "b2": "b2",
            "alpha": "alpha",
            "eps": "eps",
            "weight_decay": "wd",
        },
        at={"alpha": 2.0},
    ),
    hypers={
        "b1": Hyper("decay of the sum of gradients", 0, 1),
        "alpha": Hyper("weight of the present gradient"),
    },
)
def simplified_ademamix(
    w, g, t, m=zeros, v=zeros, *, lr=1e-4, b1=0.99, b2=0.95, eps=1e-8, wd=0.0, alpha=0.0
):  # fmt: skip
    """Simplified AdEMAMix: a slow sum of gradients plus a multiple of the present one, scaled.

    The scale is Adam's; past gradients enter the sum with the weight 1, not 1 - b1. Only the
    second moment is bias-corrected; eps is added to the corrected root. Weight decay is decoupled
    and reads the parameters before the step. The class of pytorch_optimizer takes an average in
    place of the sum, and divides by the correction of the root once more.
    """
    m = b1 * m + g
    v = interp(square(g), v, b2)
    return lr * ((m + alpha * g) / (sqrt(v / (1 - b2**t)) + eps) + wd * w)
