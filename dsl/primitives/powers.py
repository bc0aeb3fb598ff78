"""Powers, roots, exponentials and logarithms.

The names that end in `_abs` are the guarded forms of the Lion search space: they act on the
magnitude, so they are defined everywhere. `sqrt` and `log` are the plain ones (NaN below zero).
"""

from dsl.language.registry import Binding, Infix, exact, finite, primitive


@primitive(
    "K, K -> K",
    torch="{x} ** {y}",
    latex="{{{x:atom}}}^{{{y}}}",
    binds=Binding.POWER,
    infix=Infix("**", 7, right=True),
    laws=(exact("x ** 1 => x"), exact("x ** 0 => 1"), finite("x ** 2 => square(x)")),
)
def power(xp, x, y):
    """`x` to the power `y`; NaN for a negative `x` and a `y` that is not whole."""
    return xp.power(x, y)


@primitive(
    "K, K -> K",
    torch="-torch.expm1({y} * torch.log1p({x} - 1))",
    latex="1 - {{{x:atom}}}^{{{y}}}",
    binds=Binding.SUM,
    weight=0.0,
)
def one_minus_power(xp, x, y):
    """`1 - x ** y` without the cancellation of bias corrections, for an `x` between 0 and 1.

    With 0.999 for `x` and 1 for `y`, float32 loses 3e-5 of the plain form and 1e-7 of this one.
    """
    rate = xp.log1p(x - 1)
    return -xp.expm1(y * rate)


@primitive("K -> K", torch="torch.sqrt({x})", latex=r"\sqrt{{{x}}}", weight=0.5)
def sqrt(xp, x):
    """The square root; NaN below zero."""
    return xp.sqrt(x)


@primitive(
    "K -> K",
    torch="torch.sqrt(torch.abs({x}))",
    latex=r"\sqrt{{\left|{x}\right|}}",
    laws=(finite("sqrt_abs(square(x)) => abs(x)"), exact("sqrt_abs(abs(x)) => sqrt_abs(x)")),
    weight=2.0,
)
def sqrt_abs(xp, x):
    """The square root of |x|."""
    return xp.sqrt(xp.abs(x))


@primitive(
    "K -> K",
    torch="torch.square({x})",
    latex="{{{x:atom}}}^2",
    binds=Binding.POWER,
    laws=(exact("square(abs(x)) => square(x)"), exact("square(-x) => square(x)")),
    weight=2.0,
)
def square(xp, x):
    """`x * x`."""
    return xp.square(x)


@primitive(
    "K -> K",
    torch="{x} ** 3",
    latex="{{{x:atom}}}^3",
    binds=Binding.POWER,
    laws=(exact("cube(-x) => -cube(x)"),),
)
def cube(xp, x):
    """`x * x * x`."""
    return x * x * x


@primitive(
    "K -> K",
    torch="torch.sign({x}) * torch.abs({x}) ** (1 / 3)",
    latex=r"\sqrt[3]{{{x}}}",
    laws=(finite("cube(cbrt(x)) => x"),),
)
def cbrt(xp, x):
    """The real cube root, negative below zero (MADGRAD's denominator)."""
    return xp.cbrt(x)


@primitive("K -> K", torch="1 / ({x} + 1e-8)", latex=r"\frac{{1}}{{{x} + 10^{{-8}}}}")
def reciprocal(xp, x):
    """`1 / (x + 1e-8)`, guarded as `div_eps` is."""
    return xp.divide(1.0, x + 1e-8)


@primitive("K -> K", torch="torch.exp({x})", latex=r"\exp\left({x}\right)")
def exp(xp, x):
    """e to the power `x`."""
    return xp.exp(x)


@primitive(
    "K -> K",
    torch="torch.expm1({x})",
    latex=r"\exp\left({x}\right) - 1",
    binds=Binding.SUM,
    weight=0.5,
)
def expm1(xp, x):
    """`exp(x) - 1`, accurate near zero."""
    return xp.expm1(x)


@primitive("K -> K", torch="torch.log({x})", latex=r"\log\left({x}\right)", weight=0.0)
def log(xp, x):
    """The natural logarithm; NaN below zero."""
    return xp.log(x)


@primitive(
    "K -> K",
    torch="torch.log(torch.abs({x}))",
    latex=r"\log\left|{x}\right|",
    laws=(exact("log_abs(abs(x)) => log_abs(x)"),),
)
def log_abs(xp, x):
    """The natural logarithm of |x|."""
    return xp.log(xp.abs(x))


@primitive(
    "K -> K", torch="torch.log(torch.abs(1 + {x}))", latex=r"\log\left|1 + {x}\right|", weight=0.5
)
def log1p_abs(xp, x):
    """The natural logarithm of |1 + x|."""
    return xp.log(xp.abs(1 + x))
