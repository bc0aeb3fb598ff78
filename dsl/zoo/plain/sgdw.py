"""SGDW."""

from dsl.ops import zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Decoupled Weight Decay Regularization (Loshchilov and Hutter)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:SGDW",
        {"lr": "lr", "momentum": "b1", "weight_decay": "wd", "foreach": False},
        at={"lr": 0.05},
    ),
)
def sgdw(w, g, m=zeros, *, lr=1e-3, b1=0.9, wd=1e-2):
    """SGDW: heavy ball with decay on the parameters themselves, kept out of the momentum.

    The decay is scaled by the rate and reads the parameters before the step. The rate is outside of
    the sum, as in the libraries; the paper's keeps lr * g in it and its wd is lr * wd here, the
    same path at a constant rate. The paper tunes wd for each training; the default is AdamW's.
    """
    m = b1 * m + g
    return lr * (m + wd * w)
