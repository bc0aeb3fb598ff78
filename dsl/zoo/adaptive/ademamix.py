"""AdEMAMix."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import exp, interp, log, minimum, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="The AdEMAMix Optimizer: Better, Faster, Older (Pagliardini et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:AdEMAMix",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b3"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "alpha": "alpha",
            "t_alpha_beta3": "warmup",
            "foreach": False,
        },
        at={"b3": 0.99, "warmup": 20},
    ),
    hypers={
        "b3": Hyper("decay of the slow average", 0, 1),
        "alpha": Hyper("weight of the slow average"),
        "warmup": Hyper("steps over which alpha and b3 grow; 1: none", 1, whole=True),
    },
)
def ademamix(
    w, g, t, fast=zeros, slow=zeros, v=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, b3=0.9999, eps=1e-8, wd=0.0, alpha=5.0, warmup=1,
):  # fmt: skip
    """AdEMAMix: AdamW whose numerator is a fast average plus a multiple of a very slow one.

    The weight of the slow average grows linearly over `warmup` steps, and its decay from b1 to b3
    so that 1 / log(decay) is linear, the closed form of the paper; the paper takes the length of
    the training for `warmup`. The slow average is not bias-corrected, the other two are; eps is
    added to the corrected root. Weight decay is decoupled and reads the parameters before the step.
    """
    part = minimum(t / warmup, 1)
    b3_t = exp(log(b1) * log(b3) / ((1 - part) * log(b3) + part * log(b1)))
    fast = interp(g, fast, b1)
    slow = interp(g, slow, b3_t)
    v = interp(square(g), v, b2)
    u = (fast / (1 - b1**t) + alpha * part * slow) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)
