"""Primitives that cost a pass over the data: they ask the loss of the current batch."""

from dsl.registry import Scope, primitive


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._hvp(loss, ready, {v})",
    latex=r"\nabla^2 f(w)\,{v}",
    oracle=True,
    weight=0.0,
)
def hvp(step, v):
    """The Hessian of the loss at `w` times `v`; `z * hvp(z)` with random signs is Hutchinson's
    estimate of its diagonal."""
    return step.hvp(v)


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._grad_at(closure, ready, {point})",
    latex=r"\nabla f\left({point}\right)",
    oracle=True,
    weight=0.0,
)
def grad_at(step, point):
    """The gradient of the same batch at other parameters (SAM, extragradient)."""
    return step.grad_at(point)


@primitive(
    "Tensor -> Global",
    scope=Scope.STEP,
    torch="self._loss_at(closure, ready, {point})",
    latex=r"f\left({point}\right)",
    oracle=True,
    weight=0.0,
)
def loss_at(step, point):
    """The loss of the same batch at other parameters."""
    return step.loss_at(point)
