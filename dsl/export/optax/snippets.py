"""How an Optax file draws noise and asks oracles: calls, and the functions behind them."""

CALLS = {
    "noise": "_noise({0}, state.key, state.count, {1}, updates)",
    "hvp": "_hvp(value_fn, params, {0})",
    "hessian_diagonal_at": "_hessian_diagonal_at(value_fn, params, {0})",
    "third_derivative": "_third_derivative(value_fn, params, {0}, {1})",
    "hessian_solve": "_hessian_solve(value_fn, params, {0}, {1})",
    "abs_hessian_solve": "_abs_hessian_solve(value_fn, params, {0}, {1})",
    "gauss_newton_product": "_gauss_newton_product(outputs_fn, params, {0})",
    "gauss_newton_solve": "_gauss_newton_solve(outputs_fn, params, {0}, {1})",
    "conjugate_gradients": "_conjugate_gradients(value_fn, params, {0}, {1}, {2}, {3}, {4})",
    "line_search": "_line_search(value_fn, params, {0}, {1}, {2}, {3}, {4})",
    "jvp": "_jvp(value_fn, params, {0})",
    "grad_at": "_grad_at(value_fn, params, {0})",
    "full_grad_at": "_grad_at(full_fn, params, {0})",
    "loss_at": "value_fn(optax.tree.cast_like({0}, params))",
    "coordinate_differences": "_coordinate_differences(value_fn, params, {0}, {1})",
    "clipped_grad": "_clipped_grad(losses_fn, params, {0})",
    "part_grad_at": "_part_grad_at(losses_fn, params, {0}, {1}, {2})",
    "sampled_grad": "_sampled_grad(sampled_fn, params, state.key, state.count, {0})",
}
"""How a file asks what `dsl.interpret.Step` offers."""

FUNCTIONS = {
    "noise": '''
def _noise(
    sample: Callable[..., jax.Array], key: jax.Array, count: jax.Array, stream: Any, like: Any
) -> Any:
    """Random numbers shaped like `like`; a stream is the same however often a step reads it."""
    key = jax.random.fold_in(key, count)
    key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
    leaves, treedef = jax.tree.flatten(like)
    keys = jax.random.split(key, len(leaves))
    draws = [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(treedef, draws)
''',
    "hvp": '''
def _hvp(value_fn: Callable[..., Any], params: Any, v: Any) -> Any:
    """The Hessian of the loss at `params`, times `v`."""
    return jax.jvp(jax.grad(value_fn), (params,), (optax.tree.cast_like(v, params),))[1]
''',
    "hessian_diagonal_at": '''
def _hessian_diagonal_at(value_fn: Callable[..., Any], params: Any, point: Any) -> Any:
    """The diagonal of the Hessian of the loss at `point`."""
    flat, tree_of = ravel_pytree(optax.tree.cast_like(point, params))
    slope = jax.grad(lambda entries: value_fn(tree_of(entries)))

    def bend(at: Any) -> Any:
        one = jax.nn.one_hot(at, flat.size, dtype=flat.dtype)
        return jnp.sum(jnp.where(one == 0, 0, jax.jvp(slope, (flat,), (one,))[1]))

    return tree_of(jax.lax.map(bend, jnp.arange(flat.size)))
''',
    "third_derivative": '''
def _third_derivative(value_fn: Callable[..., Any], params: Any, v: Any, u: Any) -> Any:
    """The derivative along `u` of the Hessian of the loss at `params`, times `v`."""
    v, u = optax.tree.cast_like(v, params), optax.tree.cast_like(u, params)

    def product(at: Any) -> Any:
        return jax.jvp(jax.grad(value_fn), (at,), (v,))[1]

    return jax.jvp(product, (params,), (u,))[1]
''',
    "hessian_solve": '''
def _hessian_solve(value_fn: Callable[..., Any], params: Any, v: Any, k: Any) -> Any:
    """The inverse of the Hessian of the loss at `params` plus `k` on its diagonal, times `v`."""
    flat, tree_of = ravel_pytree(params)
    dense = jax.hessian(lambda entries: value_fn(tree_of(entries)))(flat)
    dense = dense.astype(jnp.promote_types(flat.dtype, jnp.float32))
    v = ravel_pytree(optax.tree.cast_like(v, params))[0].astype(dense.dtype)
    return tree_of(jnp.linalg.solve(dense + k * jnp.eye(len(dense)), v).astype(flat.dtype))
''',
    "abs_hessian_solve": '''
def _abs_hessian_solve(value_fn: Callable[..., Any], params: Any, v: Any, k: Any) -> Any:
    """`v` times the inverse of the Hessian's magnitude at `params` plus `k` on its diagonal."""
    flat, tree_of = ravel_pytree(params)
    dense = jax.hessian(lambda entries: value_fn(tree_of(entries)))(flat)
    values, vectors = jnp.linalg.eigh(dense.astype(jnp.promote_types(flat.dtype, jnp.float32)))
    v = ravel_pytree(optax.tree.cast_like(v, params))[0]
    return tree_of((vectors @ (vectors.T @ v / (jnp.abs(values) + k))).astype(flat.dtype))
''',
    "gauss_newton_product": '''
def _gauss_newton_product(outputs_fn: Callable[..., Any], params: Any, v: Any) -> Any:
    """The Gauss-Newton matrix at `params`, times `v`."""
    loss_of = outputs_fn(params)[1]
    v = optax.tree.cast_like(v, params)
    made, along = jax.jvp(lambda at: outputs_fn(at)[0], (params,), (v,))
    bent = jax.jvp(jax.grad(loss_of), (made,), (along,))[1]
    return jax.vjp(lambda at: outputs_fn(at)[0], params)[1](bent)[0]
''',
    "gauss_newton_solve": '''
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
''',
    "conjugate_gradients": '''
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
    yes, count = jnp.asarray(True), jnp.asarray(trials, right.dtype)
    begun = (jnp.zeros_like(right), right, along, right @ along, ~yes, yes, count)
    found, _, along, _, bent, _, _ = jax.lax.while_loop(
        lambda state: state[-2] & (state[-1] >= 1), further, begun
    )
    mixed = mix * found + (1 - mix) * jnp.sign(along @ right) * along
    return tree_of(jnp.where(bent, mixed, found).astype(right.dtype))
''',
    "line_search": '''
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
    begun = rate, long(rate), jnp.asarray(trials, here.dtype)
    return jax.lax.while_loop(lambda state: state[1] & (state[2] >= 1), shorter, begun)[0]
''',
    "jvp": '''
def _jvp(value_fn: Callable[..., Any], params: Any, v: Any) -> Any:
    """The derivative of the loss at `params`, along `v`."""
    return jax.jvp(value_fn, (params,), (optax.tree.cast_like(v, params),))[1]
''',
    "coordinate_differences": '''
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
''',
    "clipped_grad": '''
def _clipped_grad(losses_fn: Callable[..., Any], params: Any, c: Any) -> Any:
    """The mean of the gradients of the losses at `params`, each scaled down to norm `c`."""

    def clipped(grads: Any) -> Any:
        size = jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(grads)))
        shrink = jnp.where(size > c, c / size, 1.0)
        return jax.tree.map(lambda leaf: leaf * shrink, grads)

    each = jax.vmap(clipped)(jax.jacrev(losses_fn)(params))
    return jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0), each)
''',
    "part_grad_at": '''
def _part_grad_at(
    losses_fn: Callable[..., Any], params: Any, point: Any, part: Any, parts: Any
) -> Any:
    """The gradient at `point` of the mean loss of one part of the batch."""

    def mean(at: Any) -> jax.Array:
        losses = losses_fn(at)
        chosen = jnp.floor(jnp.arange(len(losses)) * parts / len(losses)) == part
        return jnp.sum(jnp.where(chosen, losses, 0)) / jnp.maximum(jnp.sum(chosen), 1)

    return jax.grad(mean)(optax.tree.cast_like(point, params))
''',
    "sampled_grad": '''
def _sampled_grad(
    sampled_fn: Callable[..., Any], params: Any, key: jax.Array, count: jax.Array, stream: Any
) -> Any:
    """The gradient at `params` of the loss with labels drawn from the model."""
    key = jax.random.fold_in(key, count)
    key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
    return jax.grad(sampled_fn)(params, jax.random.fold_in(key, 2**31 - 1))
''',
    "grad_at": '''
def _grad_at(value_fn: Callable[..., Any], params: Any, point: Any) -> Any:
    """The gradient of the loss at `point`."""
    return jax.grad(value_fn)(optax.tree.cast_like(point, params))
''',
}
