"""A2Grad: accelerated gradients whose steps grow shorter with the noise that was seen."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, interp, maximum, scalar, sqrt, square, sum, where, zeros
from dsl.zoo.entry import Reference, entry

_PAPER = "Optimal Adaptive and Accelerated Stochastic Gradient Descent (Deng et al.)"

_ARGUMENTS = {"beta": "beta", "lips": "lips", "foreach": False}

_HYPERS = {
    "beta": Hyper("weight of the noise in the step"),
    "lips": Hyper("Lipschitz constant of the gradient"),
}


def noise(g: Any, center: Any) -> Any:
    """The squared norm of what a gradient of a tensor differs by from the mean so far."""
    return sum(square(g - center))


def accelerated(w: Any, g: Any, t: Any, x: Any, size: Any, lips: Any) -> tuple[Any, Any]:
    """The step and the next slow point `x`, with rates below which `size` stands for the noise."""
    rate = 1 / (2 * lips / (t + 1) + size)
    share, last = 2 / (t + 3), where(t > 1, 2 / (t + 2), 1)
    x = x - rate * g
    return share * (w - x) + (1 - share) * last * rate * g, x


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference("pytorch_optimizer:A2Grad", {**_ARGUMENTS, "variant": "'uni'"}),
    hypers=_HYPERS,
)
def a2grad_uni(w, g, t, center=zeros, v=scalar(0), x=copy_w, *, beta=10.0, lips=10.0):
    """A2Grad-uni: Nesterov's acceleration with rates below which all noise so far adds up.

    The noise of a tensor is the squared norm of the gradient less the mean of all gradients. There
    is no learning rate: lips is the smoothness of the loss.
    """
    center = interp(g, center, 1 - 1 / t)
    v = v + noise(g, center)
    step, x = accelerated(w, g, t, x, beta * sqrt(v), lips)
    return step


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference("pytorch_optimizer:A2Grad", {**_ARGUMENTS, "variant": "'inc'"}),
    hypers=_HYPERS,
)
def a2grad_inc(w, g, t, center=zeros, v=scalar(0), x=copy_w, *, beta=10.0, lips=10.0):
    """A2Grad-inc: A2Grad whose sum of noise weighs each step by the square of its number.

    What was summed so far shrinks by (t / (t + 1)) ** 2, and the root of the sum is multiplied by
    that of the next step's number. There is no learning rate.
    """
    center = interp(g, center, 1 - 1 / t)
    v = square(t / (t + 1)) * v + noise(g, center)
    step, x = accelerated(w, g, t, x, beta * sqrt(v) * sqrt(t + 1), lips)
    return step


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference(
        "pytorch_optimizer:A2Grad", {**_ARGUMENTS, "variant": "'exp'", "rho": "rho"}
    ),
    hypers={**_HYPERS, "rho": Hyper("decay of the average noise", 0, 1)},
)
def a2grad_exp(
    w, g, t, center=zeros, v=scalar(0), top=scalar(0), x=copy_w, *, beta=10.0, lips=10.0, rho=0.5
):  # fmt: skip
    """A2Grad-exp: A2Grad with the largest average of the noise so far, as in AMSGrad.

    The root of that average is multiplied by that of the next step's number. There is no learning
    rate.
    """
    center = interp(g, center, 1 - 1 / t)
    v = interp(noise(g, center), v, rho)
    top = maximum(top, v)
    step, x = accelerated(w, g, t, x, beta * sqrt(top) * sqrt(t + 1), lips)
    return step
