"""The Gauss-Newton matrix: curvature of a loss that is a convex function of a model's outputs."""

from dsl.registry import Scope, Source, primitive

OUTPUTS = Source(
    "outputs_fn",
    "the outputs of the model on the batch, and the loss of the batch as a function of outputs, "
    "both as a function of the parameters",
    "lambda params: (outputs, loss_of)",
    "a function that returns the outputs of the model on the batch, and the loss of the batch as a "
    "function of outputs",
)


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._gauss_newton_product(outputs_fn, ready, {v})",
    latex=r"J^\top \nabla^2_{{\mathrm{{out}}}} f\, J\,{v}",
    asks=OUTPUTS,
    costs="2 gradients",
    weight=0.0,
)
def gauss_newton_product(step, v):
    """The Gauss-Newton matrix at `w` times `v`: `J^T H J v` for the Jacobian `J` of the outputs and
    the Hessian `H` of the loss in them.

    What `hvp` gives without the curvature of the model itself, so never negative along `v` where
    the loss is convex in the outputs. Where it is the mean over the examples, so is the matrix.
    """
    return step.gauss_newton_product(v)


@primitive(
    "Tensor, Global -> Tensor",
    scope=Scope.STEP,
    torch="self._gauss_newton_solve(outputs_fn, ready, {v}, {k})",
    latex=r"\left(J^\top \nabla^2_{{\mathrm{{out}}}} f\, J + {k} I\right)^{{-1}} {v}",
    asks=OUTPUTS,
    costs="o gradients",
    weight=0.0,
)
def gauss_newton_solve(step, v, k):
    """`x` with `J^T H J x + k * x = v`, for the Jacobian `J` of the outputs at `w` and the Hessian
    `H` of the loss in the outputs.

    By the formula of Duncan and Guttman, a linear system with a row for each output of the batch:
    for models of any size and small batches (Korbit et al. 2024, "Exact Gauss-Newton Optimization
    for Training Deep Neural Networks"). Where the loss is the mean over the examples, so is the
    matrix. NaN where `k` is 0; no descent where `H` has a negative eigenvalue beyond `k`.
    """
    return step.gauss_newton_solve(v, k)
