"""SAM and ASAM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import global_norm, grad_at, zeros
from dsl.zoo.entry import Dense, entry

_RHO = {"rho": Hyper("radius of the ascent")}


@entry(
    paper="Sharpness-Aware Minimization for Efficiently Improving Generalization (Foret et al.)",
    year=2021,
    reference=Dense(),
    hypers=_RHO,
)
def sam(w, g, m=zeros, *, lr=0.1, b1=0.9, eps=1e-12, wd=5e-4, rho=0.05):
    """SAM: momentum over the gradient at the end of an ascent of length rho.

    The length is measured over the whole model; eps is added to the norm. Heavy ball takes the
    step; weight decay is coupled, reads the parameters before the ascent and has no part in it.
    """
    e = rho / (global_norm(g) + eps) * g
    m = b1 * m + grad_at(w + e) + wd * w
    return lr * m


@entry(
    paper="ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of Deep Neural "
    "Networks (Kwon et al.)",
    year=2021,
    reference=Dense(at={"rho": 0.25}),
    hypers=_RHO,
)
def asam(w, g, m=zeros, *, lr=0.1, b1=0.9, eps=1e-12, wd=5e-4, rho=0.5):
    """ASAM: SAM with an ascent measured in units of the parameters' magnitudes.

    The norm is that of |w| * g and the ascent goes along w * w * g; eps is added to the norm. The
    authors' code also adds a constant to |w| of matrices and kernels, which this form leaves out.
    Where |w| * g is above 1e19 its square overflows float32 and makes a NaN, there too.
    Heavy ball takes the step; weight decay is coupled and reads the parameters before the ascent.
    """
    d = abs(w) * g
    e = rho / (global_norm(d) + eps) * (abs(w) * d)
    m = b1 * m + grad_at(w + e) + wd * w
    return lr * m
