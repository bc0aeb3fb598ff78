"""Trigonometric and hyperbolic functions, and the sigmoid."""

from dsl.language.registry import exact, finite, odd, primitive
from dsl.language.sign import Sign


@primitive(
    "K -> K",
    torch="torch.sin({x})",
    latex=r"\sin\left({x}\right)",
    equations=(
        odd("sin"),
        finite("sin(arcsin(x)) => x", "the sine of its inverse"),
    ),
    work=8,
)
def sin(xp, x):
    """The sine of `x` in radians."""
    return xp.sin(x)


@primitive(
    "K -> K",
    torch="torch.cos({x})",
    latex=r"\cos\left({x}\right)",
    laws=(
        exact("cos(-x) => cos(x)", "cos is even"),
        exact("cos(abs(x)) => cos(x)", "cos sees no signs"),
    ),
    equations=(finite("cos(arccos(x)) => x", "the cosine of its inverse"),),
    work=8,
)
def cos(xp, x):
    """The cosine of `x` in radians."""
    return xp.cos(x)


@primitive(
    "K -> K",
    torch="torch.tan({x})",
    latex=r"\tan\left({x}\right)",
    weight=0.5,
    equations=(
        odd("tan"),
        finite("tan(arctan(x)) => x", "the tangent of its inverse"),
    ),
    work=8,
)
def tan(xp, x):
    """The tangent of `x` in radians."""
    return xp.tan(x)


@primitive(
    "K -> K",
    torch="torch.arcsin({x})",
    latex=r"\arcsin\left({x}\right)",
    weight=0.5,
    equations=(odd("arcsin"),),
    work=8,
)
def arcsin(xp, x):
    """The inverse sine; NaN outside [-1, 1]."""
    return xp.arcsin(x)


@primitive(
    "K -> K",
    torch="torch.arccos({x})",
    latex=r"\arccos\left({x}\right)",
    weight=0.25,
    sign=Sign.NEVER_BELOW,
    work=8,
)
def arccos(xp, x):
    """The inverse cosine; NaN outside [-1, 1]."""
    return xp.arccos(x)


@primitive(
    "K -> K",
    torch="torch.arctan({x})",
    latex=r"\arctan\left({x}\right)",
    equations=(odd("arctan"),),
    sign=Sign.KEPT,
    work=8,
)
def arctan(xp, x):
    """The inverse tangent, within (-pi/2, pi/2)."""
    return xp.arctan(x)


@primitive(
    "K -> K",
    torch="torch.sinh({x})",
    latex=r"\sinh\left({x}\right)",
    weight=0.5,
    equations=(
        odd("sinh"),
        finite("sinh(arcsinh(x)) => x", "sinh of its inverse"),
    ),
    sign=Sign.KEPT,
    work=8,
)
def sinh(xp, x):
    """The hyperbolic sine."""
    return xp.sinh(x)


@primitive(
    "K -> K",
    torch="torch.cosh({x})",
    latex=r"\cosh\left({x}\right)",
    laws=(exact("cosh(-x) => cosh(x)", "cosh is even"),),
    weight=0.5,
    equations=(finite("cosh(abs(x)) => cosh(x)", "cosh is even"),),
    sign=Sign.ABOVE,
    work=8,
)
def cosh(xp, x):
    """The hyperbolic cosine."""
    return xp.cosh(x)


@primitive(
    "K -> K",
    torch="torch.tanh({x})",
    latex=r"\tanh\left({x}\right)",
    equations=(odd("tanh"),),
    sign=Sign.KEPT,
    work=8,
)
def tanh(xp, x):
    """The hyperbolic tangent, a smooth sign."""
    return xp.tanh(x)


@primitive(
    "K -> K",
    torch="torch.arcsinh({x})",
    latex=r"\operatorname{{arcsinh}}\left({x}\right)",
    equations=(
        odd("arcsinh"),
        finite("arcsinh(sinh(x)) => x", "sinh and its inverse"),
    ),
    sign=Sign.KEPT,
    work=8,
)
def arcsinh(xp, x):
    """The inverse hyperbolic sine, linear near zero and logarithmic far from it."""
    return xp.arcsinh(x)


@primitive(
    "K -> K",
    torch="torch.sigmoid({x})",
    latex=r"\sigma\left({x}\right)",
    equations=(
        finite("1 / (1 + exp(-x)) => sigmoid(x)", "a sigmoid spelled out"),
        finite("1 - sigmoid(x) => sigmoid(-x)", "the rest of a sigmoid"),
        finite("sigmoid(-x) => 1 - sigmoid(x)", "the rest of a sigmoid"),
    ),
    sign=Sign.ABOVE,
    work=8,
)
def sigmoid(xp, x):
    """`1 / (1 + exp(-x))`, diffGrad's friction."""
    return xp.divide(1.0, 1.0 + xp.exp(-x))
