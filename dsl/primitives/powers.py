"""Powers, roots, exponentials and logarithms.

The names that end in `_abs` are the guarded forms of the Lion search space: they act on the
magnitude, so they are defined everywhere. `sqrt` and `log` are the plain ones (NaN below zero).
"""

from dsl.language.registry import Binding, Infix, exact, finite, odd, primitive
from dsl.language.sign import Sign


@primitive(
    "K, K -> K",
    torch="{x} ** {y}",
    latex="{{{x:atom}}}^{{{y}}}",
    binds=Binding.POWER,
    infix=Infix("**", 7, right=True),
    laws=(
        exact("x ** 1 => x", "a first power"),
        exact("x ** 0 => 1", "a power of 0"),
        finite("x ** 2 => square(x)", "a second power"),
    ),
    equations=(
        finite("x ** 3 => cube(x)", "a third power"),
        finite("x ** 0.5 => sqrt(x)", "a power of one half"),
        finite("x ** -1 => 1 / x", "a power of -1"),
        finite("x ** -0.5 => 1 / sqrt(x)", "a power of minus one half"),
        finite("1 ** x => 1", "a power of 1"),
        finite("exp(x) ** y => exp(x * y)", "a power of a power of e"),
        finite("(x ** a) ** b => x ** (a * b)", "a power of a power", ("x >= 0",)),
        finite("sqrt(x) ** a => x ** (0.5 * a)", "a power of a root"),
    ),
    work=8,
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
    work=8,
)
def one_minus_power(xp, x, y):
    """`1 - x ** y` without the cancellation of bias corrections, for an `x` between 0 and 1.

    With 0.999 for `x` and 1 for `y`, float32 loses 3e-5 of the plain form and 1e-7 of this one.
    """
    rate = xp.log1p(x - 1)
    return -xp.expm1(y * rate)


@primitive(
    "K -> K",
    torch="torch.sqrt({x})",
    latex=r"\sqrt{{{x}}}",
    weight=0.5,
    equations=(
        finite("sqrt(square(x)) => abs(x)", "the root of a square"),
        finite(
            "sqrt(k * x) => sqrt(k) * sqrt(x)",
            "a scale moves out of a root",
            ("k > 0", "k: Global"),
        ),
        finite("sqrt(square(k) * x) => k * sqrt(x)", "a square moves out of a root", ("k > 0",)),
        finite("sqrt(dot(x, x)) => norm(x)", "a norm spelled out"),
        finite("sqrt(sum(square(x))) => norm(x)", "a norm spelled out"),
        finite("sqrt(mean(square(x))) => rms(x)", "a root mean square spelled out"),
        finite("sqrt(global_dot(x, x)) => global_norm(x)", "a norm spelled out"),
        finite("sqrt(exp(x)) => exp(0.5 * x)", "the root of a power of e"),
        finite("sqrt(x ** a) => x ** (0.5 * a)", "the root of a power", ("x >= 0",)),
    ),
    sign=Sign.NEVER_BELOW,
    work=2,
)
def sqrt(xp, x):
    """The square root; NaN below zero."""
    return xp.sqrt(x)


@primitive(
    "K -> K",
    torch="torch.sqrt(torch.abs({x}))",
    latex=r"\sqrt{{\left|{x}\right|}}",
    laws=(
        finite("sqrt_abs(square(x)) => abs(x)", "the root of a square"),
        exact("sqrt_abs(abs(x)) => sqrt_abs(x)", "sqrt_abs sees no signs"),
    ),
    weight=2.0,
    equations=(
        finite("sqrt_abs(x) => sqrt(x)", "a guard that guards nothing", ("x >= 0",)),
        exact("sqrt_abs(-x) => sqrt_abs(x)", "sqrt_abs is even"),
        exact("sqrt(abs(x)) => sqrt_abs(x)", "a guarded root"),
        finite(
            "sqrt_abs(k * x) => sqrt_abs(k) * sqrt_abs(x)",
            "a scale moves out of a root",
            ("k: Global",),
        ),
    ),
    sign=Sign.NEVER_BELOW,
    work=3,
)
def sqrt_abs(xp, x):
    """The square root of |x|."""
    return xp.sqrt(xp.abs(x))


@primitive(
    "K -> K",
    torch="torch.square({x})",
    latex="{{{x:atom}}}^2",
    binds=Binding.POWER,
    laws=(
        exact("square(abs(x)) => square(x)", "square sees no signs"),
        exact("square(-x) => square(x)", "square is even"),
    ),
    weight=2.0,
    equations=(
        finite("square(sqrt_abs(x)) => abs(x)", "the square of a root"),
        finite("square(sqrt(x)) => x", "the square of a root"),
        exact("x * x => square(x)", "a square spelled out"),
        finite("square(exp(x)) => exp(2 * x)", "the square of a power of e"),
        finite("square(sign(x)) => abs(sign(x))", "the square of a sign"),
        finite("square(x ** a) => x ** (2 * a)", "the square of a power", ("x >= 0",)),
    ),
    sign=Sign.NEVER_BELOW,
)
def square(xp, x):
    """`x * x`."""
    return xp.square(x)


@primitive(
    "K -> K",
    torch="{x} ** 3",
    latex="{{{x:atom}}}^3",
    binds=Binding.POWER,
    laws=(exact("cube(-x) => -cube(x)", "cube is odd"),),
    equations=(
        finite("x * x * x => cube(x)", "a cube spelled out"),
        finite("square(x) * x => cube(x)", "a cube spelled out"),
    ),
    sign=Sign.KEPT,
)
def cube(xp, x):
    """`x * x * x`."""
    return x * x * x


@primitive(
    "K -> K",
    torch="torch.sign({x}) * torch.abs({x}) ** (1 / 3)",
    latex=r"\sqrt[3]{{{x}}}",
    laws=(finite("cube(cbrt(x)) => x", "the cube of a root"),),
    equations=(
        finite("cbrt(cube(x)) => x", "the root of a cube"),
        odd("cbrt"),
        finite("cbrt(k * x) => cbrt(k) * cbrt(x)", "a scale moves out of a root", ("k: Global",)),
    ),
    sign=Sign.KEPT,
    work=8,
)
def cbrt(xp, x):
    """The real cube root, negative below zero (MADGRAD's denominator)."""
    return xp.cbrt(x)


@primitive(
    "K -> K",
    torch="1 / ({x} + 1e-8)",
    latex=r"\frac{{1}}{{{x} + 10^{{-8}}}}",
    equations=(finite("reciprocal(y) * x => div_eps(x, y)", "a guarded quotient"),),
)
def reciprocal(xp, x):
    """`1 / (x + 1e-8)`, guarded as `div_eps` is."""
    return xp.divide(1.0, x + 1e-8)


@primitive(
    "K -> K",
    torch="torch.exp({x})",
    latex=r"\exp\left({x}\right)",
    equations=(
        finite("exp(log(x)) => x", "exp of a logarithm"),
        finite("exp(log_abs(x)) => abs(x)", "exp of a logarithm"),
        finite("exp(k * log_abs(x)) => abs(x) ** k", "exp of a multiple of a logarithm"),
        finite("exp(k * log(x)) => x ** k", "exp of a multiple of a logarithm"),
    ),
    sign=Sign.ABOVE,
    work=8,
)
def exp(xp, x):
    """e to the power `x`."""
    return xp.exp(x)


@primitive(
    "K -> K",
    torch="torch.expm1({x})",
    latex=r"\exp\left({x}\right) - 1",
    binds=Binding.SUM,
    weight=0.5,
    equations=(
        finite("expm1(log1p_abs(x)) => x", "expm1 of log1p", ("x >= 0",)),
        finite("expm1(x) + 1 => exp(x)", "exp less 1"),
    ),
    sign=Sign.KEPT,
    work=8,
)
def expm1(xp, x):
    """`exp(x) - 1`, accurate near zero."""
    return xp.expm1(x)


@primitive(
    "K -> K",
    torch="torch.log({x})",
    latex=r"\log\left({x}\right)",
    weight=0.0,
    equations=(finite("log(exp(x)) => x", "the logarithm of exp"),),
    work=8,
)
def log(xp, x):
    """The natural logarithm; NaN below zero."""
    return xp.log(x)


@primitive(
    "K -> K",
    torch="torch.log(torch.abs({x}))",
    latex=r"\log\left|{x}\right|",
    laws=(exact("log_abs(abs(x)) => log_abs(x)", "log_abs sees no signs"),),
    equations=(
        finite("log_abs(exp(x)) => x", "the logarithm of exp"),
        exact("log_abs(-x) => log_abs(x)", "log_abs is even"),
        exact("log(abs(x)) => log_abs(x)", "a guarded logarithm"),
    ),
    work=9,
)
def log_abs(xp, x):
    """The natural logarithm of |x|."""
    return xp.log(xp.abs(x))


@primitive(
    "K -> K",
    torch="torch.log(torch.abs(1 + {x}))",
    latex=r"\log\left|1 + {x}\right|",
    weight=0.5,
    equations=(
        finite("log_abs(1 + x) => log1p_abs(x)", "a logarithm near 1"),
        finite("log1p_abs(expm1(x)) => x", "log1p of expm1"),
    ),
    work=10,
)
def log1p_abs(xp, x):
    """The natural logarithm of |1 + x|."""
    return xp.log(xp.abs(1 + x))
