"""The remainder of a division, as Python has it."""

from dsl.language.registry import Binding, Infix, primitive


@primitive(
    "K, K -> K",
    torch="torch.remainder({x}, {y})",
    latex=r"{x:product} \bmod {y:power}",
    binds=Binding.PRODUCT,
    infix=Infix("%", 5),
    weight=0.0,
)
def remainder(xp, x, y):
    """The rest of `x` when whole multiples of `y` are taken away, with the sign of `y`.

    Python's `%`: `-1 % 3` is 2. NaN where `y` is 0 or `x` is not finite.
    """
    return xp.remainder(x, y)
