"""MARS in its Shampoo instance."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    column_count,
    copy_w,
    grad_at,
    interp,
    maximum,
    norm,
    row_count,
    sqrt,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry
from dsl.zoo.structure.muon import orthogonalised

_PAPER = "MARS: Unleashing the Power of Variance Reduction for Training Large Models (Yuan et al.)"
_UNDEFINED = "the authors give other tensors to AdamW"
_GAMMA = {"gamma": Hyper("share of the variance reduction")}


def _clipped(c: Any) -> Any:
    """The tensor, scaled down to norm 1 where it is longer."""
    return c / maximum(norm(c), 1)


def _direction(w: Any, m: Any, b1: Any, eps: Any) -> Any:
    m = m / (1 - b1)
    u = orthogonalised(m / (norm(m) + eps))
    return sqrt(maximum(1, row_count(w) / column_count(w))) * u


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(at={"gamma": 0.5}, ranks=(2,), undefined=_UNDEFINED),
    hypers=_GAMMA,
)
def mars_shampoo(
    w, g, m=zeros, last=zeros,
    *, lr=3e-3, b1=0.95, eps=1e-8, wd=0.0, gamma=0.025,
):  # fmt: skip
    """MARS-Shampoo: momentum of a variance-reduced gradient, its singular values brought near 1.

    The approximate form, where the previous gradient, on its own batch, stands for the gradient of
    this batch at the previous parameters; it is 0 on the first step. For matrices; the authors give
    other tensors to AdamW. The corrected gradient is clipped to norm 1, tensor by tensor. No bias
    correction; as in Muon a matrix with more rows than columns takes the longer steps. eps is added
    to the norm before the iteration, which the authors run in bfloat16 and this rule does in the
    precision of the parameters. Weight decay is decoupled and reads the parameters before the step.
    """
    c = _clipped(g + gamma * b1 / (1 - b1) * (g - last))
    last = g
    m = interp(c, m, b1)
    return lr * (_direction(w, m, b1, eps) + wd * w)


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(at={"gamma": 0.5}, ranks=(2,), undefined=_UNDEFINED),
    hypers=_GAMMA,
)
def mars_shampoo_exact(
    w, g, t, m=zeros, before=copy_w,
    *, lr=3e-3, b1=0.95, eps=1e-8, wd=0.0, gamma=0.025,
):  # fmt: skip
    """MARS-Shampoo, exact: the same with the gradient of this batch at the previous parameters.

    That gradient costs a second pass over the batch and counts as 0 on the first step. Everything
    else, eps and weight decay included, is as in the approximate form.
    """
    other = where(t > 1, grad_at(before), 0)
    before = w
    c = _clipped(g + gamma * b1 / (1 - b1) * (g - other))
    m = interp(c, m, b1)
    return lr * (_direction(w, m, b1, eps) + wd * w)
