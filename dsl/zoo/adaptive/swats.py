"""SWATS."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import abs, equal, global_dot, interp, maximum, number, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Improving Generalization Performance by Switching from Adam to SGD (Keskar and Socher)",
    year=2017,
    reference=Dense(
        doubts="packages take inner products tensor by tensor and test relative to the estimate",
        at={"lr": 2**-5, "b2": 0.9},
    ),
    hypers={"eps": Hyper("keeps a denominator from zero, and says how settled an estimate is")},
)
def swats(
    w, g, t, m=zeros, v=zeros, average=number(0), rate=number(0), switched=number(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-9,
):  # fmt: skip
    """SWATS: Adam until the rate that SGD would need has settled, then SGD with momentum.

    The estimate is the rate at which the projection of a gradient step on Adam's step is that step.
    The switch follows the step on which estimate and bias-corrected average differ by less than
    eps; momentum then starts from 0, and the schedule of lr matters no more. eps is also added to
    Adam's root, before the correction. Inner products range over the model, and one switch serves
    all of it.

    status: unverified.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    adam = lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)
    u = where(switched, rate * m, adam)
    along = global_dot(adam, g)
    estimate = global_dot(adam, adam) / along
    average = where(equal(along, 0), average, interp(estimate, average, b2))
    corrected = average / (1 - b2**t)
    settled = (t > 1) * (abs(corrected - estimate) < eps) * (1 - switched)
    m = where(settled, 0, m)
    rate = where(settled, corrected, rate)
    switched = maximum(switched, settled)
    return u
