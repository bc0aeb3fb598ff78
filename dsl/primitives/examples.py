"""Gradients of examples: of each, of some, with labels of the model's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm
from dsl.language.registry import Binding, oracle
from dsl.language.sources import LOSSES, SAMPLED
from dsl.lazy import jax, jnp, optax
from dsl.shapes import Leaves

_LABELS = 1000003
"""Added to a stream, in closed form, for the noise that labels are drawn by."""


def _clipped_grad(losses_fn: Callable[..., Any], params: Any, c: Any) -> Any:
    """The mean of the gradients of the losses at `params`, each scaled down to norm `c`."""

    def clipped(grads: Any) -> Any:
        size = jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(grads)))
        shrink = jnp.where(size > c, c / size, 1.0)
        return jax.tree.map(lambda leaf: leaf * shrink, grads)

    each = jax.vmap(clipped)(jax.jacrev(losses_fn)(params))
    return jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0), each)


@oracle(
    "Global -> Tensor",
    LOSSES,
    costs="b gradients",
    latex=r"\tfrac{{1}}{{B}}\textstyle\sum_i \operatorname{{clip}}_{{\mathrm{{all}}}}"
    r"\left(\nabla f_i(w), {c}\right)",
    binds=Binding.SUM,
    jax=_clipped_grad,
    torch="self._clipped_grad(losses_fn, ready, {c})",
    methods='''
    def _clipped_grad(
        self, losses_fn: Callable[[], Any], ready: list[Any], c: torch.Tensor | float
    ) -> list[torch.Tensor]:
        """The mean of the gradients of the losses at the parameters, each down to norm `c`."""
        params = [p for _, p, _ in ready]
        total = [torch.zeros_like(p) for p in params]
        with torch.enable_grad():
            losses = list(losses_fn())
        for loss in losses:
            found = torch.autograd.grad(loss, params, retain_graph=True, materialize_grads=True)
            size = torch.sqrt(torch.stack([torch.sum(torch.square(g)) for g in found]).sum())
            shrink = torch.where(size > c, c / size, torch.ones_like(size))
            total = [t + g * shrink for t, g in zip(total, found, strict=True)]
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * t / len(losses) for sign, t in zip(signs, total, strict=True)]
''',
    of_parts=True,
)
def clipped_grad(f: ClosedForm, c: Any) -> Leaves:
    """The mean of the examples' gradients, each scaled down to global norm `c` where it is larger.

    A bound on what one example can do to the step (Abadi et al. 2016, "Deep Learning with
    Differential Privacy"). Where no gradient is larger this is the gradient of the mean loss.
    """
    total = [np.zeros_like(leaf) for leaf in f.w]
    for side in (-1, 1):
        grads = f.grad_of_example(f.w, side)
        size = np.sqrt(sum(np.sum(part**2) for part in grads))
        shrink = c / size if size > c else 1.0
        total = [x + shrink * part / 2 for x, part in zip(total, grads, strict=True)]
    return total


def _part_grad_at(
    losses_fn: Callable[..., Any], params: Any, point: Any, part: Any, parts: Any
) -> Any:
    """The gradient at `point` of the mean loss of one part of the batch."""

    def mean(at: Any) -> jax.Array:
        losses = losses_fn(at)
        chosen = jnp.floor(jnp.arange(len(losses)) * parts / len(losses)) == part
        return jnp.sum(jnp.where(chosen, losses, 0)) / jnp.maximum(jnp.sum(chosen), 1)

    return jax.grad(mean)(optax.tree.cast_like(point, params))


@oracle(
    "Tensor, Global, Global -> Tensor",
    LOSSES,
    costs="1 gradient",
    latex=r"\nabla f_{{{part} / {parts}}}\left({point}\right)",
    binds=Binding.PRODUCT,
    jax=_part_grad_at,
    torch="self._part_grad_at(losses_fn, ready, {point}, {part}, {parts})",
    methods='''
    def _part_grad_at(
        self,
        losses_fn: Callable[[], Any],
        ready: list[Any],
        point: list[Any],
        part: torch.Tensor | float,
        parts: torch.Tensor | float,
    ) -> list[Any]:
        """The gradient at `point` of the mean loss of one part of the batch."""
        params = [p for _, p, _ in ready]

        def ask() -> Any:
            losses = losses_fn()
            places = torch.arange(len(losses), dtype=torch.float64)
            chosen = torch.floor(places * float(parts) / len(losses)) == float(part)
            total = losses[chosen.to(losses.device)].sum() / max(int(chosen.sum()), 1)
            return torch.autograd.grad(total, params, materialize_grads=True)

        found = self._elsewhere(ready, point, ask)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]
''',
    of_parts=True,
)
def part_grad_at(f: ClosedForm, point: Leaves, part: Any, parts: Any) -> Leaves:
    """The gradient at other parameters of a part of the batch: what one of several workers sees.

    The examples are cut in their order into `parts` parts, of sizes that differ by one at most;
    the first is part 0. The gradient is that of their mean loss, and 0 for a part without examples.
    """
    sides = [side for k, side in enumerate((-1, 1)) if np.floor(k * parts / 2) == part]
    if not sides:
        return [np.zeros_like(leaf) for leaf in point]
    return f.grad_of_example(point, float(np.mean(sides)))


def _sampled_grad(
    sampled_fn: Callable[..., Any], params: Any, key: jax.Array, count: jax.Array, stream: Any
) -> Any:
    """The gradient at `params` of the loss with labels drawn from the model."""
    key = jax.random.fold_in(key, count)
    key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
    return jax.grad(sampled_fn)(params, jax.random.fold_in(key, 2**31 - 1))


@oracle(
    "Global -> Tensor",
    SAMPLED,
    costs="1 gradient",
    latex=r"\nabla \tilde f_{{{stream}}}(w)",
    binds=Binding.PRODUCT,
    jax=_sampled_grad,
    torch="self._sampled_grad(sampled_fn, ready, self._generator(ready[0][1], {stream}))",
    methods='''
    def _sampled_grad(
        self, sampled_fn: Callable[[Any], Any], ready: list[Any], generator: torch.Generator
    ) -> list[torch.Tensor]:
        """The gradient at the parameters of the loss with labels drawn from the model."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            loss = sampled_fn(generator)
        found = torch.autograd.grad(loss, params, materialize_grads=True)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]

    def _generator(self, p: torch.Tensor, stream: float) -> torch.Generator:
        """The generator of a stream's labels on this step, on the device of `p`; processes that
        hold parts of `p` have their own."""
        mixed, mesh = 1, getattr(p, "device_mesh", None)
        place = [mesh.get_rank()] if mesh is not None and mesh.get_rank() else []
        for part in (self.param_groups[0]["seed"], self.state[p]["step"], stream, *place):
            mixed = (mixed * 6364136223846793005 + round(float(part)) + 1442695040888963407) % 2**63
        return torch.Generator(device=p.device).manual_seed(mixed)
''',
    of_parts=True,
)
def sampled_grad(f: ClosedForm, stream: Any) -> Leaves:
    """The gradient at `w` of the batch's loss with labels drawn from the model's own outputs.

    Its expectation is 0; the number of labels times its square is an unbiased estimate of the
    diagonal of the Gauss-Newton matrix where the loss is a mean of negative log-likelihoods
    (Sophia-G). The same stream read twice in one step has the same labels.
    """
    return f.label_slopes(f.noise("normal", stream + _LABELS))
