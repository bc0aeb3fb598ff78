"""Populations: many copies of the model that move together, as swarms and evolution have them.

A `Population` of length n holds n members, each an array shaped like the parameter tensor, on the
first axis. Tensors broadcast to a population, and so do Coefficients, a number per member and
tensor, over the entries of the member; where a number belongs to the member as a whole, as its loss
does, it is the same in every tensor.
"""

from dsl.initialisers import initialiser
from dsl.kinds import Kind
from dsl.primitives.history import COEFFICIENTS
from dsl.primitives.oracles import LOSS
from dsl.registry import Scope, primitive

POPULATION = Kind(
    "Population",
    "arrays shaped like each tensor, one per member",
    lifts_to=(),
    shape=lambda of: of,
    per_parameter=1,
    lifts_from=(Kind.TENSOR, COEFFICIENTS),
    sized=True,
)


@initialiser(POPULATION, torch="{w}.detach().expand(int({length}), *{w}.shape).clone()")
def population(xp, w, length):
    """`length` members, all of them at the parameters; noise on the first step spreads them."""
    return xp.array(xp.broadcast_to(w, (int(length), *w.shape)))


@primitive(
    "Population -> Coefficients",
    scope=Scope.STEP,
    torch="[self._loss_at(closure, ready, member) for member in {x}]",
    latex=r"\left(f({x}_i)\right)_i",
    asks=LOSS,
    weight=0.0,
)
def losses_at(step, x):
    """The loss of the same batch at each member: a pass over the data for every one of them."""
    losses = step.losses_at(x)
    return [losses.reshape(-1, *[1] * (leaf.ndim - 1)) for leaf in x]


@primitive(
    "Population, Global -> Population",
    scope=Scope.STEP,
    torch='self._draw("normal", {x}, {stream})',
    latex=r"z_{{{stream}}} \sim \mathcal{{N}}(0, I)^{{|{x}|}}",
    weight=0.0,
)
def normal_like(step, x, stream):
    """A standard normal number for every entry of every member; of `x` only the shape counts.

    It has nothing to do with `normal` of the same stream.
    """
    return step.noise("normal", stream, x)


@primitive(
    "Coefficients -> Coefficients",
    torch="torch.softmax({x}, dim=0)",
    latex=r"\operatorname{{softmax}}_i\left({x}_i\right)",
    weight=0.0,
)
def softmax(xp, x):
    """`exp(x)` of each member over the sum of all, without overflow; NaN if one is or if all are
    -inf. `softmax(-a * losses)` weighs the members by their losses, with their mean's for `a = 0`
    and the best alone for a large `a`."""
    parts = xp.exp(x - xp.max(x, axis=0, keepdims=True))
    return parts / xp.sum(parts, axis=0, keepdims=True)


@primitive(
    "Population, Coefficients -> Tensor",
    torch="torch.sum({c} * {x}, dim=0)",
    latex=r"\textstyle\sum_i {c}_i\,{x}_i",
    weight=0.0,
)
def member_sum(xp, x, c):
    """The sum of the members, each times its number; a mean where these add up to 1."""
    return xp.sum(c * x, axis=0)


@primitive(
    "Population -> Coefficients",
    scope=Scope.MODEL,
    torch="""
def _member_norm(x: list[torch.Tensor]) -> list[torch.Tensor]:
    size = torch.sqrt(torch.stack([leaf.square().flatten(1).sum(1) for leaf in x]).sum(0))
    return [size.reshape(-1, *[1] * (leaf.ndim - 1)) for leaf in x]
""",
    latex=r"\left\|{x}_i\right\|_{{\mathrm{{all}}}}",
    weight=0.0,
)
def member_norm(xp, x):
    """The Euclidean norm of each member over all tensors of the model."""
    size = xp.sqrt(sum(xp.sum(xp.square(leaf), axis=tuple(range(1, leaf.ndim))) for leaf in x))
    return [xp.reshape(size, (-1, *[1] * (leaf.ndim - 1))) for leaf in x]
