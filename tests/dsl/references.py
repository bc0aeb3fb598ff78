"""The zoo's programs and the libraries' optimizers, each walking its own path over one model.

The model is a layer of tanh that reads four tensors of rank 0, 1, 2 and 4 at once, fitted to
another batch on every step; its Hessian is dense, changes along the path and is not definite.
Each optimizer is fed gradients from where it stands itself. What a reference needs besides, noise
and Hessian estimates, is made here without the code under test: products come from the dense
Hessian, draws from the documented keys.
"""

import importlib
import math
import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dsl import to_optax
from dsl.registry import PRIMITIVES, Scope
from dsl.zoo import ENTRIES
from dsl.zoo.entry import Curvature, Reference

STEPS = 50
SHAPES = ((), (3,), (3, 4), (2, 3, 2, 2))
SEED = 11

SETTINGS = {"wd": 0.125, "eps": 1e-3}
"""Decay is on, and eps is large enough that its place in the formula shows.

With the power of two nearest to an entry's rate, the factor 1 - lr * wd is a float32 number.
PyTorch multiplies by it on every step, so its rounding would add up to more than the rules differ.
"""

SCHEDULES = {"constant": np.ones(STEPS), "decaying": 0.96 ** np.arange(STEPS)}
"""The rate on each step, as a part of an entry's rate."""

_SPLITS = np.cumsum([math.prod(shape) for shape in SHAPES])
_BATCHES, _ROWS = 5, 8

Leaves = list[np.ndarray]


def settings(name: str) -> dict[str, float]:
    """The hyperparameters at which an entry is compared with its reference."""
    entry = ENTRIES[name]
    known = entry.program.hyperparameters
    common = {hyper: value for hyper, value in SETTINGS.items() if hyper in known}
    at = {**known, **common, **entry.reference.at}
    return {**at, "lr": 2.0 ** round(math.log2(at["lr"]))}


def start(dtype: str) -> Leaves:
    """The parameters before the first step."""
    rng = np.random.Generator(np.random.PCG64(1))
    return [np.asarray(rng.uniform(-0.8, 0.8, size=shape), dtype) for shape in SHAPES]


def batches(dtype: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features and targets of each step."""
    rng = np.random.Generator(np.random.PCG64(2))
    features = rng.normal(scale=0.5, size=(_BATCHES, _ROWS, _SPLITS[-1])).astype(dtype)
    targets = rng.uniform(-0.9, 0.9, size=(_BATCHES, _ROWS)).astype(dtype)
    return [(features[t % _BATCHES], targets[t % _BATCHES]) for t in range(STEPS)]


def loss(leaves: Any, batch: Any) -> Any:
    """The loss of the model on one batch; smooth, with every tensor in every term."""
    features, targets = batch
    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])
    return 2 * jnp.mean(jnp.square(jnp.tanh(features @ flat) - targets))


gradient = jax.jit(jax.grad(loss))
"""Of `loss`; compiled once for programs and references, so that one point has one gradient."""


def precision(dtype: str) -> Any:
    """A context in which JAX computes in `dtype`."""
    return jax.enable_x64(dtype == "float64")


def flattened(leaves: Any) -> np.ndarray:
    """All entries of the model in one row."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves])


class Walker:
    """A program on the model; compiled once per dtype for all rates."""

    def __init__(self, name: str, dtype: str):
        self.dtype = dtype
        self.program = ENTRIES[name].program
        # In float32 a hyperparameter is a Python number, as a user gives it: 1 - 0.999 is rounded
        # once. In float64 it is traced, and one compilation does for all values.
        fixed = settings(name) if dtype == "float32" else {}

        @jax.jit
        def step(leaves: Any, state: Any, grads: Any, batch: Any, hyper: Any) -> Any:
            rates, hyper = hyper["lr"], {**fixed, **hyper}
            del hyper["lr"]
            optimizer = to_optax(self.program, rates.__getitem__, seed=SEED, **hyper)
            value_fn = partial(loss, batch=batch)
            moves, state = optimizer.update(grads, state, leaves, value_fn=value_fn)
            return optax.apply_updates(leaves, moves), state

        self.step = step

    def walk(self, rates: np.ndarray, **hyper: float) -> np.ndarray:
        """Parameters after each step: [STEPS, entries]."""
        with precision(self.dtype):
            leaves: Any = start(self.dtype)
            state = to_optax(self.program, seed=SEED).init(leaves)
            path = []
            for batch in batches(self.dtype):
                given = {**hyper, "lr": jnp.asarray(rates, self.dtype)}
                leaves, state = self.step(leaves, state, gradient(leaves, batch), batch, given)
                path.append(flattened(leaves))
        assert path[0].dtype == self.dtype
        return np.array(path)


walker = cache(Walker)


def program_path(name: str, dtype: str, schedule: str, **changed: float) -> np.ndarray:
    """Parameters after each step of an entry's program: [STEPS, entries].

    `changed` are hyperparameters other than those of `settings`, in float64 only.
    """
    at = {**settings(name), **changed}
    rates = at.pop("lr") * SCHEDULES[schedule]
    return walker(name, dtype).walk(rates, **(at if dtype == "float64" else changed))


@cache
def reference_path(name: str, dtype: str, schedule: str, **changed: float) -> np.ndarray:
    """Parameters after each step of an entry's reference: [STEPS, entries]."""
    at, reference = {**settings(name), **changed}, ENTRIES[name].reference
    library = _Optax if reference.target.startswith("optax") else _Torch
    with precision(dtype):
        leaves, path = start(dtype), []
        optimizer = library(reference, leaves, at)
        for count, batch in enumerate(batches(dtype)):
            hyper = {**at, "lr": at["lr"] * SCHEDULES[schedule][count]}
            extra = {}
            if reference.curvature is not None:
                extra = _curvature(reference.curvature, hyper, leaves, batch, count)
            grads = [np.array(grad) for grad in gradient(leaves, batch)]
            leaves = optimizer.step(grads, hyper, extra)
            path.append(flattened(leaves))
    assert path[0].dtype == dtype
    return np.array(path)


def difference(name: str, dtype: str, schedule: str, **changed: float) -> float:
    """The largest difference between program and reference in any parameter after any step.

    `changed` are hyperparameters other than those of `settings`, in float64 only.
    """
    paths = (program_path, reference_path)
    ours, theirs = (walk(name, dtype, schedule, **changed) for walk in paths)
    return float(np.max(np.abs(ours - theirs)))


def compared(reference: Reference) -> set[str]:
    """The names of the hyperparameters that a comparison hands to the reference."""
    values = list(reference.arguments.values())
    values += [reference.curvature.period] if reference.curvature else []
    parts = [part for v in values for part in (v if isinstance(v, tuple) else (v,))]
    return {word for part in parts if isinstance(part, str) for word in re.findall(r"\w+", part)}


def _resolve(value: Any, names: Mapping[str, Any]) -> Any:
    """An argument of a declaration: an expression, a tuple of arguments, or itself."""
    if isinstance(value, tuple):
        return tuple(_resolve(part, names) for part in value)
    if isinstance(value, str):
        return eval(value, {"__builtins__": {}}, dict(names))
    return value


def _target(reference: Reference) -> Any:
    module, _, name = reference.target.partition(":")
    return getattr(importlib.import_module(module), name)


def _arguments(reference: Reference, hyper: Mapping[str, Any]) -> dict[str, Any]:
    return {word: _resolve(value, hyper) for word, value in reference.arguments.items()}


class _Optax:
    """A transformation of Optax, made anew with the rate of each step."""

    def __init__(self, reference: Reference, leaves: Leaves, hyper: Mapping[str, float]):
        def made(rate: Any) -> Any:
            return _target(reference)(**_arguments(reference, {**hyper, "lr": rate}))

        @jax.jit
        def step(leaves: Any, state: Any, grads: Any, rate: Any) -> Any:
            moves, state = made(rate).update(grads, state, leaves)
            return optax.apply_updates(leaves, moves), state

        self.jitted = step
        self.leaves: Any = leaves
        self.state: Any = made(hyper["lr"]).init(leaves)

    def step(self, grads: Leaves, hyper: dict[str, float], extra: dict[str, Any]) -> Leaves:
        assert not extra
        rate = np.asarray(hyper["lr"], self.leaves[0].dtype)
        self.leaves, self.state = self.jitted(self.leaves, self.state, grads, rate)
        return [np.asarray(leaf) for leaf in self.leaves]


class _Torch:
    """An optimizer of PyTorch or pytorch_optimizer; a new rate goes into its parameter group."""

    def __init__(self, reference: Reference, leaves: Leaves, hyper: Mapping[str, float]):
        torch = importlib.import_module("torch")
        self.tensor = torch.tensor
        self.reference = reference
        self.parameters = [torch.nn.Parameter(self.tensor(leaf)) for leaf in leaves]
        self.optimizer = _target(reference)(self.parameters, **_arguments(reference, hyper))

    def step(self, grads: Leaves, hyper: dict[str, float], extra: dict[str, Any]) -> Leaves:
        group = self.optimizer.param_groups[0]
        arguments = _arguments(self.reference, hyper)
        group.update({word: value for word, value in arguments.items() if word in group})
        for parameter, grad in zip(self.parameters, grads, strict=True):
            parameter.grad = self.tensor(grad)
        self.optimizer.step(
            **{word: [self.tensor(part) for part in parts] for word, parts in extra.items()}
        )
        return [parameter.detach().numpy().copy() for parameter in self.parameters]


def _curvature(
    spec: Curvature, hyper: Mapping[str, float], leaves: Leaves, batch: Any, count: int
) -> dict[str, Leaves]:
    """The keyword with this step's Hessian estimate; nothing between refreshes."""
    if count % _resolve(spec.period, hyper) != 0:
        return {}
    z = [np.asarray(part) for part in _draw(leaves, count, spec.draw, spec.stream)]
    hz = np.split(np.asarray(_hessian(leaves, batch)) @ flattened(z), _SPLITS[:-1])
    leafwise = [p for p in PRIMITIVES.values() if p.scope is Scope.LEAF]
    words: dict[str, Any] = {p.name: partial(p.meaning, np) for p in leafwise}
    words["block_mean"] = _block_mean
    estimate = [
        np.array(_resolve(spec.estimate, {**words, "z": part, "hz": product.reshape(part.shape)}))
        for part, product in zip(z, hz, strict=True)
    ]
    return {spec.keyword: estimate}


@partial(jax.jit, static_argnums=(2, 3))
def _draw(leaves: Any, count: Any, draw: str, stream: int) -> Any:
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(SEED), count), stream)
    sample = {"rademacher": jax.random.rademacher, "normal": jax.random.normal}[draw]
    keys = jax.random.split(key, len(leaves))
    return [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]


@jax.jit
def _hessian(leaves: Any, batch: Any) -> Any:
    def of_flat(flat: Any) -> Any:
        return loss(jnp.split(flat, _SPLITS[:-1]), batch)

    return jax.hessian(of_flat)(jnp.concatenate([leaf.ravel() for leaf in leaves]))


def _block_mean(x: np.ndarray) -> np.ndarray:
    """AdaHessian's averages: over the rows of a matrix, the spatial axes of a kernel."""
    axes: tuple[int, ...] = {0: (), 1: (), 2: (1,), 3: (2,), 4: (2, 3)}[x.ndim]
    return np.broadcast_to(x.mean(axis=axes, keepdims=True), x.shape)
