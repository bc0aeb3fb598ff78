"""Averages: the convex combination that every exponential moving average is."""

from dsl.language.registry import Binding, finite, primitive


@primitive(
    "K, K, Global -> K",
    torch="(1 - {k}) * {x} + {k} * {y}",
    latex=r"(1 - {k:product})\,{x:product} + {k:product}\,{y:product}",
    binds=Binding.SUM,
    laws=(
        finite("interp(x, x, k) => x"),
        finite("interp(x, y, 0) => x"),
        finite("interp(x, y, 1) => y"),
    ),
    weight=4.0,
)
def interp(xp, x, y, k):
    """Move `x` a fraction `k` of the way to `y`: (1-k)*x + k*y, so an EMA is interp(g, m, b).

    Written as two products, which keeps the precision of a `y` much smaller than `x`.
    """
    return (1 - k) * x + k * y
