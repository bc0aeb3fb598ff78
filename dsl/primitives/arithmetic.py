"""Plus, minus, times, divided by; signs, bounds.

`/` is the plain IEEE division. `div_eps` is the guarded one of the Lion search space (Chen et al.
2023, "Symbolic Discovery of Optimization Algorithms"): it adds 1e-8 to the denominator. A program
shows which one it uses.
"""

from dsl.language.registry import Binding, Infix, exact, finite, primitive


@primitive(
    "K, K -> K",
    torch="{x} + {y}",
    latex="{x} + {y}",
    binds=Binding.SUM,
    infix=Infix("+", 4),
    commutative=True,
    laws=(exact("x + 0 => x"), finite("x + (y - x) => y")),
    weight=2.0,
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
    laws=(exact("x - 0 => x"), finite("x - x => 0"), exact("0 - x => -x")),
    weight=2.0,
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
    laws=(exact("x * 1 => x"), exact("x * -1 => -x"), finite("x * 0 => 0")),
    weight=2.0,
)
def mul(xp, x, y):
    """The product of `x` and `y`."""
    return x * y


@primitive(
    "K, K -> K",
    torch="{x} / {y}",
    latex=r"\frac{{{x}}}{{{y}}}",
    infix=Infix("/", 5),
    laws=(exact("x / 1 => x"), finite("0 / x => 0")),
)
def div(xp, x, y):
    """`x` over `y`, unguarded: x/0 is an infinity or NaN."""
    return xp.divide(x, y)


@primitive(
    "K, K -> K",
    torch="{x} / ({y} + 1e-8)",
    latex=r"\frac{{{x}}}{{{y} + 10^{{-8}}}}",
    weight=2.0,
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
    laws=(exact("neg(-x) => x"),),
)
def neg(xp, x):
    """`x` with the other sign."""
    return -x


@primitive(
    "K -> K",
    torch="torch.abs({x})",
    latex=r"\left|{x}\right|",
    laws=(exact("abs(abs(x)) => abs(x)"), exact("abs(-x) => abs(x)")),
)
def abs_(xp, x):
    """The magnitude of `x`."""
    return xp.abs(x)


@primitive(
    "K -> K",
    torch="torch.sign({x})",
    latex=r"\operatorname{{sign}}\left({x}\right)",
    laws=(
        exact("sign(sign(x)) => sign(x)"),
        finite("sign(x) * abs(x) => x"),
        finite("where(sum(abs(x)) > 0, sign(x), 0) => sign(x)"),
    ),
    weight=2.0,
)
def sign(xp, x):
    """-1, 0 or 1; sign(0) is 0."""
    return xp.sign(x)


@primitive(
    "K, K -> K",
    torch="torch.maximum({x}, {y})",
    latex=r"\max\left({x}, {y}\right)",
    commutative=True,
    laws=(exact("maximum(x, x) => x"),),
)
def maximum(xp, x, y):
    """The larger of `x` and `y`; NaN if either is."""
    return xp.maximum(x, y)


@primitive(
    "K, K -> K",
    torch="torch.minimum({x}, {y})",
    latex=r"\min\left({x}, {y}\right)",
    commutative=True,
    laws=(exact("minimum(x, x) => x"),),
)
def minimum(xp, x, y):
    """The smaller of `x` and `y`; NaN if either is."""
    return xp.minimum(x, y)


@primitive(
    "K, Global, Global -> K",
    torch="torch.clamp({x}, {low}, {high})",
    latex=r"\operatorname{{clip}}\left({x}, {low}, {high}\right)",
)
def clip(xp, x, low, high):
    """`x` bounded entry by entry: min(max(x, low), high), as Sophia clips its step."""
    return xp.minimum(xp.maximum(x, low), high)
