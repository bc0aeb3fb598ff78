"""Adafactor: the paper's rule, and three libraries' versions of it, no two of them alike.

Rows and columns are those of the last two axes. The columns of a vector are its entries, so that
what is factored for a matrix is the whole second moment for a vector.
"""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_mean,
    cols,
    interp,
    maximum,
    minimum,
    ndim,
    rms,
    row_mean,
    rows,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, Reference, entry

_PAPER = "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost (Shazeer and Stern)"
_HYPERS = {
    "exponent": Hyper("how fast the decay 1 - t^-exponent of the second moment nears 1"),
    "d": Hyper("root mean square above which an update is scaled down"),
    "eps2": Hyper("least root mean square of parameters that a step is in proportion to"),
}
_RELATIVE = {**_HYPERS, "lr": Hyper("bound on the relative step size")}
_AT = {"lr": 0.5, "eps2": 0.45, "d": 0.7}


@entry(paper=_PAPER, year=2018, reference=Dense(at=_AT), hypers=_RELATIVE)
def adafactor(
    w, g, t, r=rows(0), c=cols(0), *, lr=1e-2, eps=1e-30, exponent=0.8, d=1.0, eps2=1e-3
):  # fmt: skip
    """Adafactor: RMSProp with a second moment of rank one and steps relative to the parameters.

    The step is in proportion to the root mean square of a tensor, but at least eps2, times the
    smaller of lr and 1 / sqrt(t). eps is added to the squared gradient. The decay of the second
    moment is 0 on the first step, so nothing wants a bias correction. No momentum.
    """
    b = 1 - t**-exponent
    s = square(g) + eps
    r = interp(row_mean(s), r, b)
    c = interp(col_mean(s), c, b)
    u = g / (sqrt(r / col_mean(r)) * sqrt(c))
    u = u / maximum(1, rms(u) / d)
    return maximum(eps2, rms(w)) * minimum(lr, 1 / sqrt(t)) * u


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference(
        "torch.optim:Adafactor",
        {
            "lr": "lr",
            "beta2_decay": "-exponent",
            "eps": ("eps", "eps2"),
            "d": "d",
            "weight_decay": "wd",
            "foreach": False,
        },
        at={**_AT, "eps": 0.25, "d": 1.1},
    ),
    hypers={**_RELATIVE, "eps": Hyper("least mean of the row moments, and least root of a moment")},
)
def adafactor_torch(
    w, g, t, r=rows(0), c=cols(0),
    *, lr=1e-2, eps=2.220446049250313e-16, wd=0.0, exponent=0.8, d=1.0, eps2=1e-3,
):  # fmt: skip
    """Adafactor_torch: as PyTorch has it, eps a bound from below and not added to the squares.

    eps bounds the mean of the rows' moments (matrices only) and the root of the second moment; the
    default is the precision of float64, where PyTorch takes that of the parameters. Weight decay is
    decoupled, scaled by lr and not by the relative step, and reads the parameters before the step.
    """
    b = 1 - t**-exponent
    r = interp(row_mean(square(g)), r, b)
    c = interp(col_mean(square(g)), c, b)
    v = where(ndim(g) > 1, r * c / maximum(col_mean(r), eps), c)
    u = g / sqrt(maximum(v, eps**2))
    u = u / maximum(1, rms(u) / d)
    return maximum(eps2, rms(w)) * minimum(lr, 1 / sqrt(t)) * u + lr * wd * w


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference(
        "optax:adafactor",
        {
            "learning_rate": "lr",
            "min_dim_size_to_factor": 1,
            "decay_rate": "float64(exponent)",
            "clipping_threshold": "d",
            "momentum": "b1",
            "dtype_momentum": "'float64'",
            "weight_decay_rate": "wd",
            "eps": "eps",
        },
        at={"b1": 0.9, "eps": 0.25, "d": 0.7},
        ranks=(0, 1, 2, 3),
        undefined="the two largest axes, which Optax factors, are not the last of the model's "
        "tensor of rank 4",
        note="for an exponent of its own type, Optax computes the decay of the second moment in "
        "float32, which makes 8e-11",
    ),
    hypers=_HYPERS,
)
def adafactor_optax(
    w, g, t, m=zeros, r=rows(0), c=cols(0),
    *, lr=3e-3, b1=0.0, eps=1e-30, wd=0.0, exponent=0.8, d=1.0,
):  # fmt: skip
    """Adafactor_optax: as Optax has it, a given rate and an average of the steps.

    The step is in proportion to the root mean square of a tensor, but at least 1e-3; the average,
    not bias-corrected, is of the steps with their rates in them (Optax keeps it only if asked). eps
    is added to the squared gradient. Weight decay is not scaled by the rate. Optax factors the two
    largest axes of a tensor, and only those of 128 entries or more; here it is the last two.
    """
    b = 1 - t**-exponent
    s = square(g) + eps
    r = interp(row_mean(s), r, b)
    c = interp(col_mean(s), c, b)
    u = g / (sqrt(r / col_mean(r)) * sqrt(c))
    u = u / maximum(1, rms(u) / d)
    m = interp(lr * maximum(1e-3, rms(w)) * u, m, b1)
    return m + wd * w


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference(
        "pytorch_optimizer:AdaFactor",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "decay_rate": "-exponent",
            "weight_decay": "wd",
            "clip_threshold": "d",
            "eps1": "eps",
            "eps2": "eps2",
            "relative_step": False,
            "momentum_dtype": "torch.float64",
            "foreach": False,
        },
        at={"b2": 0.9, "eps2": 0.45, "d": 0.7},
    ),
    hypers={**_HYPERS, "b2": Hyper("largest decay of the second moment", 0, 1)},
)
def adafactor_pytorch_optimizer(
    w, g, t, m=zeros, r=rows(0), c=cols(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-30, wd=0.0, exponent=0.8, d=1.0, eps2=1e-3,
):  # fmt: skip
    """Adafactor_pytorch_optimizer: a given rate, a bounded decay and an average of the steps.

    As that library has it with `relative_step` off (by default it ignores the rate and takes the
    paper's). The decay of the second moment stops growing at b2. The average, not bias-corrected,
    is of the steps with their rates in them, and kept in the precision of the parameters (the
    library's is bfloat16). eps is added to the squared gradient. Weight decay is decoupled, scaled
    by the rate times the root mean square of the tensor (at least eps2), and outside the average.
    """
    b = minimum(b2, 1 - t**-exponent)
    s = square(g) + eps
    r = interp(row_mean(s), r, b)
    c = interp(col_mean(s), c, b)
    u = g / (sqrt(r / col_mean(r)) * sqrt(c))
    u = u / maximum(1, rms(u) / d)
    a = lr * maximum(eps2, rms(w))
    m = interp(a * u, m, b1)
    return m + a * wd * w
