"""The Hessian of the loss of the batch: products, its diagonal, systems, one derivative more."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm, flat
from dsl.language.registry import Binding, oracle
from dsl.language.sources import LOSS
from dsl.lazy import jax, jnp, optax, ravel_pytree
from dsl.shapes import Leaves


def _hvp(value_fn: Callable[..., Any], params: Any, v: Any) -> Any:
    """The Hessian of the loss at `params`, times `v`."""
    return jax.jvp(jax.grad(value_fn), (params,), (optax.tree.cast_like(v, params),))[1]


@oracle(
    "Tensor -> Tensor",
    LOSS,
    costs="2 gradients",
    latex=r"\nabla^2 f(w)\,{v:product}",
    binds=Binding.PRODUCT,
    jax=_hvp,
    torch="self._hvp(loss, ready, {v})",
    methods='''
    def _hvp(self, loss: torch.Tensor, ready: list[Any], v: list[Any]) -> list[torch.Tensor]:
        """The Hessian of the loss at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            grads = torch.autograd.grad(loss, params, create_graph=True, materialize_grads=True)
            v = [part.detach().to(p.dtype) for part, p in zip(v, params, strict=True)]
            inner = torch.stack([(a * b).sum() for a, b in zip(grads, v, strict=True)]).sum()
        if not inner.requires_grad:
            return [torch.zeros_like(p) for p in params]
        found = torch.autograd.grad(inner, params, retain_graph=True, materialize_grads=True)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * h for sign, h in zip(signs, found, strict=True)]
''',
    of_parts=True,
)
def hvp(f: ClosedForm, v: Leaves) -> Leaves:
    """The Hessian of the loss at `w` times `v`; `z * hvp(z)` with random signs is Hutchinson's
    estimate of its diagonal."""
    return f.shaped(f.hessian_at(f.w) @ flat(v))


def _hessian_diagonal_at(value_fn: Callable[..., Any], params: Any, point: Any) -> Any:
    """The diagonal of the Hessian of the loss at `point`."""
    flat, tree_of = ravel_pytree(optax.tree.cast_like(point, params))
    slope = jax.grad(lambda entries: value_fn(tree_of(entries)))

    def bend(at: Any) -> Any:
        one = jax.nn.one_hot(at, flat.size, dtype=flat.dtype)
        return jnp.sum(jnp.where(one == 0, 0, jax.jvp(slope, (flat,), (one,))[1]))

    return tree_of(jax.lax.map(bend, jnp.arange(flat.size)))


@oracle(
    "Tensor -> Tensor",
    LOSS,
    costs="2 n gradients",
    latex=r"\operatorname{{diag}} \nabla^2 f\left({point}\right)",
    binds=Binding.PRODUCT,
    jax=_hessian_diagonal_at,
    torch="self._hessian_diagonal_at(closure, ready, {point})",
    methods='''
    def _hessian_diagonal_at(
        self, closure: Callable[[], Any], ready: list[Any], point: list[Any]
    ) -> list[torch.Tensor]:
        """The diagonal of the Hessian of the loss at `point`."""
        params = [p for _, p, _ in ready]

        def ask() -> list[torch.Tensor]:
            keep: Any = {"retain_graph": True, "materialize_grads": True}
            slopes = torch.autograd.grad(closure(), params, create_graph=True, **keep)
            found = [torch.zeros_like(p, memory_format=torch.contiguous_format) for p in params]
            for p, slope, bent in zip(params, slopes, found, strict=True):
                for at, part in enumerate(slope.reshape(-1)):
                    if part.requires_grad:
                        (row,) = torch.autograd.grad(part, p, **keep)
                        bent.view(-1)[at] = row.reshape(-1)[at]
            return found

        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        found = self._elsewhere(ready, point, ask)
        return [sign * bent for sign, bent in zip(signs, found, strict=True)]
''',
    of_parts=True,
)
def hessian_diagonal_at(f: ClosedForm, point: Leaves) -> Leaves:
    """The diagonal of the loss's Hessian at other parameters, or at `w` itself.

    Exact, and a product with the Hessian for each parameter: for models of a few thousand of them.
    `z * hvp(z)` with random signs estimates it at the cost of one.
    """
    return f.shaped(np.diag(f.hessian_at(point)))


def _third_derivative(value_fn: Callable[..., Any], params: Any, v: Any, u: Any) -> Any:
    """The derivative along `u` of the Hessian of the loss at `params`, times `v`."""
    v, u = optax.tree.cast_like(v, params), optax.tree.cast_like(u, params)

    def product(at: Any) -> Any:
        return jax.jvp(jax.grad(value_fn), (at,), (v,))[1]

    return jax.jvp(product, (params,), (u,))[1]


@oracle(
    "Tensor, Tensor -> Tensor",
    LOSS,
    costs="4 gradients",
    latex=r"\nabla^3 f(w)\left[{v}, {u}\right]",
    binds=Binding.PRODUCT,
    jax=_third_derivative,
    torch="self._third_derivative(loss, ready, {v}, {u})",
    methods='''
    def _third_derivative(
        self, loss: torch.Tensor, ready: list[Any], v: list[Any], u: list[Any]
    ) -> list[torch.Tensor]:
        """The derivative along `u` of the Hessian at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            keep: Any = {"create_graph": True, "materialize_grads": True}
            found = torch.autograd.grad(loss, params, **keep)
            for direction in (v, u):
                along = [d.detach().to(p.dtype) for d, p in zip(direction, params, strict=True)]
                parts = [(a * b).sum() for a, b in zip(found, along, strict=True)]
                inner = torch.stack(parts).sum()
                if not inner.requires_grad:
                    return [torch.zeros_like(p) for p in params]
                found = torch.autograd.grad(inner, params, **keep)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * x.detach() for sign, x in zip(signs, found, strict=True)]
''',
    of_parts=True,
)
def third_derivative(f: ClosedForm, v: Leaves, u: Leaves) -> Leaves:
    """The derivative along `u` of `hvp(v)`: the third derivative of the loss at `w` in two
    directions; they may swap."""
    return f.third_at(f.w, v, u)


def _hessian_solve(value_fn: Callable[..., Any], params: Any, v: Any, k: Any) -> Any:
    """The inverse of the Hessian of the loss at `params` plus `k` on its diagonal, times `v`."""
    flat, tree_of = ravel_pytree(params)
    dense = jax.hessian(lambda entries: value_fn(tree_of(entries)))(flat)
    dense = dense.astype(jnp.promote_types(flat.dtype, jnp.float32))
    v = ravel_pytree(optax.tree.cast_like(v, params))[0].astype(dense.dtype)
    return tree_of(jnp.linalg.solve(dense + k * jnp.eye(len(dense)), v).astype(flat.dtype))


@oracle(
    "Tensor, Global -> Tensor",
    LOSS,
    costs="2 n gradients",
    latex=r"\left(\nabla^2 f(w) + {k:product} I\right)^{{-1}} {v:product}",
    binds=Binding.PRODUCT,
    jax=_hessian_solve,
    torch="self._hessian_solve(loss, ready, {v}, {k})",
    methods='''
    def _hessian_solve(
        self, loss: torch.Tensor, ready: list[Any], v: list[Any], k: torch.Tensor | float
    ) -> list[torch.Tensor]:
        """The inverse of the Hessian at the parameters plus `k` on its diagonal, times `v`."""
        dense = self._hessian(loss, ready)
        flat = torch.cat([part.reshape(-1) for part in v]).to(dense.dtype)
        found = torch.linalg.solve(dense + k * torch.eye(len(dense)).to(dense), flat)
        return self._split(found, ready)

    def _hessian(self, loss: torch.Tensor, ready: list[Any]) -> torch.Tensor:
        """The dense Hessian of the loss at the parameters, entries in the order of these."""
        sizes = [p.numel() for _, p, _ in ready]
        rows = []
        for at in range(sum(sizes)):
            one = torch.zeros(sum(sizes), device=ready[0][1].device)
            one[at] = 1.0
            row = self._hvp(loss, ready, self._split(one, ready))
            rows.append(torch.cat([part.reshape(-1) for part in row]))
        dense = torch.stack(rows)
        return dense.to(torch.promote_types(dense.dtype, torch.float32))
''',
    of_parts=True,
)
def hessian_solve(f: ClosedForm, v: Leaves, k: Any) -> Leaves:
    """`x` with `hvp(x) + k * x = v`: Newton's direction for the damped Hessian of the whole model.

    Made from the dense Hessian, so for models of a few thousand parameters; infinite or NaN where
    the damped Hessian is singular, and no descent where it is indefinite.
    """
    return f.solved(f.hessian_at(f.w), lambda values: values + k, v)


def _abs_hessian_solve(value_fn: Callable[..., Any], params: Any, v: Any, k: Any) -> Any:
    """`v` times the inverse of the Hessian's magnitude at `params` plus `k` on its diagonal."""
    flat, tree_of = ravel_pytree(params)
    dense = jax.hessian(lambda entries: value_fn(tree_of(entries)))(flat)
    values, vectors = jnp.linalg.eigh(dense.astype(jnp.promote_types(flat.dtype, jnp.float32)))
    v = ravel_pytree(optax.tree.cast_like(v, params))[0]
    return tree_of((vectors @ (vectors.T @ v / (jnp.abs(values) + k))).astype(flat.dtype))


@oracle(
    "Tensor, Global -> Tensor",
    LOSS,
    costs="2 n gradients",
    latex=r"\left(\left|\nabla^2 f(w)\right| + {k:product} I\right)^{{-1}} {v:product}",
    binds=Binding.PRODUCT,
    jax=_abs_hessian_solve,
    torch="self._abs_hessian_solve(loss, ready, {v}, {k})",
    methods='''
    def _abs_hessian_solve(
        self, loss: torch.Tensor, ready: list[Any], v: list[Any], k: torch.Tensor | float
    ) -> list[torch.Tensor]:
        """`v` times the inverse of the Hessian's magnitude plus `k` on its diagonal."""
        values, vectors = torch.linalg.eigh(self._hessian(loss, ready))
        flat = torch.cat([part.reshape(-1) for part in v]).to(values.dtype)
        return self._split(vectors @ (vectors.T @ flat / (torch.abs(values) + k)), ready)
''',
    of_parts=True,
)
def abs_hessian_solve(f: ClosedForm, v: Leaves, k: Any) -> Leaves:
    """`hessian_solve` with the magnitudes of the Hessian's eigenvalues in place of them.

    A direction of descent at any `w` for the gradient and a positive `k` (Dauphin et al. 2014,
    "Identifying and attacking the saddle point problem"). Made from the dense Hessian.
    """
    return f.solved(f.hessian_at(f.w), lambda values: np.abs(values) + k, v)
