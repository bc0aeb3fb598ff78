"""Averages: the convex combination that every exponential moving average is."""

from dsl.language.registry import Binding, exact, finite, primitive


@primitive(
    "K, K, Global -> K",
    torch="(1 - {k}) * {x} + {k} * {y}",
    latex=r"(1 - {k:product})\,{x:product} + {k:product}\,{y:product}",
    binds=Binding.SUM,
    laws=(
        finite("interp(x, x, k) => x", "an average of one value"),
        finite("interp(x, y, 0) => x", "an average at its start"),
        finite("interp(x, y, 1) => y", "an average at its end"),
    ),
    weight=4.0,
    equations=(
        finite("interp(x, interp(x, y, a), b) => interp(x, y, a * b)", "an average of an average"),
        finite(
            "interp(interp(x, y, a), y, b) => interp(x, y, 1 - (1 - a) * (1 - b))",
            "an average of an average",
        ),
        finite(
            "interp(x, y, 1 - k) => interp(y, x, k)",
            "an average read from its other end",
            ("k: Global",),
        ),
        finite(
            "interp(x, y, -k) => x + k * (x - y)",
            "a step away from the other end",
            ("k: Global",),
        ),
        finite("interp(-x, -y, k) => -interp(x, y, k)", "a sign moves out of an average"),
        finite("interp(c * x, c * y, k) => c * interp(x, y, k)", "a scale moves out of an average"),
        finite("interp(x / c, y / c, k) => interp(x, y, k) / c", "a scale moves out of an average"),
        finite(
            "interp(x + z, y + z, k) => interp(x, y, k) + z", "a summand moves out of an average"
        ),
    ),
    work=2,
)
def interp(xp, x, y, k):
    """Move `x` a fraction `k` of the way to `y`: (1-k)*x + k*y, so an EMA is interp(g, m, b).

    Written as two products, which keeps the precision of a `y` much smaller than `x`.
    """
    return (1 - k) * x + k * y


@primitive(
    "K, K, K -> K",
    torch="(1 - {k}) * {x} + {k} * {y}",
    latex=r"(1 - {k:product})\,{x:product} + {k:product}\,{y:product}",
    binds=Binding.SUM,
    laws=(
        finite("blend(x, x, k) => x", "an average of one value"),
        finite("blend(x, y, 0) => x", "an average at its start"),
        finite("blend(x, y, 1) => y", "an average at its end"),
    ),
    weight=0.0,
    equations=(
        exact("blend(x, y, k) => interp(x, y, k)", "an average by one number", ("k: Global",)),
        finite("blend(x, y, 1 - k) => blend(y, x, k)", "an average read from its other end"),
        finite("blend(-x, -y, k) => -blend(x, y, k)", "a sign moves out of an average"),
        finite("blend(c * x, c * y, k) => c * blend(x, y, k)", "a scale moves out of an average"),
    ),
    spelled="(1 - k) * x + k * y",
    work=2,
)
def blend(xp, x, y, k):
    """`interp` whose rate may differ by entry, row or tensor: (1-k)*x + k*y.

    `interp` itself is for one number, which most averages have.
    """
    return (1 - k) * x + k * y
