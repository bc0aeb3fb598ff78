"""Muon's kin: orthogonal momentum at adaptive rates, for matrices."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    column_count,
    interp,
    maximum,
    minimum,
    ndim,
    norm,
    rms,
    row_count,
    row_mean,
    rows,
    scalar,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry
from dsl.zoo.structure.muon import orthogonalised

_GROUP = {"use_muon": True}
_UNDEFINED = "the library flattens tensors of more axes and has no singular values of fewer"


def directed(x: Any) -> Any:
    """The momentum of a matrix with its singular values brought close to 1."""
    return orthogonalised(x / maximum(norm(x), 1e-7))


def longer(w: Any) -> Any:
    """The root of rows over columns where that is above 1."""
    return sqrt(maximum(1, row_count(w) / column_count(w)))


def alike(w: Any) -> Any:
    """The scale by which an orthogonal matrix has entries of about the size of Adam's steps."""
    return 0.2 * sqrt(maximum(row_count(w), column_count(w)))


@entry(
    paper="Muon is Scalable for LLM Training (Liu et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:MuonClip",
        {"lr": "lr", "momentum": "b1", "weight_decay": "wd", "foreach": False},
        ranks=(2,),
        undefined=_UNDEFINED,
        group=_GROUP,
    ),
)
def muon_moonlight(w, g, m=zeros, *, lr=0.02, b1=0.95, wd=0.1):
    """Moonlight's Muon: orthogonal momentum with entries as large as those of AdamW's steps.

    The step grows by 0.2 times the root of the longer side, so that rates and decay carry over from
    AdamW; no Nesterov momentum. The norm that the momentum is divided by is at least 1e-7. Weight
    decay is decoupled and reads the parameters before the step. MuonClip (Kimi K2) adds to it a
    bound on attention weights, which asks for their largest logits and is left out.
    """
    m = interp(g, m, b1)
    return lr * (alike(w) * directed(m) + wd * w)


@entry(
    paper="NorMuon: Making Muon More Efficient and Scalable (Li et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:NorMuon",
        {
            "lr": "lr",
            "momentum": "b1",
            "beta2": "b2",
            "eps": "eps",
            "weight_decay": "wd",
            "foreach": False,
        },
        ranks=(2,),
        undefined=_UNDEFINED,
        group=_GROUP,
    ),
)
def normuon(w, g, m=zeros, v=rows(0), *, lr=0.02, b1=0.95, b2=0.95, eps=1e-10, wd=0.0):
    """NorMuon: Muon whose rows are divided by roots of their average squares.

    A row is what leads to one neuron. The orthogonal matrix keeps its norm in that; eps is added to
    the roots and to the norm after. The step grows by the root of rows over columns where that is
    above 1. The momentum is Nesterov's, and its norm at least 1e-7 where it is divided by that.
    Weight decay is decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    u = directed(interp(g, m, b1))
    v = interp(row_mean(square(u)), v, b2)
    scaled = u / (sqrt(v) + eps)
    return lr * (longer(w) * norm(u) / (norm(scaled) + eps) * scaled + wd * w)


@entry(
    paper="AdaMuon: Adaptive Muon Optimizer (Si et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:AdaMuon",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "foreach": False,
        },
        ranks=(2,),
        undefined=_UNDEFINED,
        group=_GROUP,
    ),
)
def adamuon(w, g, t, m=zeros, v=zeros, *, lr=0.02, b1=0.9, b2=0.95, eps=1e-10, wd=0.0):
    """AdaMuon: Muon whose entries are divided by the root of their own second moment.

    What comes out is given the norm of an orthogonal matrix and grows by 0.2 times the root of the
    longer side. The second moment is bias-corrected; eps is added to its root and to the norm. The
    momentum's norm is at least 1e-7 where it is divided by that. Weight decay is decoupled and
    reads the parameters before the step. Later forms of the paper take the momentum's sign first.
    """
    m = interp(g, m, b1)
    u = directed(m)
    v = interp(square(u), v, b2)
    u = u / (sqrt(v / (1 - b2**t)) + eps)
    size = sqrt(minimum(row_count(w), column_count(w)))
    return lr * (alike(w) * size / (norm(u) + eps) * u + wd * w)


@entry(
    paper="AdaGrad Meets Muon: Adaptive Stepsizes for Orthogonal Updates (Zhang et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:AdaGO",
        {
            "lr": "lr",
            "momentum": "b1",
            "eps": "eps",
            "weight_decay": "wd",
            "gamma": "gamma",
            "foreach": False,
        },
        at={"gamma": 0.5, "eps": 2**-6},
        ranks=(2,),
        undefined=_UNDEFINED,
        group=_GROUP,
    ),
    hypers={
        "eps": Hyper("least rate of a step"),
        "gamma": Hyper("largest norm of a gradient that counts"),
    },
)
def adago(
    w, g, m=zeros, v=scalar(1e-6), *, lr=0.05, b1=0.95, eps=5e-4, wd=0.0, gamma=10.0
):  # fmt: skip
    """AdaGO: Muon at a rate that falls with the sum of squared gradient norms so far.

    The rate is the norm of the gradient over that sum, with norms of at most gamma in both, and at
    least eps; the sum itself divides, as in the library, where Adagrad takes its root. It grows by
    the root of rows over columns where that is above 1. The momentum's norm is at least 1e-7 where
    it is divided by that. Weight decay is decoupled and reads the parameters before the step.
    """
    size = minimum(norm(g), gamma)
    v = v + square(size)
    m = interp(g, m, b1)
    return maximum(lr * longer(w) * size / v, eps) * directed(m) + lr * wd * w


@entry(
    paper="Training Deep Learning Models with Norm-Constrained LMOs (Pethick et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:SCION",
        {
            "lr": "lr",
            "momentum": "1 - b1",
            "scale": "scale",
            "weight_decay": "wd",
            "foreach": False,
        },
        ranks=(0, 1, 2),
        undefined="the library flattens kernels",
    ),
    hypers={"scale": Hyper("radius of the norm ball that steps are made for")},
)
def scion(w, g, m=zeros, *, lr=1e-3, b1=0.9, wd=0.0, scale=1.0):
    """Scion: the point of a norm ball that goes furthest against the momentum.

    The ball of a matrix is that of the spectral norm, times the root of rows over columns, so its
    point is an orthogonal matrix up to rounding of singular values; that of a vector or a number is
    of the root mean square, to which 1e-8 is added. Weight decay is decoupled and reads the
    parameters before the step; with a wd of 1 they stay within the ball, the constrained form.
    """
    m = interp(g, m, b1)
    matrix = sqrt(row_count(w) / column_count(w)) * directed(m)
    u = where(ndim(w) > 1, matrix, m / (rms(m) + 1e-8))
    return lr * (scale * u + wd * w)
