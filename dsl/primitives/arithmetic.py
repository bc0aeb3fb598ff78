"""Plus, minus, times, divided by; signs, bounds.

`/` is the plain IEEE division. `div_eps` is the guarded one of the Lion search space (Chen et al.
2023, "Symbolic Discovery of Optimization Algorithms"): it adds 1e-8 to the denominator. A program
shows which one it uses.
"""

from dsl.language.registry import Binding, Infix, exact, finite, primitive
from dsl.language.sides import BOUNDS, LARGER, SMALLER
from dsl.language.sign import Sign


@primitive(
    "K, K -> K",
    torch="{x} + {y}",
    latex="{x} + {y}",
    binds=Binding.SUM,
    infix=Infix("+", 4),
    commutative=True,
    laws=(exact("x + 0 => x", "plus 0"), finite("x + (y - x) => y", "added and taken away")),
    weight=2.0,
    equations=(
        finite("(1 - k) * x + k * y => interp(x, y, k)", "an average spelled out", ("k: Global",)),
        finite("x + k * (y - x) => interp(x, y, k)", "a part of the way", ("k: Global",)),
        finite("maximum(x, y) + minimum(x, y) => x + y", "the larger and the smaller"),
        finite("square(sin(x)) + square(cos(x)) => 1", "sine and cosine of one angle"),
        finite("sum(x) + sum(y) => sum(x + y)", "sum is linear"),
        finite("mean(x) + mean(y) => mean(x + y)", "mean is linear"),
    ),
)
def add(xp, x, y):
    """The sum of `x` and `y`."""
    return x + y


@primitive(
    "K, K -> K",
    torch="{x} - {y}",
    latex="{x} - {y:product}",
    binds=Binding.SUM,
    infix=Infix("-", 4),
    laws=(
        exact("x - 0 => x", "less 0"),
        finite("x - x => 0", "a value less itself"),
        exact("0 - x => -x", "0 less a value"),
    ),
    weight=2.0,
    equations=(
        finite("x - k * (x - y) => interp(x, y, k)", "a part of the way", ("k: Global",)),
        finite("exp(x) - 1 => expm1(x)", "exp less 1"),
        finite("exp(log1p_abs(x)) - 1 => x", "expm1 of log1p", ("x >= 0",)),
        finite("x - y => -(y - x)", "a difference turned round"),
        finite("maximum(x, y) - minimum(x, y) => abs(x - y)", "the larger less the smaller"),
        finite("(x > 0) - (0 > x) => sign(x)", "a sign spelled out"),
        finite("sum(x) - sum(y) => sum(x - y)", "sum is linear"),
        finite("mean(x) - mean(y) => mean(x - y)", "mean is linear"),
    ),
)
def sub(xp, x, y):
    """`x` less `y`."""
    return x - y


@primitive(
    "K, K -> K",
    torch="{x} * {y}",
    latex=r"{x:product}\,{y:product}",
    binds=Binding.PRODUCT,
    infix=Infix("*", 5),
    commutative=True,
    laws=(
        exact("x * 1 => x", "times 1"),
        exact("x * -1 => -x", "times -1"),
        finite("x * 0 => 0", "times 0"),
    ),
    weight=2.0,
    equations=(
        finite("abs(x) * abs(y) => abs(x * y)", "magnitudes multiply"),
        finite("abs(x) * abs(x) => square(x)", "a magnitude squared"),
        finite("sign(x) * x => abs(x)", "a value times its sign"),
        finite("sign(x) * sign(y) => sign(x * y)", "signs multiply"),
        finite("sqrt(x) * sqrt(x) => x", "a root squared"),
        finite("sqrt(x) * sqrt(y) => sqrt(x * y)", "roots multiply"),
        finite("sqrt_abs(x) * sqrt_abs(x) => abs(x)", "a root squared"),
        finite("exp(x) * exp(y) => exp(x + y)", "powers of e multiply"),
        finite("x * reciprocal(y) => div_eps(x, y)", "a guarded quotient"),
        finite("x * (1 / y) => x / y", "times one over a value"),
        finite("abs(sign(x)) * x => x", "a value where it is not 0"),
        finite("abs(sign(x)) * sign(x) => sign(x)", "a sign three times"),
        finite("cbrt(x) * cbrt(y) => cbrt(x * y)", "roots multiply"),
        finite("x ** a * x ** b => x ** (a + b)", "powers multiply", ("x >= 0",)),
        finite("norm(x) * norm(x) => dot(x, x)", "a norm squared"),
    ),
)
def mul(xp, x, y):
    """The product of `x` and `y`."""
    return x * y


@primitive(
    "K, K -> K",
    torch="{x} / {y}",
    latex=r"\frac{{{x}}}{{{y}}}",
    infix=Infix("/", 5),
    laws=(exact("x / 1 => x", "over 1"), finite("0 / x => 0", "nothing over a value")),
    equations=(
        finite("x / abs(x) => sign(x)", "a value over its magnitude"),
        finite("abs(x) / x => sign(x)", "a magnitude over its value"),
        finite("x / sign(x) => abs(x)", "a value over its sign"),
        finite("abs(x) / sign(x) => x", "a magnitude over its sign"),
        finite("abs(x) / abs(y) => abs(x / y)", "magnitudes divide"),
        finite("x / sqrt(x) => sqrt(x)", "a value over its root"),
        finite("sqrt(x) / sqrt(y) => sqrt(x / y)", "roots divide"),
        finite("square(x) / abs(x) => abs(x)", "a square over its root"),
        finite("sin(x) / cos(x) => tan(x)", "sine over cosine"),
        finite("sinh(x) / cosh(x) => tanh(x)", "sinh over cosh"),
        finite("exp(x) / exp(y) => exp(x - y)", "powers of e divide"),
        finite("x / (y - z) => -(x / (z - y))", "a denominator turned round"),
        finite("x / (1 / y) => x * y", "over one over a value"),
        finite("cbrt(x) / cbrt(y) => cbrt(x / y)", "roots divide"),
        finite("x ** a / x ** b => x ** (a - b)", "powers divide", ("x >= 0",)),
        finite("dot(x, x) / norm(x) => norm(x)", "a square over its root"),
        finite("global_dot(x, x) / global_norm(x) => global_norm(x)", "a square over its root"),
    ),
)
def div(xp, x, y):
    """`x` over `y`, unguarded: x/0 is an infinity or NaN."""
    return xp.divide(x, y)


@primitive(
    "K, K -> K",
    torch="{x} / ({y} + 1e-8)",
    latex=r"\frac{{{x}}}{{{y} + 10^{{-8}}}}",
    weight=2.0,
    equations=(
        finite("div_eps(-x, y) => -div_eps(x, y)", "div_eps is odd above"),
        finite(
            "div_eps(k * x, y) => k * div_eps(x, y)",
            "a scale moves out of a quotient",
            ("k: Global",),
        ),
        finite("div_eps(1, y) => reciprocal(y)", "one over a guarded value"),
    ),
)
def div_eps(xp, x, y):
    """`x / (y + 1e-8)`, the guarded division of the Lion search space."""
    return xp.divide(x, y + 1e-8)


@primitive(
    "K -> K",
    torch="-{x}",
    latex="-{x:product}",
    binds=Binding.NEGATION,
    infix=Infix("-", 6),
    laws=(exact("neg(-x) => x", "turned round twice"),),
)
def neg(xp, x):
    """`x` with the other sign."""
    return -x


@primitive(
    "K -> K",
    torch="torch.abs({x})",
    latex=r"\left|{x}\right|",
    laws=(
        exact("abs(abs(x)) => abs(x)", "a magnitude twice"),
        exact("abs(-x) => abs(x)", "abs is even"),
    ),
    equations=(
        exact("abs(x) => x", "a magnitude of what has no sign", ("x >= 0",)),
        finite("abs(k * x) => k * abs(x)", "a scale moves out of a magnitude", ("k >= 0",)),
        finite("abs(k * x) => abs(k) * abs(x)", "a scale moves out of a magnitude", ("k: Global",)),
    ),
    sign=Sign.NEVER_BELOW,
)
def abs_(xp, x):
    """The magnitude of `x`."""
    return xp.abs(x)


@primitive(
    "K -> K",
    torch="torch.sign({x})",
    latex=r"\operatorname{{sign}}\left({x}\right)",
    laws=(
        exact("sign(sign(x)) => sign(x)", "a sign twice"),
        finite("sign(x) * abs(x) => x", "sign times magnitude"),
        finite("where(sum(abs(x)) > 0, sign(x), 0) => sign(x)", "a guard against a zero tensor"),
    ),
    weight=2.0,
    equations=(
        exact("sign(-x) => -sign(x)", "sign is odd"),
        finite("sign(x) => 1", "the sign of what is positive", ("x > 0",)),
        finite("sign(k * x) => sign(x)", "a positive factor does not change a sign", ("k > 0",)),
        finite("sign(x / k) => sign(x)", "a positive divisor does not change a sign", ("k >= 0",)),
        finite("sign(abs(x) * x) => sign(x)", "a magnitude does not change a sign"),
        finite("sign(sqrt_abs(x) * x) => sign(x)", "a magnitude does not change a sign"),
        finite("sign(square(x) * x) => sign(x)", "a square does not change a sign"),
        finite(
            "sign(div_eps(x, k)) => sign(x)",
            "a positive divisor does not change a sign",
            ("k >= 0",),
        ),
        finite("sign(cube(x)) => sign(x)", "cube keeps the sign"),
        finite("sign(cbrt(x)) => sign(x)", "cbrt keeps the sign"),
        finite("sign(sinh(x)) => sign(x)", "sinh keeps the sign"),
        finite("sign(tanh(x)) => sign(x)", "tanh keeps the sign"),
        finite("sign(arcsinh(x)) => sign(x)", "arcsinh keeps the sign"),
        finite("sign(arctan(x)) => sign(x)", "arctan keeps the sign"),
        finite("sign(arcsin(x)) => sign(x)", "arcsin keeps the sign"),
        finite("sign(expm1(x)) => sign(x)", "expm1 keeps the sign"),
    ),
    sign=Sign.KEPT,
)
def sign(xp, x):
    """-1, 0 or 1; sign(0) is 0."""
    return xp.sign(x)


@primitive(
    "K, K -> K",
    torch="torch.maximum({x}, {y})",
    latex=r"\max\left({x}, {y}\right)",
    commutative=True,
    laws=(exact("maximum(x, x) => x", "the larger of one value"),),
    equations=(
        exact("maximum(x, -x) => abs(x)", "the larger of a value and its opposite"),
        exact("maximum(maximum(x, y), y) => maximum(x, y)", "the larger one twice"),
        finite("maximum(x, minimum(x, y)) => x", "the larger one absorbs"),
        exact("maximum(-x, -y) => -minimum(x, y)", "the larger of opposites"),
        finite(
            "maximum(k * x, k * y) => k * maximum(x, y)",
            "a scale moves out of the larger",
            ("k >= 0",),
        ),
        exact("maximum(x, 0) => x", "the larger of what has no sign and 0", ("x >= 0",)),
        exact("maximum(abs(x), x) => abs(x)", "the larger of a value and its magnitude"),
        finite(
            "maximum(x, -k) => x", "the larger of what has no sign and less", ("x >= 0", "k >= 0")
        ),
        exact(
            "maximum(minimum(x, a), -a) => clip(x, -a, a)",
            "clip spelled out",
            ("a >= 0", "a: Global"),
        ),
        finite("maximum(x + z, y + z) => maximum(x, y) + z", "a summand moves out of the larger"),
    ),
    sides=LARGER,
)
def maximum(xp, x, y):
    """The larger of `x` and `y`; NaN if either is."""
    return xp.maximum(x, y)


@primitive(
    "K, K -> K",
    torch="torch.minimum({x}, {y})",
    latex=r"\min\left({x}, {y}\right)",
    commutative=True,
    laws=(exact("minimum(x, x) => x", "the smaller of one value"),),
    equations=(
        exact("minimum(x, -x) => -abs(x)", "the smaller of a value and its opposite"),
        exact("minimum(minimum(x, y), y) => minimum(x, y)", "the smaller one twice"),
        finite("minimum(x, maximum(x, y)) => x", "the smaller one absorbs"),
        exact("minimum(-x, -y) => -maximum(x, y)", "the smaller of opposites"),
        finite(
            "minimum(k * x, k * y) => k * minimum(x, y)",
            "a scale moves out of the smaller",
            ("k >= 0",),
        ),
        exact(
            "minimum(maximum(x, a), b) => clip(x, a, b)",
            "clip spelled out",
            ("a: Global", "b: Global"),
        ),
        exact("minimum(abs(x), x) => x", "the smaller of a value and its magnitude"),
        finite("minimum(x + z, y + z) => minimum(x, y) + z", "a summand moves out of the smaller"),
    ),
    sides=SMALLER,
)
def minimum(xp, x, y):
    """The smaller of `x` and `y`; NaN if either is."""
    return xp.minimum(x, y)


@primitive(
    "K, Global, Global -> K",
    torch="torch.clamp({x}, {low}, {high})",
    latex=r"\operatorname{{clip}}\left({x}, {low}, {high}\right)",
    equations=(
        exact("clip(clip(x, a, b), a, b) => clip(x, a, b)", "clipped twice"),
        exact(
            "clip(clip(x, a, b), c, d) => clip(x, clip(a, c, d), clip(b, c, d))",
            "bounds within bounds",
        ),
        exact("clip(sign(x), -1, 1) => sign(x)", "bounds that a sign keeps"),
        exact("clip(tanh(x), -1, 1) => tanh(x)", "bounds that tanh keeps"),
        finite("clip(-x, -a, a) => -clip(x, -a, a)", "clip is odd", ("a >= 0", "a: Global")),
        finite(
            "clip(k * x, -a, a) => k * clip(x, -a / k, a / k)",
            "a scale moves out of clip",
            ("k > 0", "k: Global"),
        ),
    ),
    sides=BOUNDS,
)
def clip(xp, x, low, high):
    """`x` bounded entry by entry: min(max(x, low), high), as Sophia clips its step."""
    return xp.minimum(xp.maximum(x, low), high)
