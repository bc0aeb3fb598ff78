"""Comparisons (1.0 for true, 0.0 for false), selection, and work done on some steps only."""

from dsl.language.registry import Counts, Infix, exact, finite, primitive
from dsl.language.sides import CHOICE, TRUTH
from dsl.language.sign import Sign


@primitive(
    "K, K -> K",
    torch="({x} > {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} > {y}\right]",
    infix=Infix(">", 3),
    equations=(
        exact("y < x => x > y", "the same order"),
        exact("x > x => 0", "nothing is larger than itself"),
        finite("k * x > k * y => x > y", "a positive factor keeps the order", ("k > 0",)),
        finite("-x > -y => y > x", "opposites in the opposite order"),
        finite("k * x > 0 => x > 0", "a positive factor keeps the sign", ("k > 0",)),
        finite("0 > k * x => 0 > x", "a positive factor keeps the sign", ("k > 0",)),
        finite("-x > 0 => 0 > x", "opposites in the opposite order"),
        finite("0 > -x => x > 0", "opposites in the opposite order"),
        finite("x - y > 0 => x > y", "a difference above 0"),
    ),
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
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
    equations=(exact("x < x => 0", "nothing is smaller than itself"),),
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
)
def less(xp, x, y):
    """1 where `x < y`, else 0; 0 where either is NaN."""
    return xp.where(x < y, 1.0, 0.0)


@primitive(
    "K, K -> K",
    torch="({x} >= {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} \geq {y}\right]",
    infix=Infix(">=", 3),
    spelled="(x > y) + equal(x, y)",
    weight=0.0,
    equations=(
        exact("y <= x => x >= y", "the same order"),
        finite("x >= x => 1", "every number is as large as itself"),
        finite("k * x >= k * y => x >= y", "a positive factor keeps the order", ("k > 0",)),
        finite("-x >= -y => y >= x", "opposites in the opposite order"),
    ),
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
)
def greater_equal(xp, x, y):
    """1 where `x >= y`, else 0; 0 where either is NaN, so it is not `1 - (x < y)`."""
    return xp.where(x >= y, 1.0, 0.0)


@primitive(
    "K, K -> K",
    torch="({x} <= {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} \leq {y}\right]",
    infix=Infix("<=", 3),
    spelled="(x < y) + equal(x, y)",
    weight=0.0,
    equations=(finite("x <= x => 1", "every number is as small as itself"),),
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
)
def less_equal(xp, x, y):
    """1 where `x <= y`, else 0; 0 where either is NaN, so it is not `1 - (x > y)`."""
    return xp.where(x <= y, 1.0, 0.0)


@primitive(
    "K, K -> K",
    torch="({x} == {y}).to({dtype})",
    latex=r"\mathbb{{1}}\left[{x} = {y}\right]",
    commutative=True,
    weight=0.0,
    equations=(finite("equal(x, x) => 1", "a value equals itself"),),
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
)
def equal(xp, x, y):
    """1 where `x` and `y` are the same number, else 0."""
    return xp.where(x == y, 1.0, 0.0)


@primitive(
    "K -> K",
    torch="torch.isfinite({x}).to({dtype})",
    latex=r"\mathbb{{1}}\left[\left|{x}\right| < \infty\right]",
    weight=0.0,
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
)
def finite_(xp, x):
    """1 where `x` is a finite number, 0 where it is NaN or infinite."""
    return xp.where(xp.isfinite(x), 1.0, 0.0)


@primitive(
    "K, K, K -> K",
    torch="torch.where({mask} != 0, {x}, {y})",
    latex=r"\left({mask}\;?\;{x} : {y}\right)",
    laws=(
        exact("where(mask, x, x) => x", "a choice between one value"),
        exact("where(1, x, y) => x", "a choice that is known"),
    ),
    equations=(
        exact("where(0, x, y) => y", "a choice that is known"),
        exact("where(m, where(m, x, y), z) => where(m, x, z)", "a choice made twice"),
        exact("where(m, x, where(m, y, z)) => where(m, x, z)", "a choice made twice"),
        finite("where(x > y, x, y) => maximum(x, y)", "the larger spelled out"),
        finite("where(x < y, x, y) => minimum(x, y)", "the smaller spelled out"),
        finite("where(x > y, y, x) => minimum(x, y)", "the smaller spelled out"),
        finite("where(x >= y, x, y) => maximum(x, y)", "the larger spelled out"),
        finite("where(x >= y, y, x) => minimum(x, y)", "the smaller spelled out"),
        finite("where(0 > x, -x, x) => abs(x)", "a magnitude spelled out"),
        finite("where(x > 0, 1, where(0 > x, -1, 0)) => sign(x)", "a sign spelled out"),
        finite("where(0 > x, -1, where(x > 0, 1, 0)) => sign(x)", "a sign spelled out"),
        finite("where(x > 0, x, -x) => abs(x)", "a magnitude spelled out"),
        finite("where(m, -x, -y) => -where(m, x, y)", "a sign moves out of a choice"),
        finite("where(m, k * x, k * y) => k * where(m, x, y)", "a scale moves out of a choice"),
    ),
    sides=CHOICE,
)
def where(xp, mask, x, y):
    """`x` where `mask` is not 0, else `y`; both are computed."""
    return xp.where(mask != 0, x, y)


@primitive(
    "Global, Global, Global -> Global",
    torch="(({t} - {phase}) % {k} == 0).to({dtype})",
    latex=r"\left[{t} \equiv {phase} \;(\mathrm{{mod}}\;{k})\right]",
    weight=0.0,
    sign=Sign.NEVER_BELOW,
    sides=TRUTH,
    counts=Counts.TAKEN,
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
    laws=(
        exact("when(flag, x, x) => x", "a choice between one value"),
        exact("when(1, x, y) => x", "a choice that is known"),
        exact("when(0, x, y) => y", "a choice that is known"),
    ),
    weight=0.0,
    sides=CHOICE,
)
def when(xp, flag, new, old):
    """`new` on steps where `flag` is not 0, else `old`; only the chosen one is computed."""
    return xp.where(flag != 0, new, old)
