"""Gradients made smaller where they are too large, before a program sees them."""

from dsl.combine.combinator import before
from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    clip_by_global_norm,
    global_norm,
    interp,
    maximum,
    minimum,
    norm,
    number,
    sqrt,
    square,
    where,
)

_C = {"c": Hyper("largest norm that a gradient keeps")}


@before("g", numbers=_C)
def clipped_by_global_norm(g, *, c=1.0):
    """Gradients scaled down to global norm `c` where it is larger (Pascanu et al. 2013); no eps."""
    return clip_by_global_norm(g, c)


@before("g", numbers=_C)
def clipped_by_norm(g, *, c=1.0):
    """Gradients scaled down to norm `c` in each tensor where it is larger; no eps."""
    return g / maximum(norm(g) / c, 1)


@before(
    "g",
    numbers={
        **_C,
        "z": Hyper("deviations above the mean from which on a norm is a spike"),
        "a": Hyper("decay of the norm's mean and variance", 0, 1),
        "factor": Hyper("scale of what a spike is cut to"),
        "warmup": Hyper("steps that begin the statistics", 1, whole=True),
    },
)
def zclip(g, t, mu=number(0), var=number(0), *, c=1.0, z=2.5, a=0.97, factor=1.0, warmup=25):
    """Gradients scaled down where their global norm is a spike (ZClip, Kumar et al. 2025).

    A norm is a spike if it lies more than `z` deviations above its running mean. It is then cut to
    `factor` times the mean plus z * deviation / (score / z), which is less the higher it rose, and
    counts as that norm in mean and variance (decay `a`; the variance is around the new mean). On
    the first `warmup` steps the norm is clipped at `c` alone, while the mean and the population
    variance of the norms are taken as they come. Nothing ever passes `c`; the statistics do not
    know of that. 1e-6 keeps the denominators from zero, as in the authors' code.
    """
    n = global_norm(g)
    score = (n - mu) / (sqrt(var) + 1e-6)
    seen = where(score > z, factor * (mu + z * sqrt(var) / (score / z)), n)
    limit = minimum(seen, c)
    shrink = where(
        t > warmup,
        where(n > limit, limit / (n + 1e-6), 1),
        minimum(c / (n + 1e-6), 1),
    )
    centre = where(t > warmup, interp(seen, mu, a), mu + (n - mu) / t)
    var = where(
        t > warmup,
        interp(square(seen - centre), var, a),
        var + ((n - mu) * (n - centre) - var) / t,
    )
    mu = centre
    return shrink * g
