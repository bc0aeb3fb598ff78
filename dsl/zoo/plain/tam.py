"""TAM."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import col_norm, first_g, interp, maximum, ndim, norm, where, zeros
from dsl.zoo.entry import Reference, entry

ALONG_ROWS = "the library's norms are those of slices along the first axis of a stack of matrices"


def alignment(x: Any, y: Any) -> Any:
    """The product of unit columns of `x` and `y`, entry by entry; a vector is one column."""
    return _unit(x) * _unit(y)


def _unit(x: Any) -> Any:
    return x / maximum(where(ndim(x) < 2, norm(x), col_norm(x)), 1e-12)


@entry(
    paper="Torque-Aware Momentum (Malviya et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:TAM",
        {
            "lr": "lr",
            "momentum": "b1",
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "decay_rate": "gamma",
            "foreach": False,
        },
        at={"lr": 0.05},
        ranks=(0, 1, 2),
        undefined=ALONG_ROWS,
    ),
    hypers={
        "eps": Hyper("added to the weight of a gradient"),
        "gamma": Hyper("decay of the average alignment", 0, 1),
    },
)
def tam(
    w, g, m=first_g, s=zeros, *, lr=1e-3, b1=0.9, eps=1e-8, wd=0.0, gamma=0.9
):  # fmt: skip
    """TAM: momentum that takes in less of a gradient the more it turns away from the momentum.

    The authors' code: alignment is the product of entries of gradient and momentum, both scaled to
    norm 1 by columns, where the paper has the cosine of two vectors; it is averaged without
    correction and maps to weights from 0 to 1, to which eps is added. The momentum starts at the
    first gradient, of which it then gets more. Weight decay is decoupled and reads the parameters
    before the step.
    """
    s = interp(alignment(m, g), s, gamma)
    m = b1 * m + ((1 + s) / 2 + eps) * g
    return lr * (m + wd * w)
