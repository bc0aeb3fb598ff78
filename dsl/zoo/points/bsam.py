"""bSAM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import abs, grad_at, interp, normal, ones, sqrt, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="SAM as an Optimal Relaxation of Bayes (Möllenhoff and Khan)",
    year=2023,
    reference=Dense(at={"data": 64, "lr": 2**-3}),
    hypers={
        "b2": Hyper("decay of the precision", 0, 1),
        "data": Hyper("number of examples in the training data", 1),
        "rho": Hyper("length of the way uphill, in units of the variance"),
        "damping": Hyper("added to the precision, as a rate"),
    },
)
def bsam(
    w, m=zeros, s=ones, *, lr=0.5, b1=0.9, b2=0.999, wd=1e-4, data=50000.0, rho=0.05, damping=0.1
):  # fmt: skip
    """bSAM: momentum over a precision, of gradients that are taken uphill from a random point.

    The first gradient is at a draw from the normal posterior, of variance 1 / (data * s); it leads
    uphill from the parameters, where the second one is taken. The step divides by the precision s
    before this step's; that one averages the root of s times the magnitude of the first gradient.
    Weight decay wd is coupled, is added to the precision too, and reads the parameters. As in the
    authors' code, of one part of the batch; the class of pytorch_optimizer stays at the two points,
    multiplies the gradient by wd and averages squares.
    """
    noisy = grad_at(w + sqrt(1 / (data * s)) * normal(0))
    uphill = grad_at(w + rho * noisy / s)
    m = interp(uphill + wd * w, m, b1)
    u = lr * m / s
    s = interp(sqrt(s) * abs(noisy) + damping + wd, s, b2)
    return u
