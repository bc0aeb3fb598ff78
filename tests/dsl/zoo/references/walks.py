"""Paths of programs over the model, and how far those of their references are from them."""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dsl import eval_params, parse, to_optax
from dsl.language.registry import Primitive
from dsl.rewrite.point import keeping_point
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ENTRIES
from dsl.zoo.entry import Dense, Reference
from tests.dsl.zoo.references import model
from tests.dsl.zoo.references.dense import DENSE, At
from tests.dsl.zoo.references.libraries import compared, library, on_manifold
from tests.dsl.zoo.references.model import STEPS, Leaves, as_numpy, flattened, precision, shaped

SETTINGS = {"wd": 0.125, "eps": 1e-3}
"""Decay is on, and eps is large enough that its place in the formula shows.

With the power of two nearest to an entry's rate, the factor 1 - lr * wd is a float32 number.
PyTorch multiplies by it on every step, so its rounding would add up to more than the rules differ.
"""

SCHEDULES = {"constant": np.ones(STEPS), "decaying": 0.96 ** np.arange(STEPS)}
"""The rate on each step, as a part of an entry's rate."""

RANKS_IN_FLOAT32 = (0, 1, 2, 4)
"""Fewer entries in a sum, less rounding: both sides of a comparison are off by some 5e-7."""


def settings(name: str) -> dict[str, float]:
    """The hyperparameters at which an entry is compared with its reference."""
    entry = ENTRIES[name]
    known = entry.program.hyperparameters
    common = {hyper: value for hyper, value in SETTINGS.items() if hyper in known}
    at = {**known, **common, **entry.reference.at}
    if "lr" in at:
        at["lr"] = 2.0 ** round(math.log2(at["lr"]))
    return at


def hypers_compared(name: str) -> set[str]:
    """The hyperparameters that a comparison hands to the reference of an entry."""
    entry = ENTRIES[name]
    if isinstance(entry.reference, Dense):
        return set(entry.program.hyperparameters)
    return compared(entry.reference)


def rates_of(at: dict[str, float], schedule: str) -> list[dict[str, float]]:
    """The hyperparameters on each step."""
    return [{**at, "lr": at["lr"] * part} if "lr" in at else at for part in SCHEDULES[schedule]]


class NumpyStep:
    """Noise and oracles in NumPy; products without the dense Hessian."""

    def __init__(self, leaves: Leaves, batch: Any, count: int):
        self.leaves, self.batch, self.count = leaves, batch, count

    def noise(self, draw: str, stream: Any, like: Leaves | None = None) -> Leaves:
        leaves = self.leaves if like is None else like
        return as_numpy(model.draw(leaves, self.count, draw, round(float(stream))))

    def ask(self, oracle: Primitive, *args: Any) -> Any:
        return getattr(self, oracle.name)(*args)

    def hvp(self, v: Leaves) -> Leaves:
        return as_numpy(model.product(self.leaves, v, self.batch))

    def hessian_diagonal_at(self, point: Leaves) -> Leaves:
        ones = np.eye(sum(leaf.size for leaf in point))
        products = [model.product(point, shaped(one, point), self.batch) for one in ones]
        return shaped(
            np.array([flattened(p) @ one for p, one in zip(products, ones, strict=True)]), point
        )

    def third_derivative(self, v: Leaves, u: Leaves) -> Leaves:
        return as_numpy(model.third(self.leaves, v, u, self.batch))

    def hessian_solve(self, v: Leaves, k: Any) -> Leaves:
        dense = np.array(model.hessian(self.leaves, self.batch))
        return shaped(np.linalg.solve(dense + k * np.eye(len(dense)), flattened(v)), v)

    def abs_hessian_solve(self, v: Leaves, k: Any) -> Leaves:
        values, vectors = np.linalg.eigh(np.array(model.hessian(self.leaves, self.batch)))
        return shaped(vectors @ (flattened(v) @ vectors / (np.abs(values) + k)), v)

    def gauss_newton_product(self, v: Leaves) -> Leaves:
        jacobian, bend = map(np.array, model.output_curvature(self.leaves, self.batch))
        return shaped(jacobian.T @ (bend @ (jacobian @ flattened(v))), v)

    def gauss_newton_solve(self, v: Leaves, k: Any) -> Leaves:
        jacobian, bend = map(np.array, model.output_curvature(self.leaves, self.batch))
        bent = bend @ jacobian
        damped = bent @ jacobian.T + k * np.eye(len(jacobian))
        inner = np.linalg.solve(damped, bent @ flattened(v))
        return shaped((flattened(v) - inner @ jacobian) / k, v)

    def conjugate_gradients(self, v: Leaves, h: Leaves, tol: Any, trials: Any, mix: Any) -> Leaves:
        dense = np.array(model.hessian(self.leaves, self.batch))
        right, scale = flattened(v), np.sqrt(flattened(h))
        # Plain conjugate gradients on the system whose unknowns are x / scale.
        matrix, x = scale[:, None] * dense * scale, np.zeros_like(right)
        r = scale * right
        p = r
        for _ in range(round(trials)):
            curvature = p @ matrix @ p
            if curvature <= 0:
                p = scale * p
                return shaped(mix * scale * x + (1 - mix) * np.sign(p @ right) * p, v)
            x, last = x + (r @ r) / curvature * p, r
            r = r - (r @ r) / curvature * (matrix @ p)
            if r @ r < tol:
                break
            p = r + (r @ r) / (last @ last) * p
        return shaped(scale * x, v)

    def line_search(self, u: Leaves, a: Any, fall: Any, shrink: Any, trials: Any) -> np.float64:
        here, direction = self.loss_at(self.leaves), flattened(u)
        for k in range(round(trials)):
            rate = a * shrink**k
            there = self.loss_at(shaped(flattened(self.leaves) - rate * direction, u))
            if here - there + np.finfo(float).eps >= rate * fall:
                return np.float64(rate)
        return np.float64(a * shrink ** round(trials))

    def jvp(self, v: Leaves) -> np.ndarray:
        return np.array(model.slope(self.leaves, v, self.batch))

    def grad_at(self, point: Leaves) -> Leaves:
        return as_numpy(model.gradient(point, self.batch))

    def full_grad_at(self, point: Leaves) -> Leaves:
        return as_numpy(model.full_gradient(point))

    def loss_at(self, point: Leaves) -> np.ndarray:
        return np.array(model.value(point, self.batch))

    def losses_at(self, population: Leaves) -> Leaves:
        losses = [self.loss_at(list(leaves)) for leaves in zip(*population, strict=True)]
        return [np.reshape(losses, (-1,) + (1,) * (leaf.ndim - 1)) for leaf in population]

    def coordinate_differences(self, mask: Leaves, mu: Any) -> Leaves:
        here, flat = self.loss_at(self.leaves), flattened(self.leaves)
        slopes = [
            (self.loss_at(shaped(flat + mu * one, mask)) - here) / mu if shown else 0.0
            for one, shown in zip(np.eye(len(flat)), flattened(mask), strict=True)
        ]
        return shaped(np.array(slopes), mask)

    def clipped_grad(self, c: Any) -> Leaves:
        each = as_numpy(model.gradients(self.leaves, self.batch))
        sizes = np.sqrt(sum(np.sum(part.reshape(len(part), -1) ** 2, axis=1) for part in each))
        return [np.tensordot(np.minimum(1, c / sizes), part, 1) / len(sizes) for part in each]

    def part_grad_at(self, point: Leaves, part: Any, parts: Any) -> Leaves:
        each = as_numpy(model.gradients(point, self.batch))
        count = len(each[0])
        chosen = np.floor(np.arange(count) * parts / count) == part
        return [np.mean(leaf[chosen], axis=0) for leaf in each]

    def sampled_grad(self, stream: Any) -> Leaves:
        at = self.leaves, self.batch, self.count, round(float(stream))
        return as_numpy(model.sampled_gradient(*at))


def _start(name: str, dtype: str, ranks: tuple[int, ...]) -> Leaves:
    """The parameters before the first step of an entry's comparison."""
    reference = ENTRIES[name].reference
    leaves = model.start(dtype, ranks, reference.near)
    if isinstance(reference, Reference) and reference.manifold:
        return on_manifold(reference, leaves, settings(name))
    return leaves


def program_path(
    name: str,
    schedule: str,
    steps: int = STEPS,
    at_step: Callable[[Leaves, Any, int], NumpyStep] = NumpyStep,
    **changed: float,
) -> np.ndarray:
    """Parameters after each step of an entry's program, read from its text: [steps, entries].

    Behind them the point, if it has one.
    `changed` are hyperparameters other than those of `settings`. The interpreter runs in NumPy, in
    float64; `at_step` answers to it.
    """
    with precision("float64"):
        ranks = ENTRIES[name].reference.ranks
        program = parse(str(ENTRIES[name].program))
        program = program.with_hyperparameters(**{**settings(name), **changed})
        program, point = keeping_point(program)
        leaves, path = _start(name, "float64", ranks), []
        slots = {slot: initial(init, leaves, np) for slot, init in program.slots.items()}
        rates = rates_of({**settings(name), **changed}, schedule)
        for count, batch in enumerate(model.batches("float64", ranks)[:steps]):
            inputs = {
                "w": leaves,
                "g": as_numpy(model.gradient(leaves, batch)),
                "t": np.float64(count + 1),
                "T": float(STEPS),
                "loss": np.array(model.value(leaves, batch)),
            }
            step = at_step(leaves, batch, count)
            moves, slots = run_step(program, {**inputs, **rates[count]}, slots, step, np)
            leaves = [w - move for w, move in zip(leaves, moves, strict=True)]
            path.append(flattened([*leaves, *(slots[point] if point else [])]))
    return np.array(path)


def reference_path(
    name: str, schedule: str, dtype: str = "float64", **changed: float
) -> np.ndarray:
    """Parameters after each step of an entry's reference: [STEPS, entries].

    Behind them the point, if the entry has one.
    """
    pointed = ENTRIES[name].program.point is not None
    reference = ENTRIES[name].reference
    rates = rates_of({**settings(name), **changed}, schedule)
    ranks = reference.ranks if dtype == "float64" else RANKS_IN_FLOAT32
    with precision(dtype):
        leaves, path = _start(name, dtype, ranks), []
        batches = model.batches(dtype, ranks)
        if isinstance(reference, Dense):
            assert dtype == "float64"
            at, step = At(leaves), DENSE[name](leaves)
            for count, batch in enumerate(batches):
                step(at.moved(count, batch), rates[count])
                path.append(flattened([*at.w, *(at.point if pointed else [])]))
        else:
            optimizer = library(reference, leaves, rates[0])
            for count, batch in enumerate(batches):
                grads = as_numpy(model.gradient(leaves, batch))
                leaves = optimizer.step(grads, rates[count], batch, count)
                path.append(flattened([*leaves, *(optimizer.point() if pointed else [])]))
    assert path[0].dtype == dtype
    return np.array(path)


def difference(name: str, schedule: str, **changed: float) -> float:
    """The largest difference between program and reference in any parameter after any step.

    As a part of the parameter where that is larger than 1.
    """
    ours = program_path(name, schedule, **changed)
    theirs = reference_path(name, schedule, **changed)
    assert np.all(np.isfinite(theirs))
    return float(np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))))


@cache
def _compiled_step(name: str) -> Any:
    fixed = settings(name)
    rate = fixed.pop("lr", None)

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def step(leaves: Any, state: Any, grads: Any, batch: Any, parts: Any) -> Any:
        # Hyperparameters are Python numbers, as a user gives them: 1 - 0.999 is rounded once.
        schedule = None if rate is None else lambda count: rate * parts[count]
        program = ENTRIES[name].program
        optimizer = to_optax(program, schedule, seed=model.SEED, horizon=STEPS, **fixed)
        asked = {
            "value_fn": partial(model.loss, batch=batch),
            "losses_fn": partial(model.losses, batch=batch),
            "full_fn": model.full_loss,
            "sampled_fn": lambda at, key: model.sampled_loss(at, batch, key),
            "outputs_fn": partial(model.outputs, batch=batch),
        }
        value = model.loss(leaves, batch)
        moves, state = optimizer.update(grads, state, leaves, value=value, **asked)
        return optax.apply_updates(leaves, moves), state

    return step


def compiled_path(
    name: str, schedule: str, dtype: str = "float32", steps: int = STEPS
) -> np.ndarray:
    """The path through Optax, one compilation for both schedules: [steps, entries]."""
    ranks = RANKS_IN_FLOAT32 if dtype == "float32" else ENTRIES[name].reference.ranks
    with precision(dtype):
        leaves: Any = [jnp.asarray(leaf) for leaf in _start(name, dtype, ranks)]
        program = ENTRIES[name].program
        optimizer = to_optax(program, seed=model.SEED, horizon=STEPS)
        state, path = optimizer.init(leaves), []
        parts = jnp.asarray(SCHEDULES[schedule], dtype)
        for batch in model.batches(dtype, ranks)[:steps]:
            grads = model.gradient(leaves, batch)
            leaves, state = _compiled_step(name)(leaves, state, grads, batch, parts)
            point = [] if program.point is None else eval_params(program, state, leaves)
            path.append(flattened([*leaves, *point]))
    assert path[0].dtype == dtype
    return np.array(path)
