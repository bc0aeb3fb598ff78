"""Random draws shaped like the parameters.

A draw is a function of the key in the optimizer's state, the step and a stream number: the same
stream read twice in one step is the same noise, another stream is independent of it. So noise has
no order, and a program may be rewritten without changing what it draws.
"""

from dsl.language.registry import Binding, Scope, primitive


@primitive(
    "Global -> Tensor",
    scope=Scope.STEP,
    torch='self._draw("rademacher", {p}, {stream})',
    latex=r"\{{-1, 1\}}",
    binds=Binding.LAW,
    weight=0.0,
)
def rademacher(step, stream):
    """-1 or 1 with equal chance, independently for every entry."""
    return step.noise("rademacher", stream)


@primitive(
    "Global -> Tensor",
    scope=Scope.STEP,
    torch='self._draw("normal", {p}, {stream})',
    latex=r"\mathcal{{N}}(0, I)",
    binds=Binding.LAW,
    weight=0.0,
)
def normal(step, stream):
    """A standard normal number for every entry."""
    return step.noise("normal", stream)
