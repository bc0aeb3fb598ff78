"""Rules that ask for losses and never for a gradient: MeZO, DeepZero."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    coordinate_differences,
    descending_rank,
    every,
    loss_at,
    norm,
    normal,
    sum,
    when,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_MU = {"mu": Hyper("distance at which the loss is asked")}
_DEEPZERO = "DeepZero: Scaling up Zeroth-Order Optimization for Deep Model Training (Chen et al.)"


@entry(
    paper="Fine-Tuning Language Models with Just Forward Passes (Malladi et al.)",
    year=2023,
    reference=Dense(at={"lr": 2**-6, "mu": 0.1}),
    hypers=_MU,
)
def zo_sgd(w, *, lr=1e-6, wd=0.0, mu=1e-3):
    """ZO-SGD (MeZO): two losses on both sides of a random direction, and a step along it.

    The direction is normal over the whole model and not normalized; the difference is central, and
    both losses are of the same batch. Weight decay is decoupled and reads the parameters before the
    step; the authors leave biases and the parameters of normalization layers out of it.
    """
    z = normal(0)
    d = (loss_at(w + mu * z) - loss_at(w - mu * z)) / (2 * mu)
    return lr * (d * z + wd * w)


@entry(
    paper=_DEEPZERO,
    year=2024,
    reference=Dense(at={"lr": 0.5, "mu": 0.5}),
    hypers=_MU,
)
def deepzero_rge(w, loss, m=zeros, *, lr=0.1, b1=0.9, wd=5e-4, mu=5e-3):
    """DeepZero's random-direction estimate: one loss at the end of a step of length mu per tensor.

    The estimator that the authors use to rank parameters for pruning, with one direction, under the
    heavy ball that they train with. Each tensor's direction has length mu, 1e-8 being added to the
    norm that it is divided by, and the forward difference is divided by mu once, so the estimate is
    smaller than the gradient by mu over the number of entries. Weight decay is coupled.
    """
    z = normal(0)
    e = z / (norm(z) + 1e-8) * mu
    d = (loss_at(w + e) - loss) / mu
    m = b1 * m + d * e + wd * w
    return lr * m


@entry(
    paper=_DEEPZERO,
    year=2024,
    reference=Dense(at={"lr": 0.5, "mu": 0.5, "keep": 0.503, "period": 3}),
    hypers={
        **_MU,
        "keep": Hyper("part of each tensor's entries that are trained at a time", 0, 1),
        "period": Hyper("steps between draws of the mask", 1, whole=True),
    },
)
def deepzero_cge(
    w, t, m=zeros, mask=zeros, *, lr=0.1, b1=0.9, wd=5e-4, mu=5e-3, keep=0.1, period=980
):  # fmt: skip
    """DeepZero: a forward difference of the loss for each entry of a random mask, with momentum.

    On steps 1, 1 + period, ... the mask is drawn anew, with the same part of every tensor, rounded
    up. (The authors have a part for each layer, from their pruning score, and no mask for biases
    and normalization layers; the default period is five epochs of CIFAR-10 in batches of 256.)
    Entries outside of the mask have the gradient 0 and go on by momentum and by weight decay, which
    is coupled. A step costs a loss for each entry of the mask, and one more.
    """
    mask = when(every(t, period, 1), descending_rank(normal(0)) < keep * sum(1), mask)
    m = b1 * m + coordinate_differences(mask, mu) + wd * w
    return lr * m
