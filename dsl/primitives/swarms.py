"""Populations that move: copies of the model, each with a loss, as swarms and evolution have."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm
from dsl.language.initialisers import initialiser
from dsl.language.registry import Binding, Scope, oracle, primitive
from dsl.language.sources import LOSS
from dsl.lazy import jax
from dsl.primitives.populations import POPULATION
from dsl.shapes import Leaves


@initialiser(POPULATION, torch="{w}.detach().expand(int({length}), *{w}.shape).clone()")
def population(xp, w, length):
    """`length` members, all of them at the parameters; noise on the first step spreads them."""
    return xp.array(xp.broadcast_to(w, (int(length), *w.shape)))


def _losses_at(value_fn: Callable[..., Any], params: Any, x: Any) -> Any:
    """The loss at each member of a population."""
    losses = jax.lax.map(value_fn, x)
    return jax.tree.map(lambda leaf: losses.reshape(-1, *[1] * (leaf.ndim - 1)), x)


@oracle(
    "Population -> Coefficients",
    LOSS,
    costs="k losses",
    latex=r"f\left({x}\right)",
    jax=_losses_at,
    torch="self._losses_at(closure, ready, {x})",
    methods='''
    def _losses_at(
        self, closure: Callable[[], Any], ready: list[Any], x: list[torch.Tensor]
    ) -> list[torch.Tensor]:
        """The loss at each member of a population."""
        losses = [self._loss_at(closure, ready, list(member)) for member in zip(*x, strict=True)]
        return [torch.stack(losses).to(m.dtype).reshape(-1, *[1] * (m.ndim - 1)) for m in x]
''',
    of_parts=True,
)
def losses_at(f: ClosedForm, x: Leaves) -> Leaves:
    """The loss of the same batch at each member: a pass over the data for every one of them."""
    losses = np.array([f.loss_at(list(member)) for member in zip(*x, strict=True)])
    return [losses.reshape(-1, *[1] * (leaf.ndim - 1)) for leaf in x]


@primitive(
    "Population, Global -> Population",
    scope=Scope.STEP,
    torch="self._draw_members({p}, {x}, {stream})",
    latex=r"\mathcal{{N}}(0, I)^{{|{x}|}}",
    binds=Binding.LAW,
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
    latex=r"\operatorname{{softmax}}\left({x}\right)",
    weight=0.0,
)
def softmax(xp, x):
    """`exp(x)` of each member over the sum of all, without overflow; NaN if one is or if all are
    -inf. `softmax(-a * losses)` weighs the members by their losses, with their mean's for `a = 0`
    and the best alone for a large `a`."""
    parts = xp.exp(x - xp.max(x, axis=0, keepdims=True))
    return parts / xp.sum(parts, axis=0, keepdims=True)
