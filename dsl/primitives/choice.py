"""Comparisons (1.0 for true, 0.0 for false), selection, and work done on some steps only."""

from dsl.language.registry import Infix, exact, primitive


@primitive(
    "K, K -> K",
    torch="({x} > {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} > {y}\right]",
    infix=Infix(">", 3),
)
def greater(xp, x, y):
    """1 where `x > y`, else 0; 0 where either is NaN."""
    return xp.where(x > y, 1.0, 0.0)


@primitive(
    "K, K -> K",
    torch="({x} < {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} < {y}\right]",
    infix=Infix("<", 3),
    weight=0.5,
)
def less(xp, x, y):
    """1 where `x < y`, else 0; 0 where either is NaN."""
    return xp.where(x < y, 1.0, 0.0)


@primitive(
    "K, K -> K",
    torch="({x} == {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} = {y}\right]",
    commutative=True,
    weight=0.0,
)
def equal(xp, x, y):
    """1 where `x` and `y` are the same number, else 0."""
    return xp.where(x == y, 1.0, 0.0)


@primitive(
    "K -> K",
    torch="torch.isfinite({x}).to({dtype})",
    latex=r"\mathbb{{1}}\left[\left|{x}\right| < \infty\right]",
    weight=0.0,
)
def finite(xp, x):
    """1 where `x` is a finite number, 0 where it is NaN or infinite."""
    return xp.where(xp.isfinite(x), 1.0, 0.0)


@primitive(
    "K, K, K -> K",
    torch="torch.where({mask} != 0, {x}, {y})",
    latex=r"\left({mask}\;?\;{x} : {y}\right)",
    laws=(exact("where(mask, x, x) => x"), exact("where(1, x, y) => x")),
)
def where(xp, mask, x, y):
    """`x` where `mask` is not 0, else `y`; both are computed."""
    return xp.where(mask != 0, x, y)


@primitive(
    "Global, Global, Global -> Global",
    torch="(({t} - {phase}) % {k} == 0).to({dtype})",
    latex=r"\left[{t} \equiv {phase} \;(\mathrm{{mod}}\;{k})\right]",
    weight=0.0,
)
def every(xp, t, k, phase):
    """1 on the steps t = phase, phase + k, ..., else 0; `t` counts from 1.

    Refreshing on the first call and every `k` calls after it is `every(t, k, 1)`.
    """
    return xp.where(xp.mod(t - phase, k) == 0, 1.0, 0.0)


@primitive(
    "Global, K, K -> K",
    torch="{new} if {flag} else {old}",
    latex=r"\left({flag}\;?\;{new} : {old}\right)",
    lazy=(1, 2),
    laws=(exact("when(flag, x, x) => x"), exact("when(1, x, y) => x"), exact("when(0, x, y) => y")),
    weight=0.0,
)
def when(xp, flag, new, old):
    """`new` on steps where `flag` is not 0, else `old`; only the chosen one is computed."""
    return xp.where(flag != 0, new, old)
