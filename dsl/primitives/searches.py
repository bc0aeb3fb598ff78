"""Searches: oracles that ask the loss of the batch until they have found a rate or a solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm, flat
from dsl.language.registry import Binding, oracle
from dsl.language.sources import LOSS
from dsl.lazy import jax, jnp, optax, ravel_pytree
from dsl.primitives.hessian import hvp
from dsl.shapes import Leaves


def _line_search(
    value_fn: Callable[..., Any],
    params: Any,
    u: Any,
    a: Any,
    fall: Any,
    shrink: Any,
    trials: Any,
) -> jax.Array:
    """The first of falling rates at which a step along `u` lowers the loss enough."""
    here = value_fn(params)

    def long(rate: Any) -> Any:
        moved = jax.tree.map(lambda w, x: w - rate * x, params, u)
        fell = here - value_fn(optax.tree.cast_like(moved, params))
        return ~(fell + jnp.finfo(here.dtype).eps >= rate * fall)

    def shorter(state: Any) -> Any:
        rate = (state[0] * shrink).astype(here.dtype)
        return rate, long(rate), state[2] - 1

    rate = jnp.asarray(a, here.dtype)
    count = jnp.minimum(jnp.asarray(trials, here.dtype), 1000).astype(jnp.float32)
    begun = rate, long(rate), count
    return jax.lax.while_loop(lambda state: state[1] & (state[2] >= 1), shorter, begun)[0]


@oracle(
    "Tensor, Global, Global, Global, Global -> Global",
    LOSS,
    costs="2 + i losses",
    latex=r"\operatorname{{search}}_{{{a}, {shrink}}}^{{{trials}}}"
    r"\left(f(w) - f(w - \alpha\,{u:product}) \geq \alpha\,{fall:product}\right)",
    binds=Binding.POWER,
    jax=_line_search,
    torch="self._line_search(closure, ready, {u}, {a}, {fall}, {shrink}, {trials})",
    methods='''
    def _line_search(
        self,
        closure: Callable[[], Any],
        ready: list[Any],
        u: list[Any],
        a: torch.Tensor | float,
        fall: torch.Tensor | float,
        shrink: torch.Tensor | float,
        trials: torch.Tensor | float,
    ) -> torch.Tensor:
        """The first of falling rates at which a step along `u` lowers the loss enough."""
        start = [p.clone() for _, p, _ in ready]
        here = self._loss_at(closure, ready, start)
        rate, trials = torch.as_tensor(a, dtype=here.dtype), min(float(trials), 1000.0)
        while trials >= 1:
            point = [(p - rate * part).to(p.dtype) for p, part in zip(start, u, strict=True)]
            fell = here - self._loss_at(closure, ready, point)
            if fell + torch.finfo(here.dtype).eps >= rate * fall:
                break
            rate, trials = rate * shrink, trials - 1
        return rate
''',
    of_parts=True,
)
def line_search(
    f: ClosedForm, u: Leaves, a: Any, fall: Any, shrink: Any, trials: Any
) -> np.float64:
    """The first of the rates `a`, shrink * a, ... at which a step of the rate times `u` lowers the
    loss of the batch by the rate times `fall`: Armijo's condition, if `fall` is a part of the slope
    `global_dot(g, u)`.

    If `trials` rates are too long, the one after them; trials beyond 1,000 do not count. A loss
    that is NaN is too high; the precision of the loss is added to the fall, so that rounding does
    not count. Each rate that was too long is an iteration in the cost.
    """
    here, rate, trials = f.loss_at(f.w), np.float64(a), np.minimum(trials, 1000)
    while trials >= 1:
        there = f.loss_at([w - rate * part for w, part in zip(f.w, u, strict=True)])
        if here - there + np.finfo(float).eps >= rate * fall:
            break
        rate, trials = rate * shrink, trials - 1
    return rate


def _conjugate_gradients(
    value_fn: Callable[..., Any], params: Any, v: Any, h: Any, tol: Any, trials: Any, mix: Any
) -> Any:
    """`v` over the Hessian of the loss at `params`, by preconditioned conjugate gradients."""
    flat, tree_of = ravel_pytree(params)
    slope = jax.grad(lambda entries: value_fn(tree_of(entries)))
    right, inverse = (ravel_pytree(optax.tree.cast_like(x, params))[0] for x in (v, h))

    def further(state: Any) -> Any:
        found, left, along, size, _, _, trials = state
        product = jax.jvp(slope, (flat,), (along,))[1]
        curvature = along @ product
        bent = ~(curvature > 0)
        rate = jnp.where(bent, 0, size / curvature)
        found, left = found + rate * along, left - rate * product
        last, size = size, left @ (inverse * left)
        going = ~bent & ~(size < tol)
        along = jnp.where(going, inverse * left + size / last * along, along)
        return found, left, along, size, bent, going, trials - 1

    along = inverse * right
    count = jnp.minimum(jnp.asarray(trials, right.dtype), 1000).astype(jnp.float32)
    yes = jnp.asarray(True)
    begun = (jnp.zeros_like(right), right, along, right @ along, ~yes, yes, count)
    found, _, along, _, bent, _, _ = jax.lax.while_loop(
        lambda state: state[-2] & (state[-1] >= 1), further, begun
    )
    mixed = mix * found + (1 - mix) * jnp.sign(along @ right) * along
    return tree_of(jnp.where(bent, mixed, found).astype(right.dtype))


@oracle(
    "Tensor, Tensor, Global, Global, Global -> Tensor",
    LOSS,
    costs="2 i gradients",
    latex=r"\operatorname{{CG}}_{{{h}, {tol}, {mix}}}^{{{trials}}}"
    r"\left(\nabla^2 f(w)\, x = {v}\right)",
    binds=Binding.POWER,
    jax=_conjugate_gradients,
    torch="self._conjugate_gradients(loss, ready, {v}, {h}, {tol}, {trials}, {mix})",
    methods='''
    def _conjugate_gradients(
        self,
        loss: torch.Tensor,
        ready: list[Any],
        v: list[Any],
        h: list[Any],
        tol: torch.Tensor | float,
        trials: torch.Tensor | float,
        mix: torch.Tensor | float,
    ) -> list[torch.Tensor]:
        """`v` over the Hessian at the parameters, by preconditioned conjugate gradients."""
        right, inverse = (torch.cat([part.reshape(-1) for part in x]) for x in (v, h))
        dtype = torch.promote_types(right.dtype, inverse.dtype)
        right, inverse = right.to(dtype), inverse.to(dtype)
        found, left, along = torch.zeros_like(right), right, inverse * right
        size, trials = left @ along, min(float(trials), 1000.0)
        while trials >= 1:
            product = self._hvp(loss, ready, self._split(along, ready))
            product = torch.cat([part.reshape(-1) for part in product]).to(dtype)
            curvature = along @ product
            if not curvature > 0:
                found = mix * found + (1 - mix) * torch.sign(along @ right) * along
                break
            found = found + size / curvature * along
            left = left - size / curvature * product
            last, size = size, left @ (inverse * left)
            if size < tol:
                break
            along = inverse * left + size / last * along
            trials = trials - 1
        return self._split(found, ready)
''',
    of_parts=True,
)
def conjugate_gradients(
    f: ClosedForm, v: Leaves, h: Leaves, tol: Any, trials: Any, mix: Any
) -> Leaves:
    """`x` with `hvp(x) = v` by conjugate gradients from 0, with the preconditioner `h * r` of
    residuals `r`: for models of any size where `hessian_solve` is for small ones.

    It stops where `global_dot(r, h * r)` is less than `tol`, and after `trials` products with the
    Hessian, or 1,000. At a direction `p` along which the curvature is not positive it stops as
    well, with `mix * x + (1 - mix) * p`, with the sign of `p` that goes along `v`: 1 for the
    iterate so far, 0 for that direction.
    """
    right, inverse = flat(v), flat(h)
    found, left = np.zeros_like(right), right
    along = inverse * left
    size, trials = left @ along, np.minimum(trials, 1000)
    while trials >= 1:
        product = flat(hvp.meaning(f, f.shaped(along)))
        curvature = along @ product
        if not curvature > 0:
            turned = np.sign(along @ right) * along
            return f.shaped(mix * found + (1 - mix) * turned)
        found = found + size / curvature * along
        left = left - size / curvature * product
        last, size = size, left @ (inverse * left)
        if size < tol:
            break
        along = inverse * left + size / last * along
        trials = trials - 1
    return f.shaped(found)
