"""StableAdamW."""

from dsl.ops import interp, maximum, mean, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Stable and Low-Precision Training for Large-Scale Vision-Language Models "
    "(Wortsman et al.)",
    year=2023,
    reference=Reference(
        "pytorch_optimizer:StableAdamW",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "foreach": False,
        },
    ),
)
def stable_adamw(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.99, eps=1e-8, wd=0.01):
    """StableAdamW: AdamW that slows a tensor whose gradients outgrow their second moment.

    The rate of a tensor is divided by the root mean square of gradient over second moment where
    that is above 1, as Adafactor clips its steps. Decay rates grow with the step so that the
    averages need no correction. eps is added to the root, and its square bounds the second moment
    from below in the quotient. Weight decay is decoupled, scaled by the tensor's rate, and reads
    the parameters before the step.
    """
    m = interp(g, m, b1 * (1 - b1 ** (t - 1)) / (1 - b1**t))
    v = interp(square(g), v, b2 * (1 - b2 ** (t - 1)) / (1 - b2**t))
    rate = lr / maximum(1, sqrt(mean(square(g) / maximum(v, square(eps)))))
    return rate * (m / (sqrt(v) + eps) + wd * w)
