"""PID."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="A PID Controller Approach for Stochastic Optimization of Deep Networks (An et al.)",
    year=2018,
    reference=Reference(
        "pytorch_optimizer:PID",
        {
            "lr": "lr",
            "momentum": "b1",
            "weight_decay": "wd",
            "integral": "integral",
            "derivative": "derivative",
            "foreach": False,
        },
        at={"lr": 2**-8},
    ),
    hypers={
        "integral": Hyper("weight of the momentum"),
        "derivative": Hyper("weight of the average change of the gradient"),
    },
)
def pid(
    w, g, t, i=zeros, d=zeros, last=zeros,
    *, lr=1e-3, b1=0.9, wd=0.0, integral=5.0, derivative=10.0,
):  # fmt: skip
    """PID: a controller whose error is the gradient: the present one, past ones and the change.

    Past gradients are momentum, whose rate is outside of the sum; the change since the last step is
    averaged with the same b1, from 0 on the second step. Weight decay is coupled, so changes have
    it too. The library has no momentum by default, which makes it SGD; 0.9 is the paper's.
    """
    g = g + wd * w
    i = b1 * i + g
    d = b1 * d + (1 - b1) * where(t > 1, g - last, 0)
    last = g
    return lr * (g + integral * i + derivative * d)
