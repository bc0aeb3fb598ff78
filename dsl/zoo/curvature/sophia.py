"""Sophia: Hutchinson's estimate (H), and labels drawn by the model (G) at three points in time."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import clip, every, hvp, interp, maximum, normal, sampled_grad, square, when, zeros
from dsl.zoo.entry import Curvature, Dense, Reference, entry

_PAPER = (
    "Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training "
    "(Liu et al.)"
)
_HYPERS = {
    "gamma": Hyper("scale of the curvature: fewer entries are clipped where it is larger"),
    "labels": Hyper("labels that are drawn: examples times outputs with a label", 1),
    "period": Hyper("steps between estimates of the curvature", 1, whole=True),
}


@entry(
    paper=_PAPER,
    year=2024,
    reference=Reference(
        "pytorch_optimizer:SophiaH",
        {
            "lr": "lr / gamma",
            "betas": ("b1", "b2"),
            "eps": "eps / gamma",
            "weight_decay": "wd * gamma",
            "weight_decouple": True,
            "p": "gamma",
            "update_period": "period",
            "foreach": False,
        },
        curvature=Curvature("hessian", draw="normal", estimate="z * hz", period="period"),
        at={"b2": 0.8, "gamma": 0.5, "period": 3},
        note="clips m / h at gamma where this rule clips m / (gamma * h) at 1",
    ),
    hypers=_HYPERS,
)
def sophia_h(
    w, g, t, m=zeros, h=zeros,
    *, lr=6e-4, b1=0.96, b2=0.99, eps=1e-12, wd=0.0, gamma=0.01, period=10,
):  # fmt: skip
    """Sophia-H: momentum over an estimate of the Hessian's diagonal, entries clipped to [-1, 1].

    Hutchinson's estimate with normal noise, made on steps 1, 1 + period, ... before it is used; no
    bias correction. eps bounds gamma * h from below, so an entry of negative curvature moves by the
    sign of its momentum. Weight decay is decoupled and reads the parameters before the step.
    """
    z = normal(0)
    h = when(every(t, period, 1), interp(z * hvp(z), h, b2), h)
    m = interp(g, m, b1)
    u = clip(m / maximum(gamma * h, eps), -1, 1)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(
        at={"b2": 0.8, "gamma": 2, "labels": 6, "period": 3},
        doubts="the defaults, which are of the authors' code where it differs from the paper",
    ),
    hypers=_HYPERS,
)
def sophia_g(
    w, g, t, m=zeros, h=zeros,
    *, lr=6e-4, b1=0.965, b2=0.99, eps=1e-12, wd=0.2, gamma=0.05, labels=491520, period=10,
):  # fmt: skip
    """Sophia-G: momentum over squared gradients for labels that the model draws, entries clipped.

    The paper's timing: the estimate, labels times the square, is made on steps 1, 1 + period, ...
    from the batch at hand, before it is used; no bias correction. eps bounds gamma * h from below.
    Weight decay is decoupled and reads the parameters before the step.

    status: unverified
    """
    h = when(every(t, period, 1), interp(labels * square(sampled_grad(0)), h, b2), h)
    m = interp(g, m, b1)
    u = clip(m / maximum(gamma * h, eps), -1, 1)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"b2": 0.8, "rho": 2, "labels": 6, "period": 3}),
    hypers={**_HYPERS, "rho": _HYPERS["gamma"]},
)
def sophia_g_after(
    w, g, t, m=zeros, h=zeros,
    *, lr=1e-4, b1=0.965, b2=0.99, eps=1e-15, wd=0.1, rho=0.04, labels=5120, period=10,
):  # fmt: skip
    """Sophia-G as its authors run it: the estimate is made after each period-th step.

    That is on the batch of the step that follows, where the parameters are the same, so the first
    period steps are those of the momentum's sign. The square is averaged without the number of
    labels, which scales the denominator instead; eps is added to it. Weight decay is decoupled and
    reads the parameters before the step. (The authors also clip the global norm of both gradients.)
    """
    due = every(t, period, 1) * (t > 1)
    h = when(due, interp(square(sampled_grad(0)), h, b2), h)
    m = interp(g, m, b1)
    u = clip(m / (rho * labels * h + eps), -1, 1)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"b2": 0.8, "eps": 0.125, "gamma": 2, "labels": 6, "period": 3}),
    hypers=_HYPERS,
)
def sophia_g_optax(
    w, g, t, m=zeros, h=zeros,
    *, lr=1e-3, b1=0.965, b2=0.99, eps=1e-8, wd=1e-4, gamma=0.01, labels=491520, period=10,
):  # fmt: skip
    """Sophia-G in Optax's timing: a step reads the curvature of before, and momentum is corrected.

    The estimate, labels times the square, is made on steps 1, 1 + period, ... at the parameters
    before the step and is used from the next step on; only momentum is bias-corrected. eps bounds
    gamma * h from below. Weight decay is decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    u = clip(m / (1 - b1**t) / maximum(gamma * h, eps), -1, 1)
    h = when(every(t, period, 1), interp(labels * square(sampled_grad(0)), h, b2), h)
    return lr * (u + wd * w)
