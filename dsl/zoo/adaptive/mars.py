"""MARS on AdamW and on Lion, with the gradient of the previous step or of the previous point."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, grad_at, interp, maximum, norm, sign, sqrt, square, when, zeros
from dsl.zoo.entry import Dense, Reference, entry

_PAPER = "MARS: Unleashing the Power of Variance Reduction for Training Large Models (Yuan et al.)"
_HYPERS = {"gamma": Hyper("scale of the variance reduction")}
_FAR = {"lr": 2**-5, "gamma": 0.5}
"""Steps between which the gradient of a batch changes."""


@entry(paper=_PAPER, year=2025, reference=Dense(), hypers=_HYPERS)
def mars_adamw(
    w, g, t, m=zeros, v=zeros, last=zeros,
    *, lr=3e-3, b1=0.95, b2=0.99, eps=1e-8, wd=0.0, gamma=0.025,
):  # fmt: skip
    """MARS-AdamW: AdamW on gradients pushed along their change since the last step.

    The approximate form: the last gradient is that of the last batch, 0 at first, so the first
    gradient is scaled up. Both averages take the corrected gradient, scaled to norm 1 in each
    tensor where it is larger, whatever gamma is; `dsl.combine.variance_reduced` is the correction
    alone. eps is added to the corrected root. Weight decay is decoupled and reads the parameters
    before the step. Tensors of all ranks are treated alike; the authors' code gives those that are
    no matrices to AdamW.
    """
    c = g + gamma * b1 / (1 - b1) * (g - last)
    c = c / maximum(norm(c), 1)
    last = g
    m = interp(c, m, b1)
    v = interp(square(c), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)


@entry(paper=_PAPER, year=2025, reference=Dense(at=_FAR), hypers=_HYPERS)
def mars_adamw_exact(
    w, g, t, m=zeros, v=zeros, before=copy_w,
    *, lr=3e-3, b1=0.95, b2=0.99, eps=1e-8, wd=0.0, gamma=0.025,
):  # fmt: skip
    """MARS-AdamW, exact: AdamW on gradients pushed along their change since the last parameters.

    Both gradients are of the present batch, which takes a second pass over it; on the first step
    the other one counts as 0. The rest is as in the approximate form: the corrected gradient is
    scaled to norm 1 in each tensor where it is larger, eps is added to the corrected root, and
    weight decay is decoupled and reads the parameters before the step.
    """
    there = when(t > 1, grad_at(before), 0)
    before = w
    c = g + gamma * b1 / (1 - b1) * (g - there)
    c = c / maximum(norm(c), 1)
    m = interp(c, m, b1)
    v = interp(square(c), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2025,
    reference=Reference(
        "pytorch_optimizer:MARS",
        {
            "lr": "lr",
            "betas": ("b1", 0.99),
            "weight_decay": "wd",
            "weight_decouple": True,
            "gamma": "gamma",
            "mars_type": "'lion'",
            "optimize_1d": True,
            "foreach": False,
        },
    ),
    hypers=_HYPERS,
)
def mars_lion(w, g, m=zeros, last=zeros, *, lr=3e-3, b1=0.95, wd=0.0, gamma=0.025):
    """MARS-Lion: the sign of momentum of gradients pushed along their change since the last step.

    The approximate form: the last gradient is that of the last batch, 0 at first. The corrected
    gradient is scaled to norm 1 in each tensor where it is larger. One average serves step and
    memory, where Lion has two. Weight decay is decoupled and reads the parameters before the step.
    Tensors of all ranks are treated alike; the authors' code gives those that are no matrices to
    AdamW.
    """
    c = g + gamma * b1 / (1 - b1) * (g - last)
    c = c / maximum(norm(c), 1)
    last = g
    m = interp(c, m, b1)
    return lr * (sign(m) + wd * w)


@entry(paper=_PAPER, year=2025, reference=Dense(at=_FAR), hypers=_HYPERS)
def mars_lion_exact(w, g, t, m=zeros, before=copy_w, *, lr=3e-3, b1=0.95, wd=0.0, gamma=0.025):
    """MARS-Lion, exact: MARS-Lion with the change of the gradient since the last parameters.

    Both gradients are of the present batch, which takes a second pass over it; on the first step
    the other one counts as 0. The corrected gradient is scaled to norm 1 in each tensor where it is
    larger. Weight decay is decoupled and reads the parameters before the step.
    """
    there = when(t > 1, grad_at(before), 0)
    before = w
    c = g + gamma * b1 / (1 - b1) * (g - there)
    c = c / maximum(norm(c), 1)
    m = interp(c, m, b1)
    return lr * (sign(m) + wd * w)
