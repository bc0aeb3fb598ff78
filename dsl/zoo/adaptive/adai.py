"""Adai."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import clip, global_mean, interp, maximum, ones, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Adaptive Inertia: Disentangling the Effects of Adaptive Learning Rate and Momentum "
    "(Xie et al.)",
    year=2022,
    reference=Reference(
        "pytorch_optimizer:Adai",
        {
            "lr": "lr",
            "betas": ("b0", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "foreach": False,
        },
        at={"lr": 0.05, "b2": 0.9, "b0": 0.3},
    ),
    hypers={
        "eps": Hyper("momentum is at most 1 - eps; least mean second moment"),
        "b0": Hyper("how far from 1 the momentum of an entry with mean second moment is", 0, 1),
    },
)
def adai(
    w, g, t, m=zeros, v=zeros, kept=ones, *, lr=1e-3, b2=0.99, eps=1e-3, wd=0.0, b0=0.1
):  # fmt: skip
    """Adai: SGD with a momentum, not a rate, for each entry: less where gradients are large.

    The second moment counts in parts of its mean over the model, for which the library, not the
    paper, has eps as the least value. Momentum is between 0 and 1 - eps, an average that is
    corrected by the product of its decays so far. Weight decay is coupled.
    """
    g = g + wd * w
    v = interp(square(g), v, b2)
    size = v / (1 - b2**t)
    b = clip(1 - b0 * size / maximum(global_mean(size), eps), 0, 1 - eps)
    kept = kept * b
    m = b * m + (1 - b) * g
    return lr * m / (1 - kept)
