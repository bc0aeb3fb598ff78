"""Differences of losses in place of derivatives."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm
from dsl.language.registry import oracle
from dsl.language.sources import LOSS
from dsl.lazy import jax, jnp, ravel_pytree
from dsl.shapes import Leaves


def _coordinate_differences(value_fn: Callable[..., Any], params: Any, mask: Any, mu: Any) -> Any:
    """Forward differences of the loss at `params` over `mu`, where `mask` is not 0."""
    flat, tree_of = ravel_pytree(params)
    here = value_fn(params)

    def slope(at: Any) -> Any:
        there = value_fn(tree_of(flat.at[at].add(jnp.asarray(mu, flat.dtype))))
        return ((there - here) / mu).astype(flat.dtype)

    def masked(entry: Any) -> Any:
        at, kept = entry
        return jax.lax.cond(kept != 0, slope, lambda _: jnp.zeros((), flat.dtype), at)

    return tree_of(jax.lax.map(masked, (jnp.arange(flat.size), ravel_pytree(mask)[0])))


@oracle(
    "Tensor, Global -> Tensor",
    LOSS,
    costs="1 + m losses",
    latex=r"\tfrac{{1}}{{{mu}}}\left(f(w + {mu:product} e_i) - f(w)\right)_{{i \in {mask}}}",
    jax=_coordinate_differences,
    torch="self._coordinate_differences(closure, ready, {mask}, {mu})",
    methods='''
    def _coordinate_differences(
        self,
        closure: Callable[[], Any],
        ready: list[Any],
        mask: list[Any],
        mu: torch.Tensor | float,
    ) -> list[torch.Tensor]:
        """Forward differences of the loss over `mu`, where `mask` is not 0."""
        there = [p.clone(memory_format=torch.contiguous_format) for _, p, _ in ready]
        slopes = [torch.zeros_like(p) for p in there]
        here = self._loss_at(closure, ready, there)
        for p, found, shown in zip(there, slopes, mask, strict=True):
            for at in shown.reshape(-1).nonzero().reshape(-1).tolist():
                kept = p.view(-1)[at].clone()
                p.view(-1)[at] = kept + mu
                found.view(-1)[at] = (self._loss_at(closure, ready, there) - here) / mu
                p.view(-1)[at] = kept
        return slopes
''',
    of_parts=True,
)
def coordinate_differences(f: ClosedForm, mask: Leaves, mu: Any) -> Leaves:
    """The forward difference of the loss over `mu` for every entry of the parameters where `mask`
    is not 0, and 0 elsewhere.

    Costs a loss for each such entry, and one more. NaN where `mu` is 0.
    """
    there, here = [np.array(leaf) for leaf in f.w], f.loss_at(f.w)
    slopes = [np.zeros(leaf.shape) for leaf in f.w]
    for leaf, found, shown in zip(there, slopes, mask, strict=True):
        for at in filter(lambda at: shown[at] != 0, np.ndindex(leaf.shape)):
            kept = leaf[at]
            leaf[at] = kept + mu
            found[at] = (f.loss_at(there) - here) / mu
            leaf[at] = kept
    return slopes
