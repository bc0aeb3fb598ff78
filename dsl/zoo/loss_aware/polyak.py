"""Polyak's step size, its stochastic forms and those with momentum."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, global_dot, global_norm, minimum, square, where, zeros
from dsl.zoo.entry import Dense, Reference, entry

_POLYAK = {"f_min": "f_min", "eps": "eps"}
_MOMENTUM = "Generalized Polyak Step Size for First Order Optimization with Momentum (Wang et al.)"
_F_MIN = Hyper("the least loss, or a bound below it", low=float("-inf"))
_LARGEST = Hyper("largest step size")
_SCALE = Hyper("divides the step size")


@entry(
    paper="Minimization of unsmooth functionals (Polyak)",
    year=1969,
    reference=Reference(
        "optax:polyak_sgd",
        {**_POLYAK, "max_learning_rate": float("inf")},
        passes=("value",),
        at={"f_min": 0.001},
    ),
    hypers={"f_min": _F_MIN},
)
def polyak(w, g, loss, *, eps=0.0, f_min=0.0):
    """Polyak: the step along the gradient on which a linear loss would fall to its least value.

    f_min is that value. The gradient's norm is the whole model's; eps, which Polyak does without,
    is added to its square. A loss below f_min makes the step go up. No gradient, no step; one whose
    square is all but 0 in float32, from about 1e-19 down, makes the step infinite.
    """
    n = square(global_norm(g)) + eps
    return where(n > 0, (loss - f_min) / n, 0) * g


@entry(
    paper="Stochastic Polyak Step-size for SGD: An Adaptive Learning Rate for Fast Convergence "
    "(Loizou et al.)",
    year=2021,
    reference=Reference(
        "optax:polyak_sgd",
        {
            "max_learning_rate": "lr / c",
            "scaling": "c",
            "f_min": "f_min",
            "eps": "c * eps",
        },
        passes=("value",),
        at={"f_min": 0.01},
        note="scales the gradient by c and the step size by 1 / c",
    ),
    hypers={"lr": _LARGEST, "c": _SCALE, "f_min": _F_MIN},
)
def sps_max(w, g, loss, *, lr=0.5, eps=0.0, c=0.5, f_min=0.0):
    """SPS_max: Polyak's step size on the loss of the batch, divided by c and at most lr.

    The gradient's norm is the whole model's; eps is added to c times its square. A loss below f_min
    makes the step go up. No gradient, no step.
    """
    n = c * square(global_norm(g)) + eps
    step = where(n > 0, minimum((loss - f_min) / n, lr), 0)
    return step * g


@entry(
    paper="Training Neural Networks for and by Interpolation (Berrada et al.)",
    year=2020,
    reference=Dense(at={"lr": 0.25, "eps": 0.05, "b1": 0.5}),
    hypers={"lr": _LARGEST},
)
def ali_g(w, g, loss, m=zeros, *, lr=0.1, b1=0.9, eps=1e-5):
    """ALI-G: Polyak's step size for a least loss of 0, at most lr, with Nesterov momentum.

    The gradient's norm is the whole model's; eps is added to its square. The momentum is of steps,
    each with its own size in the sum; the authors' adjusted form multiplies the sum by the present
    step size. pytorch_optimizer's eps is 1e-6 and its norm is rounded to float32.
    """
    step = minimum(loss / (square(global_norm(g)) + eps), lr)
    m = b1 * m - step * g
    return step * g - b1 * m


@entry(
    paper=_MOMENTUM,
    year=2023,
    reference=Dense(
        at={"f_min": 0.01},
        near=0.25,
        doubts="derived from the bound that the paper minimizes, not compared with its text",
        note="far from a minimum, with no bound on the step size, batches that disagree let the "
        "parameters grow until the loss has no slope",
    ),
    hypers={"f_min": _F_MIN},
)
def alr_hb(w, g, loss, last=copy_w, *, b1=0.25, f_min=0.0):
    """ALR-HB: heavy ball with the step size that minimizes a bound of the distance to the optimum.

    The bound is of the distance after the step, for exact gradients of a convex loss of least value
    f_min; b1 weighs the last step, outside of the step size. The first step is Polyak's. On batches
    nothing holds the step size in, so b1 is small here: 0.9 is for where the bound is true. A
    gradient whose square is all but 0 in float32 makes the step infinite.
    status: unverified
    """
    d = w - last
    last = w
    n = square(global_norm(g))
    step = where(n > 0, (loss - f_min + b1 * global_dot(g, d)) / n, 0)
    return step * g - b1 * d


@entry(
    paper=_MOMENTUM,
    year=2023,
    reference=Dense(
        at={"lr": 0.25, "b1": 0.5, "c": 0.75, "f_min": 0.01},
        doubts="derived from the bound that the paper minimizes, not compared with its text",
    ),
    hypers={"lr": _LARGEST, "c": _SCALE, "f_min": _F_MIN},
)
def alr_shb(w, g, loss, last=copy_w, *, lr=0.1, b1=0.9, c=1.0, f_min=0.0):
    """ALR-SHB: ALR-HB on the loss of the batch, with a step size of at most lr.

    The part of the step size that f_min enters is divided by c, the whole is at most lr; b1 weighs
    the last step, outside of the step size. The first step is SPS_max's.
    status: unverified
    """
    d = w - last
    last = w
    n = square(global_norm(g))
    step = where(n > 0, ((loss - f_min) / c + b1 * global_dot(g, d)) / n, 0)
    return minimum(step, lr) * g - b1 * d


@entry(
    paper=_MOMENTUM,
    year=2023,
    reference=Dense(at={"f_min": 0.001}),
    hypers={"f_min": _F_MIN},
)
def alr_mag(w, g, loss, m=zeros, *, b1=0.9, f_min=0.0):
    """ALR-MAG: momentum as a fading sum of gradients, with Polyak's step size for its norm.

    The sum is not an average, and the step size is outside of it; its norm is the whole model's.
    The first step is Polyak's. A loss below f_min makes the step go up. A sum whose square is all
    but 0 in float32 makes it infinite.
    """
    m = b1 * m + g
    n = square(global_norm(m))
    return where(n > 0, (loss - f_min) / n, 0) * m


@entry(
    paper=_MOMENTUM,
    year=2023,
    reference=Dense(at={"lr": 0.25, "b1": 0.5, "c": 0.75, "f_min": 0.01}),
    hypers={"lr": _LARGEST, "c": _SCALE, "f_min": _F_MIN},
)
def alr_smag(w, g, loss, m=zeros, *, lr=0.1, b1=0.9, wd=0.0, c=1.0, f_min=0.0):
    """ALR-SMAG: ALR-MAG on the loss of the batch, its step size divided by c and at most lr.

    Weight decay is decoupled, scaled by the step size and not by lr, and reads the parameters
    before the step.
    """
    m = b1 * m + g
    n = c * square(global_norm(m))
    step = where(n > 0, minimum((loss - f_min) / n, lr), 0)
    return step * (m + wd * w)
