"""Rules that ask for losses and never for a gradient: MeZO and DeepZero's random directions."""

from dsl.ops import loss_at, norm, normal, zeros
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper

_MU = {"mu": Hyper("distance at which the loss is asked")}


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
    paper="DeepZero: Scaling up Zeroth-Order Optimization for Deep Model Training (Chen et al.)",
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
