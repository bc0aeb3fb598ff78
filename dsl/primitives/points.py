"""The loss and its gradient at other points, and its derivative along a direction."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm
from dsl.language.registry import Binding, oracle
from dsl.language.sources import FULL, LOSS
from dsl.lazy import jax, optax
from dsl.shapes import Leaves


def _loss_at(value_fn: Callable[..., Any], params: Any, point: Any) -> Any:
    """The loss at `point`."""
    return value_fn(optax.tree.cast_like(point, params))


@oracle(
    "Tensor -> Global",
    LOSS,
    costs="1 loss",
    latex=r"f\left({point}\right)",
    jax=_loss_at,
    torch="self._loss_at(closure, ready, {point})",
    methods='''
    def _loss_at(
        self, closure: Callable[[], Any], ready: list[Any], point: list[Any]
    ) -> torch.Tensor:
        """The loss at `point`."""
        loss = torch.as_tensor(self._elsewhere(ready, point, closure)).detach()
        return -loss if ready[0][0]["maximize"] else loss
''',
    of_parts=True,
)
def loss_at(f: ClosedForm, point: Leaves) -> np.float64:
    """The loss of the same batch at other parameters."""
    return f.loss_at(point)


def _grad_at(value_fn: Callable[..., Any], params: Any, point: Any) -> Any:
    """The gradient of the loss at `point`."""
    return jax.grad(value_fn)(optax.tree.cast_like(point, params))


@oracle(
    "Tensor -> Tensor",
    LOSS,
    costs="1 gradient",
    latex=r"\nabla f\left({point}\right)",
    binds=Binding.PRODUCT,
    jax=_grad_at,
    torch="self._grad_at(closure, ready, {point})",
    methods='''
    def _grad_at(self, closure: Callable[[], Any], ready: list[Any], point: list[Any]) -> list[Any]:
        """The gradient of the loss at `point`."""
        params = [p for _, p, _ in ready]

        def ask() -> Any:
            loss = closure()
            if all(p.grad is None for p in params):
                if not (isinstance(loss, torch.Tensor) and loss.requires_grad):
                    raise RuntimeError(
                        "a function that is asked for the loss has to return it as a tensor with "
                        "its graph, neither detached nor as a number, or to call `backward()`"
                    )
                return torch.autograd.grad(loss, params, materialize_grads=True)
            # of the closure's own `backward()`, and what it did to them since
            return [torch.zeros_like(p) if p.grad is None else p.grad for p in params]

        found = self._elsewhere(ready, point, ask)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]
''',
    of_parts=True,
)
def grad_at(f: ClosedForm, point: Leaves) -> Leaves:
    """The gradient of the same batch at other parameters (SAM, extragradient)."""
    return f.grad_at(point)


@oracle(
    "Tensor -> Tensor",
    FULL,
    costs="d gradients",
    latex=r"\nabla F\left({point}\right)",
    binds=Binding.PRODUCT,
    jax=_grad_at,
    torch="self._grad_at(full_fn, ready, {point})",
    of_parts=True,
)
def full_grad_at(f: ClosedForm, point: Leaves) -> Leaves:
    """The gradient of the loss over all of the data: what methods of variance reduction ask for
    from time to time (SVRG, SARAH)."""
    return f.full_grad_at(point)


def _jvp(value_fn: Callable[..., Any], params: Any, v: Any) -> Any:
    """The derivative of the loss at `params`, along `v`."""
    return jax.jvp(value_fn, (params,), (optax.tree.cast_like(v, params),))[1]


@oracle(
    "Tensor -> Global",
    LOSS,
    costs="2 losses",
    latex=r"\nabla f(w)^\top {v:product}",
    binds=Binding.PRODUCT,
    jax=_jvp,
    torch="self._jvp(loss, ready, {v})",
    methods='''
    def _jvp(self, loss: torch.Tensor, ready: list[Any], v: list[Any]) -> torch.Tensor:
        """The derivative of the loss at the parameters, along `v`."""
        params = [p for _, p, _ in ready]
        found = torch.autograd.grad(loss, params, retain_graph=True, materialize_grads=True)
        slope = torch.stack([(a * b).sum() for a, b in zip(found, v, strict=True)]).sum()
        return -slope if ready[0][0]["maximize"] else slope
''',
    of_parts=True,
)
def jvp(f: ClosedForm, v: Leaves) -> np.float64:
    """The derivative of the loss at `w` along `v`, which forward differentiation gives without a
    backward pass (Baydin et al. 2022, "Gradients without Backpropagation").

    The same number as `global_dot(g, v)` where `g` is the gradient of the same loss. PyTorch files
    take it from a gradient, since forward differentiation there wants the model as a function.
    """
    slopes = zip(f.grad_at(f.w), v, strict=True)
    return np.float64(sum(np.sum(part * along) for part, along in slopes))
