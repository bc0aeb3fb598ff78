"""SGD-SaI."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, interp, mean, ndim, norm, scalar, sqrt, square, sum, when, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="No More Adam: Learning Rate Scaling at Initialization is All You Need (Xu et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:SGDSaI",
        {"lr": "lr", "momentum": "b1", "eps": "eps", "weight_decay": "wd", "foreach": False},
    ),
    hypers={"eps": Hyper("keeps the spread of a gradient from zero")},
)
def sgd_sai(w, g, t, m=zeros, ratio=scalar(0), *, lr=1e-2, b1=0.9, eps=1e-8, wd=0.01):
    """SGD-SaI: momentum at rates per tensor that the first gradient sets once and for all.

    The rate of a tensor is proportional to its first gradient's signal-to-noise ratio: the norm
    over the standard deviation of the entries, with eps added to the latter. Vectors, numbers and
    gradients of equal entries take the norm alone; so do tensors in one slice along their first
    axis in the reference. A tensor whose first gradient is 0 never moves but by the decay. Weight
    decay is decoupled and reads the parameters before the step.
    """
    count = sum(1)
    spread = sqrt(sum(square(g - mean(g))) / where(count > 1, count - 1, 1))
    spread = where(ndim(w) > 1, spread, 0)
    first = where(spread > 0, norm(g) / (spread + eps), norm(g))
    ratio = when(equal(t, 1), first, ratio)
    m = interp(g, m, b1)
    return lr * (ratio * m + wd * w)
