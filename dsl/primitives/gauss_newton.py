"""The Gauss-Newton matrix: curvature of a loss that is a convex function of a model's outputs."""

from collections.abc import Callable
from typing import Any

from dsl.language.closed_form import ClosedForm, flat
from dsl.language.registry import Binding, oracle
from dsl.language.sources import OUTPUTS
from dsl.lazy import jax, jnp, optax, ravel_pytree
from dsl.shapes import Leaves


def _gauss_newton_product(outputs_fn: Callable[..., Any], params: Any, v: Any) -> Any:
    """The Gauss-Newton matrix at `params`, times `v`."""
    loss_of = outputs_fn(params)[1]
    v = optax.tree.cast_like(v, params)
    made, along = jax.jvp(lambda at: outputs_fn(at)[0], (params,), (v,))
    bent = jax.jvp(jax.grad(loss_of), (made,), (along,))[1]
    return jax.vjp(lambda at: outputs_fn(at)[0], params)[1](bent)[0]


@oracle(
    "Tensor -> Tensor",
    OUTPUTS,
    costs="2 gradients",
    latex=r"J^\top \nabla^2_{{\mathrm{{out}}}} f\, J\,{v:product}",
    binds=Binding.PRODUCT,
    jax=_gauss_newton_product,
    torch="self._gauss_newton_product(outputs_fn, ready, {v})",
    methods='''
    def _gauss_newton_product(
        self, outputs_fn: Callable[[], Any], ready: list[Any], v: list[Any]
    ) -> list[torch.Tensor]:
        """The Gauss-Newton matrix at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            outputs, loss_of = outputs_fn()
            dual = torch.zeros_like(outputs, requires_grad=True)
            keep: Any = {"create_graph": True, "materialize_grads": True}
            found = torch.autograd.grad(outputs, params, dual, **keep)
            inner = torch.stack([(a * b).sum() for a, b in zip(found, v, strict=True)]).sum()
            (along,) = torch.autograd.grad(inner, dual, retain_graph=True)
            _, bent = torch.autograd.functional.hvp(loss_of, outputs.detach(), along)
        found = torch.autograd.grad(outputs, params, bent, materialize_grads=True)
        return [-x if ready[0][0]["maximize"] else x for x in found]
''',
    of_parts=True,
)
def gauss_newton_product(f: ClosedForm, v: Leaves) -> Leaves:
    """The Gauss-Newton matrix at `w` times `v`: `J^T H J v` for the Jacobian `J` of the outputs and
    the Hessian `H` of the loss in them.

    What `hvp` gives without the curvature of the model itself, so never negative along `v` where
    the loss is convex in the outputs. Where it is the mean over the examples, so is the matrix.
    """
    return f.shaped(f.gauss_newton() @ flat(v))


def _gauss_newton_solve(outputs_fn: Callable[..., Any], params: Any, v: Any, k: Any) -> Any:
    """The inverse of the Gauss-Newton matrix at `params` plus `k` on its diagonal, times `v`."""
    flat, tree_of = ravel_pytree(params)
    outputs, loss_of = outputs_fn(params)
    made, outputs_of = ravel_pytree(outputs)
    curvature = jax.hessian(lambda at: loss_of(outputs_of(at)))(made)
    jacobian = jax.jacrev(lambda at: ravel_pytree(outputs_fn(tree_of(at))[0])[0])(flat)
    wide = jnp.promote_types(flat.dtype, jnp.float32)
    bent, jacobian = (curvature @ jacobian).astype(wide), jacobian.astype(wide)
    right = ravel_pytree(optax.tree.cast_like(v, params))[0].astype(wide)
    inner = jnp.linalg.solve(bent @ jacobian.T + k * jnp.eye(len(made)), bent @ right)
    return tree_of(((right - jacobian.T @ inner) / k).astype(flat.dtype))


@oracle(
    "Tensor, Global -> Tensor",
    OUTPUTS,
    costs="o gradients",
    latex=r"\left(J^\top \nabla^2_{{\mathrm{{out}}}} f\, J + {k:product} I\right)^{{-1}} "
    r"{v:product}",
    binds=Binding.PRODUCT,
    jax=_gauss_newton_solve,
    torch="self._gauss_newton_solve(outputs_fn, ready, {v}, {k})",
    methods='''
    def _gauss_newton_solve(
        self,
        outputs_fn: Callable[[], Any],
        ready: list[Any],
        v: list[Any],
        k: torch.Tensor | float,
    ) -> list[torch.Tensor]:
        """The inverse of the Gauss-Newton matrix plus `k` on its diagonal, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            outputs, loss_of = outputs_fn()
            flat = outputs.reshape(-1).unbind()
        rows = []
        for one in flat:
            row = torch.autograd.grad(one, params, retain_graph=True, materialize_grads=True)
            rows.append(torch.cat([part.reshape(-1) for part in row]))
        jacobian = torch.stack(rows)
        jacobian = jacobian.to(torch.promote_types(jacobian.dtype, torch.float32))
        with torch.enable_grad():
            curvature: Any = torch.autograd.functional.hessian(loss_of, outputs.detach())
        curvature = curvature.reshape(len(rows), len(rows)).to(jacobian.dtype)
        curvature = -curvature if ready[0][0]["maximize"] else curvature
        bent = curvature @ jacobian
        right = torch.cat([part.reshape(-1) for part in v]).to(jacobian.dtype)
        damped = bent @ jacobian.T + k * torch.eye(len(rows)).to(jacobian)
        inner = torch.linalg.solve(damped, bent @ right)
        return self._split((right - jacobian.T @ inner) / k, ready)
''',
)
def gauss_newton_solve(f: ClosedForm, v: Leaves, k: Any) -> Leaves:
    """`x` with `J^T H J x + k * x = v`, for the Jacobian `J` of the outputs at `w` and the Hessian
    `H` of the loss in the outputs.

    By the formula of Duncan and Guttman, a linear system with a row for each output of the batch:
    for models of any size and small batches (Korbit et al. 2024, "Exact Gauss-Newton Optimization
    for Training Deep Neural Networks"). Where the loss is the mean over the examples, so is the
    matrix. NaN where `k` is 0; no descent where `H` has a negative eigenvalue beyond `k`.
    """
    return f.solved(f.gauss_newton(), lambda values: values + k, v)
