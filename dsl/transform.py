"""A program as an Optax transformation."""

import numbers
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from dsl.errors import DslError
from dsl.initialisers import INITIALISERS, Init
from dsl.interpret import Value, run_step
from dsl.kinds import Kind
from dsl.liveness import draws_noise, live, sources
from dsl.lower import spelled_out, without_cancellation
from dsl.primitives.gauss_newton import OUTPUTS
from dsl.primitives.oracles import FULL, LOSS, LOSSES, SAMPLED
from dsl.program import Program, check_hyperparameters
from dsl.registry import Source


class ProgramState(NamedTuple):
    """State of a program run as an Optax transformation.

    `count` is the number of steps taken (int32), `key` seeds the noise (None if the program draws
    none), `slots` maps a slot's name to a tree like the parameters (Tensor), a tree of numbers
    (Scalar) or a number (Global).
    """

    count: jax.Array  # pyright: ignore[reportIncompatibleMethodOverride]
    key: jax.Array | None
    slots: dict[str, Any]


def to_optax(
    program: Program,
    learning_rate: float | optax.Schedule | None = None,
    *,
    seed: int = 0,
    horizon: int | None = None,
    **hyper: Any,
) -> optax.GradientTransformationExtraArgs:
    """The update rule as an `optax.GradientTransformationExtraArgs`.

    **Arguments:** `learning_rate`: the hyperparameter `lr`, a number or a schedule of the count of
    steps already taken; the program's default if None. `seed`: seeds the noise. `horizon`: the
    input `T`. `hyper`: other hyperparameters by name, numbers or traced arrays.
    **Extra arguments of `update`:** `value`: the loss at `params` (input `loss`). What oracles ask:
    `value_fn(params)`, the loss of the batch; `losses_fn(params)`, the losses of its examples;
    `full_fn(params)`, the loss over all of the data; `sampled_fn(params, key)`, the loss of the
    batch with labels that the model draws; `outputs_fn(params)`, the model's outputs on the batch
    and a function of outputs that is the loss.
    **Raises:** DslError for an unknown hyperparameter, or at the first `update` if something that
    the program reads was not given.
    """
    check_hyperparameters(program, hyper)
    values = {**program.hyperparameters, **hyper}
    if learning_rate is not None:
        check_hyperparameters(program, {"lr": learning_rate})
        values["lr"] = learning_rate
    values = {name: _number(given) for name, given in values.items()}
    program = without_cancellation(spelled_out(program), values)
    reads = live(program).names
    noisy, oracles = draws_noise(program), bool(sources(program))
    if "T" in reads and horizon is None:
        raise DslError(
            f"'{program.name}' reads the horizon T", help="pass horizon=<number of steps>"
        )

    def init(params: Any) -> Any:
        leaves, tree = jax.tree.flatten(params)
        slots = {
            name: _restore(tree, rule.kind, initial(rule, leaves)) for name, rule in program.state
        }
        key = jax.random.key(seed) if noisy else None
        return ProgramState(jnp.zeros((), jnp.int32), key, slots)

    def update(
        updates: Any,
        state: Any,
        params: Any = None,
        *,
        value: Any = None,
        **extra: Any,
    ) -> tuple[Any, Any]:
        if params is None:
            if "w" in reads or oracles:
                raise DslError(
                    f"'{program.name}' reads the parameters",
                    help="call update(grads, state, params)",
                )
            params = updates
        grads, tree = jax.tree.flatten(updates)
        leaves = tree.flatten_up_to(params)
        number_type = jnp.result_type(jnp.float32, *leaves)
        given = {
            "t": (state.count + 1).astype(number_type),
            "T": horizon if horizon is None else float(horizon),
            "loss": value if value is None else jnp.asarray(value, number_type),
        }
        if "loss" in reads and value is None:
            raise DslError(
                f"'{program.name}' reads the loss",
                help="call update(grads, state, params, value=loss)",
            )
        hypers = {
            name: jnp.asarray(given_value(state.count), number_type)
            if callable(given_value)
            else given_value
            for name, given_value in values.items()
        }
        step = JaxStep(tree, leaves, state.key, state.count, extra)
        result, slots = run_step(
            program,
            {"w": leaves, "g": grads, **given, **hypers},
            {name: _flatten(tree, state.slots[name], rule.kind) for name, rule in program.state},
            step,
            jnp,
            jax_choose,
        )
        restored = {name: _restore(tree, rule.kind, slots[name]) for name, rule in program.state}
        steps = jnp.asarray(optax.safe_increment(state.count))
        move = jax.tree.unflatten(tree, [-leaf for leaf in result])
        return move, ProgramState(steps, state.key, restored)

    return optax.GradientTransformationExtraArgs(init, update)


class JaxStep:
    """Noise from a key, and oracles by differentiating the loss of the batch.

    The draw of stream `s` (rounded to a whole number) at step `count` (0-based) uses
    `fold_in(fold_in(key, count), s)`, split into one key per parameter tensor; labels are drawn
    with that key after `fold_in(_, LABELS)`. `given` holds the functions that sources name.
    """

    LABELS = 2**31 - 1

    def __init__(
        self,
        tree: Any,
        leaves: list[Any],
        key: jax.Array | None,
        count: Any,
        given: Mapping[str, Any],
    ):
        self.tree = tree
        self.leaves = leaves
        self.key = key
        self.count = count
        self.given = given

    def noise(self, draw: str, stream: Any, like: list[Any] | None = None) -> list[Any]:
        sample = {"rademacher": jax.random.rademacher, "normal": jax.random.normal}[draw]
        leaves = self.leaves if like is None else like
        keys = jax.random.split(self._key(stream), len(leaves))
        return [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]

    def _key(self, stream: Any) -> jax.Array:
        assert self.key is not None
        key = jax.random.fold_in(self.key, self.count)
        return jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))

    def _given(self, source: Source) -> Callable[..., Any]:
        """The function that the caller handed over, on leaves."""
        function = self.given.get(source.argument)
        if function is None:
            raise DslError(
                f"the program asks for {source.holds}",
                help=f"call update(grads, state, params, {source.argument}={source.example})",
            )
        return lambda leaves, *rest: function(jax.tree.unflatten(self.tree, leaves), *rest)

    def _loss(self, leaves: list[Any]) -> Any:
        return self._given(LOSS)(leaves)

    def hvp(self, v: list[Any]) -> list[Any]:
        return jax.jvp(jax.grad(self._loss), (self.leaves,), (v,))[1]

    def hessian_diagonal_at(self, point: list[Any]) -> list[Any]:
        flat, leaves_of = ravel_pytree(point)
        slope = jax.grad(lambda entries: self._loss(leaves_of(entries)))

        def bend(at: Any) -> Any:
            one = jax.nn.one_hot(at, flat.size, dtype=flat.dtype)
            return jnp.sum(jnp.where(one == 0, 0, jax.jvp(slope, (flat,), (one,))[1]))

        return leaves_of(jax.lax.map(bend, jnp.arange(flat.size)))

    def third_derivative(self, v: list[Any], u: list[Any]) -> list[Any]:
        def product(leaves: list[Any]) -> list[Any]:
            return jax.jvp(jax.grad(self._loss), (leaves,), (v,))[1]

        return jax.jvp(product, (self.leaves,), (u,))[1]

    def _hessian(self) -> tuple[Any, Callable[[Any], list[Any]]]:
        """The dense Hessian [entries, entries] at `w`, and entries as leaves."""
        flat, leaves_of = ravel_pytree(self.leaves)
        dense = jax.hessian(lambda entries: self._loss(leaves_of(entries)))(flat)
        return dense.astype(jnp.promote_types(flat.dtype, jnp.float32)), leaves_of

    def hessian_solve(self, v: list[Any], k: Any) -> list[Any]:
        dense, leaves_of = self._hessian()
        flat = ravel_pytree(v)[0]
        found = jnp.linalg.solve(dense + k * jnp.eye(len(dense)), flat.astype(dense.dtype))
        return leaves_of(found.astype(flat.dtype))

    def abs_hessian_solve(self, v: list[Any], k: Any) -> list[Any]:
        dense, leaves_of = self._hessian()
        flat = ravel_pytree(v)[0]
        values, vectors = jnp.linalg.eigh(dense)
        found = vectors @ (vectors.T @ flat / (jnp.abs(values) + k))
        return leaves_of(found.astype(flat.dtype))

    def gauss_newton_product(self, v: list[Any]) -> list[Any]:
        of_leaves = self._given(OUTPUTS)
        loss_of = of_leaves(self.leaves)[1]
        made, along = jax.jvp(lambda at: of_leaves(at)[0], (self.leaves,), (v,))
        bent = jax.jvp(jax.grad(loss_of), (made,), (along,))[1]
        return jax.vjp(lambda at: of_leaves(at)[0], self.leaves)[1](bent)[0]

    def gauss_newton_solve(self, v: list[Any], k: Any) -> list[Any]:
        of_leaves = self._given(OUTPUTS)
        flat, leaves_of = ravel_pytree(self.leaves)
        outputs, loss_of = of_leaves(self.leaves)
        made, outputs_of = ravel_pytree(outputs)
        curvature = jax.hessian(lambda at: loss_of(outputs_of(at)))(made)
        jacobian = jax.jacrev(lambda at: ravel_pytree(of_leaves(leaves_of(at))[0])[0])(flat)
        wide = jnp.promote_types(flat.dtype, jnp.float32)
        bent, jacobian = (curvature @ jacobian).astype(wide), jacobian.astype(wide)
        right = ravel_pytree(v)[0].astype(wide)
        inner = jnp.linalg.solve(bent @ jacobian.T + k * jnp.eye(len(made)), bent @ right)
        return leaves_of(((right - jacobian.T @ inner) / k).astype(flat.dtype))

    def conjugate_gradients(
        self, v: list[Any], h: list[Any], tol: Any, trials: Any, mix: Any
    ) -> list[Any]:
        (right, leaves_of), inverse = ravel_pytree(v), ravel_pytree(h)[0]

        def going(state: Any) -> Any:
            return state[-2] & (state[-1] >= 1)

        def further(state: Any) -> Any:
            found, left, along, size, _, _, trials = state
            product = ravel_pytree(self.hvp(leaves_of(along)))[0]
            curvature = along @ product
            bent = ~(curvature > 0)
            rate = jnp.where(bent, 0, size / curvature)
            found, left = found + rate * along, left - rate * product
            last, size = size, left @ (inverse * left)
            open_ = ~bent & ~(size < tol)
            along = jnp.where(open_, inverse * left + size / last * along, along)
            return found, left, along, size, bent, open_, trials - 1

        along = inverse * right
        yes, count = jnp.asarray(True), jnp.asarray(trials, right.dtype)
        begun = (jnp.zeros_like(right), right, along, right @ along, ~yes, yes, count)
        found, _, along, _, bent, _, _ = jax.lax.while_loop(going, further, begun)
        mixed = mix * found + (1 - mix) * jnp.sign(along @ right) * along
        return leaves_of(jnp.where(bent, mixed, found).astype(right.dtype))

    def line_search(self, u: list[Any], a: Any, fall: Any, shrink: Any, trials: Any) -> Any:
        here = self._loss(self.leaves)

        def beyond(rate: Any) -> Any:
            pairs = zip(self.leaves, u, strict=True)
            there = self._loss([(w - rate * part).astype(w.dtype) for w, part in pairs])
            return ~(here - there + jnp.finfo(here.dtype).eps >= rate * fall)

        def going(state: Any) -> Any:
            _, long, trials = state
            return long & (trials >= 1)

        def shorter(state: Any) -> Any:
            rate, _, trials = state
            rate = (rate * shrink).astype(here.dtype)
            return rate, beyond(rate), trials - 1

        rate = jnp.asarray(a, here.dtype)
        begun = rate, beyond(rate), jnp.asarray(trials, here.dtype)
        return jax.lax.while_loop(going, shorter, begun)[0]

    def jvp(self, v: list[Any]) -> Any:
        return jax.jvp(self._loss, (self.leaves,), (v,))[1]

    def grad_at(self, point: list[Any]) -> list[Any]:
        return jax.grad(self._loss)(point)

    def full_grad_at(self, point: list[Any]) -> list[Any]:
        return jax.grad(self._given(FULL))(point)

    def loss_at(self, point: list[Any]) -> Any:
        return self._loss(point)

    def losses_at(self, population: list[Any]) -> Any:
        return jax.lax.map(self._loss, population)

    def coordinate_differences(self, mask: list[Any], mu: Any) -> list[Any]:
        flat, leaves_of = ravel_pytree(self.leaves)
        here = self._loss(self.leaves)

        def slope(at: Any) -> Any:
            there = self._loss(leaves_of(flat.at[at].add(jnp.asarray(mu, flat.dtype))))
            return ((there - here) / mu).astype(flat.dtype)

        def masked(entry: tuple[Any, Any]) -> Any:
            at, kept = entry
            return jax.lax.cond(kept != 0, slope, lambda _: jnp.zeros((), flat.dtype), at)

        entries = jnp.arange(flat.size), ravel_pytree(mask)[0]
        return leaves_of(jax.lax.map(masked, entries))

    def clipped_grad(self, c: Any) -> list[Any]:
        each = jax.jacrev(self._given(LOSSES))(self.leaves)

        def clipped(grads: list[Any]) -> list[Any]:
            size = jnp.sqrt(sum(jnp.sum(jnp.square(grad)) for grad in grads))
            shrink = jnp.where(size > c, c / size, 1.0)
            return [grad * shrink for grad in grads]

        return [jnp.mean(grads, axis=0) for grads in jax.vmap(clipped)(each)]

    def part_grad_at(self, point: list[Any], part: Any, parts: Any) -> list[Any]:
        def mean(leaves: list[Any]) -> Any:
            losses = self._given(LOSSES)(leaves)
            chosen = jnp.floor(jnp.arange(len(losses)) * parts / len(losses)) == part
            return jnp.sum(jnp.where(chosen, losses, 0)) / jnp.maximum(jnp.sum(chosen), 1)

        return jax.grad(mean)(point)

    def sampled_grad(self, stream: Any) -> list[Any]:
        key = jax.random.fold_in(self._key(stream), self.LABELS)
        return jax.grad(self._given(SAMPLED))(self.leaves, key)


def jax_choose(flag: Any, new: Callable[[], Value], old: Callable[[], Value]) -> Value:
    """`new()` or `old()` by a Global; a flag known while tracing traces one branch only."""
    if isinstance(flag, float):
        return new() if flag != 0 else old()
    return jax.lax.cond(flag != 0, new, old)


def initial(rule: Init, leaves: list[Any], xp: Any = jnp, args: Sequence[Any] = ()) -> Value:
    """The starting value of a slot for parameters `leaves`; `args`: numbers in place of its own."""
    fill = partial(INITIALISERS[rule.rule].fill, xp)
    args = args or rule.args
    with np.errstate(over="ignore"):  # a number too large for the dtype is infinite
        if rule.kind is Kind.GLOBAL:
            return fill(None, *args)
        return [fill(leaf, *args) for leaf in leaves]


def _number(given: Any) -> Any:
    """A number of Python or NumPy as a float, which the step computes with in float64."""
    return float(given) if isinstance(given, numbers.Real) else given


def _flatten(tree: Any, value: Any, kind: Kind) -> Value:
    return value if kind is Kind.GLOBAL else tree.flatten_up_to(value)


def _restore(tree: Any, kind: Kind, value: Value) -> Any:
    return value if kind is Kind.GLOBAL else jax.tree.unflatten(tree, value)
