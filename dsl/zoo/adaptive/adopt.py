"""ADOPT."""

from dsl.ops import clip, interp, maximum, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate "
    "(Taniguchi et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:ADOPT",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": False,
            "clip_lambda": lambda step: (step - 1) ** 0.25,
            "foreach": False,
        },
        at={"eps": 0.03125},
        note="its own bound counts the first step, which moves nothing; this one is the authors'",
    ),
)
def adopt(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.9999, eps=1e-6, wd=0.0):
    """ADOPT: momentum of gradients that are divided by the second moment of those before them.

    The first gradient only makes the second moment, its square: the bound on the quotients, the
    fourth root of the steps before, is 0 then. eps is the least denominator and is not added to it.
    No bias correction. Weight decay is coupled.
    """
    bound = (t - 1) ** 0.25
    g = g + wd * w
    m = interp(clip(g / maximum(sqrt(v), eps), -bound, bound), m, b1)
    v = interp(square(g), v, where(t > 1, b2, 0))
    return lr * m
