"""Oracles that ask the loss of the batch again and again, until they have found something."""

from dsl.primitives.oracles import LOSS
from dsl.registry import Scope, primitive


@primitive(
    "Tensor, Global, Global, Global, Global -> Global",
    scope=Scope.STEP,
    torch="self._line_search(closure, ready, {u}, {a}, {fall}, {shrink}, {trials})",
    latex=r"\operatorname{{search}}_{{{a}, {shrink}}}^{{{trials}}}"
    r"\left(f(w) - f(w - \alpha\,{u}) \geq \alpha\,{fall}\right)",
    asks=LOSS,
    costs="2 + i losses",
    weight=0.0,
)
def line_search(step, u, a, fall, shrink, trials):
    """The first of the rates `a`, shrink * a, ... at which a step of the rate times `u` lowers the
    loss of the batch by the rate times `fall`: Armijo's condition, if `fall` is a part of the slope
    `global_dot(g, u)`.

    The one after `trials` that were too long if there is none. A loss that is NaN is too high; the
    precision of the loss is added to what it fell by, so that rounding does not count. Each rate
    that was too long is an iteration in what it costs.
    """
    return step.line_search(u, a, fall, shrink, trials)


@primitive(
    "Tensor, Tensor, Global, Global, Global -> Tensor",
    scope=Scope.STEP,
    torch="self._conjugate_gradients(loss, ready, {v}, {h}, {tol}, {trials}, {mix})",
    latex=r"\operatorname{{CG}}_{{{h}, {tol}, {mix}}}^{{{trials}}}"
    r"\left(\nabla^2 f(w)\, x = {v}\right)",
    asks=LOSS,
    costs="2 i gradients",
    weight=0.0,
)
def conjugate_gradients(step, v, h, tol, trials, mix):
    """`x` with `hvp(x) = v` by conjugate gradients from 0, with the preconditioner `h * r` of
    residuals `r`: for models of any size where `hessian_solve` is for small ones.

    It stops where `global_dot(r, h * r)` is less than `tol`, and after `trials` products with the
    Hessian. At a direction `p` along which the curvature is not positive it stops as well, with
    `mix * x + (1 - mix) * p`, with the sign of `p` that goes along `v`: 1 for the iterate so far,
    0 for that direction.
    """
    return step.conjugate_gradients(v, h, tol, trials, mix)
