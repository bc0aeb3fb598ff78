"""FAdam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, less, maximum, rms, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="FAdam: Adam is a natural gradient optimizer using diagonal empirical Fisher information "
    "(Hwang)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:FAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "clip": "c",
            "p": "p",
            "eps_2": "eps2",
            "momentum_dtype": "torch.float64",
            "fim_dtype": "torch.float64",
            "foreach": False,
        },
        at={"eps2": 3e-3, "c": 0.75, "b2": 0.9},
    ),
    hypers={
        "eps": Hyper("largest value of what keeps a denominator from zero"),
        "c": Hyper("root mean square above which a natural gradient is scaled down"),
        "p": Hyper("power of the Fisher information; 1/2 is Adam's", 0),
        "eps2": Hyper("what keeps a denominator from zero, as a part of the gradient's size"),
    },
)
def fadam(
    w, g, t, m=zeros, v=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.1, c=1.0, p=0.5, eps2=0.01,
):  # fmt: skip
    """FAdam: momentum of a natural gradient, and decay along that of the parameters.

    The Fisher information is the corrected second moment, by a decay that grows to b2. Gradient
    and parameters are divided by its power p, tensor by tensor scaled down to a root mean square,
    and the first is averaged without correction. The smaller of eps and eps2 times the root mean
    square of the gradient, to the power 2p, is added to that power; where the gradient is 0 it is
    eps.
    """
    b = (b2 - b2**t) / (1 - b2**t)
    v = interp(square(g), v, b)
    part = eps2 * rms(g)
    guard = where((rms(g) > 0) * less(part, eps), part, eps)
    natural = v**p + guard ** (2 * p)
    u = g / natural
    m = interp(u / maximum(rms(u) / c, 1), m, b1)
    decay = w / natural
    return lr * (m + wd * decay / maximum(rms(decay) / c, 1))
