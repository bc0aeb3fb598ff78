"""Primitives that cost a pass over the data: they ask the loss of the current batch."""

from dsl.registry import Scope, Source, primitive

LOSS = Source(
    "value_fn",
    "the loss of the batch as a function of the parameters",
    "lambda params: loss",
    "a function that returns the loss of the batch",
)
LOSSES = Source(
    "losses_fn",
    "the loss of each example of the batch, a vector, as a function of the parameters",
    "lambda params: losses",
    "a function that returns the loss of each example of the batch, a vector",
)
FULL = Source(
    "full_fn",
    "the loss over all of the data as a function of the parameters",
    "lambda params: loss",
    "a function that returns the loss over all of the data",
)
SAMPLED = Source(
    "sampled_fn",
    "the loss of the batch with labels drawn from the model's own outputs, as a function of the "
    "parameters and a key; no derivative goes through the labels",
    "lambda params, key: loss",
    "a function of a `torch.Generator` that returns the loss of the batch with labels drawn by it "
    "from the model's own outputs, detached",
)


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._hvp(loss, ready, {v})",
    latex=r"\nabla^2 f(w)\,{v}",
    asks=LOSS,
    costs="2 gradients",
    weight=0.0,
)
def hvp(step, v):
    """The Hessian of the loss at `w` times `v`; `z * hvp(z)` with random signs is Hutchinson's
    estimate of its diagonal."""
    return step.hvp(v)


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._hessian_diagonal_at(closure, ready, {point})",
    latex=r"\operatorname{{diag}} \nabla^2 f\left({point}\right)",
    asks=LOSS,
    costs="2 n gradients",
    weight=0.0,
)
def hessian_diagonal_at(step, point):
    """The diagonal of the loss's Hessian at other parameters, or at `w` itself.

    Exact, and a product with the Hessian for each parameter: for models of a few thousand of them.
    `z * hvp(z)` with random signs estimates it at the cost of one.
    """
    return step.hessian_diagonal_at(point)


@primitive(
    "Tensor, Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._third_derivative(loss, ready, {v}, {u})",
    latex=r"\nabla^3 f(w)\left[{v}, {u}\right]",
    asks=LOSS,
    costs="4 gradients",
    weight=0.0,
)
def third_derivative(step, v, u):
    """The derivative along `u` of `hvp(v)`: the third derivative of the loss at `w` in two
    directions; they may swap."""
    return step.third_derivative(v, u)


@primitive(
    "Tensor, Global -> Tensor",
    scope=Scope.STEP,
    torch="self._hessian_solve(loss, ready, {v}, {k})",
    latex=r"\left(\nabla^2 f(w) + {k} I\right)^{{-1}} {v}",
    asks=LOSS,
    costs="2 n gradients",
    weight=0.0,
)
def hessian_solve(step, v, k):
    """`x` with `hvp(x) + k * x = v`: Newton's direction for the damped Hessian of the whole model.

    Made from the dense Hessian, so for models of a few thousand parameters; infinite or NaN where
    the damped Hessian is singular, and no descent where it is indefinite.
    """
    return step.hessian_solve(v, k)


@primitive(
    "Tensor, Global -> Tensor",
    scope=Scope.STEP,
    torch="self._abs_hessian_solve(loss, ready, {v}, {k})",
    latex=r"\left(\left|\nabla^2 f(w)\right| + {k} I\right)^{{-1}} {v}",
    asks=LOSS,
    costs="2 n gradients",
    weight=0.0,
)
def abs_hessian_solve(step, v, k):
    """`hessian_solve` with the magnitudes of the Hessian's eigenvalues in place of them.

    A direction of descent at any `w` for the gradient and a positive `k` (Dauphin et al. 2014,
    "Identifying and attacking the saddle point problem"). Made from the dense Hessian.
    """
    return step.abs_hessian_solve(v, k)


@primitive(
    "Tensor -> Global",
    scope=Scope.STEP,
    torch="self._jvp(loss, ready, {v})",
    latex=r"\nabla f(w)^\top {v}",
    asks=LOSS,
    costs="2 losses",
    weight=0.0,
)
def jvp(step, v):
    """The derivative of the loss at `w` along `v`, which forward differentiation gives without a
    backward pass (Baydin et al. 2022, "Gradients without Backpropagation").

    The same number as `global_dot(g, v)` where `g` is the gradient of the same loss. PyTorch files
    take it from a gradient, since forward differentiation there wants the model as a function.
    """
    return step.jvp(v)


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._grad_at(closure, ready, {point})",
    latex=r"\nabla f\left({point}\right)",
    asks=LOSS,
    costs="1 gradient",
    weight=0.0,
)
def grad_at(step, point):
    """The gradient of the same batch at other parameters (SAM, extragradient)."""
    return step.grad_at(point)


@primitive(
    "Tensor -> Tensor",
    scope=Scope.STEP,
    torch="self._grad_at(full_fn, ready, {point})",
    latex=r"\nabla F\left({point}\right)",
    asks=FULL,
    costs="d gradients",
    weight=0.0,
)
def full_grad_at(step, point):
    """The gradient of the loss over all of the data: what methods of variance reduction ask for
    from time to time (SVRG, SARAH)."""
    return step.full_grad_at(point)


@primitive(
    "Tensor -> Global",
    scope=Scope.STEP,
    torch="self._loss_at(closure, ready, {point})",
    latex=r"f\left({point}\right)",
    asks=LOSS,
    costs="1 loss",
    weight=0.0,
)
def loss_at(step, point):
    """The loss of the same batch at other parameters."""
    return step.loss_at(point)


@primitive(
    "Tensor, Global -> Tensor",
    scope=Scope.STEP,
    torch="self._coordinate_differences(closure, ready, {mask}, {mu})",
    latex=r"\tfrac{{1}}{{{mu}}}\left(f(w + {mu} e_i) - f(w)\right)_{{i \in {mask}}}",
    asks=LOSS,
    costs="1 + m losses",
    weight=0.0,
)
def coordinate_differences(step, mask, mu):
    """The forward difference of the loss over `mu` for every entry of the parameters where `mask`
    is not 0, and 0 elsewhere.

    Costs a loss for each such entry, and one more. NaN where `mu` is 0.
    """
    return step.coordinate_differences(mask, mu)


@primitive(
    "Global -> Tensor",
    scope=Scope.STEP,
    torch="self._clipped_grad(losses_fn, ready, {c})",
    latex=r"\tfrac{{1}}{{B}}\textstyle\sum_i \operatorname{{clip}}_{{\mathrm{{all}}}}"
    r"\left(\nabla f_i(w), {c}\right)",
    asks=LOSSES,
    costs="b gradients",
    weight=0.0,
)
def clipped_grad(step, c):
    """The mean of the examples' gradients, each scaled down to global norm `c` where it is larger.

    A bound on what one example can do to the step (Abadi et al. 2016, "Deep Learning with
    Differential Privacy"). Where no gradient is larger this is the gradient of the mean loss.
    """
    return step.clipped_grad(c)


@primitive(
    "Tensor, Global, Global -> Tensor",
    scope=Scope.STEP,
    torch="self._part_grad_at(losses_fn, ready, {point}, {part}, {parts})",
    latex=r"\nabla f_{{{part} / {parts}}}\left({point}\right)",
    asks=LOSSES,
    costs="1 gradient",
    weight=0.0,
)
def part_grad_at(step, point, part, parts):
    """The gradient at other parameters of a part of the batch: what one of several workers sees.

    The examples are cut in their order into `parts` parts, of sizes that differ by one at most;
    the first is part 0. The gradient is that of their mean loss, and 0 where there are none.
    """
    return step.part_grad_at(point, part, parts)


@primitive(
    "Global -> Tensor",
    scope=Scope.STEP,
    torch="self._sampled_grad(sampled_fn, ready, {stream})",
    latex=r"\nabla \tilde f_{{{stream}}}(w)",
    asks=SAMPLED,
    costs="1 gradient",
    weight=0.0,
)
def sampled_grad(step, stream):
    """The gradient at `w` of the batch's loss with labels drawn from the model's own outputs.

    Its expectation is 0; the number of labels times its square is an unbiased estimate of the
    diagonal of the Gauss-Newton matrix where the loss is a mean of negative log-likelihoods
    (Sophia-G). The same stream read twice in one step has the same labels.
    """
    return step.sampled_grad(stream)
