"""Optimizers of Optax, PyTorch and other packages, from the declarations of the entries."""

import ast
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from dsl.language.registry import PRIMITIVES, Scope
from dsl.zoo.entry import Curvature, Reference
from tests.dsl.zoo.references import model
from tests.dsl.zoo.references.model import Leaves

_WORDS = ("optax", "torch", "geoopt", "float64", "int")
"""The names that an argument of a declaration may have besides hyperparameters."""


def library(reference: Reference, leaves: Leaves, hyper: Mapping[str, float]) -> "_Optax | _Torch":
    """The optimizer that a reference names, at its first parameters."""
    kind = _Optax if reference.target.startswith("optax") else _Torch
    return kind(reference, leaves, hyper)


def compared(reference: Reference) -> set[str]:
    """The names of the hyperparameters that a comparison hands to the reference."""
    values = list(reference.arguments.values())
    values += [reference.curvature.period] if reference.curvature else []
    values += [reference.manifold] if reference.manifold else []
    parts = [part for v in values for part in (v if isinstance(v, tuple) else (v,))]
    trees = [ast.parse(part, mode="eval") for part in parts if isinstance(part, str)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.id for node in nodes if isinstance(node, ast.Name)} - set(_WORDS)


def _resolve(value: Any, names: Mapping[str, Any]) -> Any:
    """An argument of a declaration: an expression, a tuple of arguments, or itself.

    An expression reads `names`, the libraries by name, NumPy's float64 and Python's int.
    """
    if isinstance(value, tuple):
        return tuple(_resolve(part, names) for part in value)
    if isinstance(value, str):
        loaded = [sys.modules.get(name) for name in _WORDS[:-2]]
        words: dict[str, Any] = dict(zip(_WORDS, (*loaded, np.float64, int), strict=True))
        words["__builtins__"] = {}
        return eval(value, words, dict(names))
    return value


def _target(reference: Reference) -> Any:
    module, _, name = reference.target.partition(":")
    return getattr(importlib.import_module(module), name)


def _arguments(reference: Reference, hyper: Mapping[str, Any]) -> dict[str, Any]:
    return {word: _resolve(value, hyper) for word, value in reference.arguments.items()}


class _Optax:
    """A transformation of Optax, made anew with the rate of each step; op by op, not compiled."""

    def __init__(self, reference: Reference, leaves: Leaves, hyper: Mapping[str, float]):
        self.reference = reference
        self.leaves: Any = [jax.numpy.asarray(leaf) for leaf in leaves]
        self.state: Any = self._made(hyper).init(self.leaves)

    def _made(self, hyper: Mapping[str, float]) -> Any:
        return _target(self.reference)(**_arguments(self.reference, hyper))

    def step(self, grads: Leaves, hyper: dict[str, float], batch: Any, count: int) -> Leaves:
        assert self.reference.curvature is None
        value_fn = partial(model.loss, batch=batch)
        offered: dict[str, Callable[[], Any]] = {
            "value": lambda: model.value(self.leaves, batch),
            "value_fn": lambda: value_fn,
        }
        extra = {word: offered[word]() for word in self.reference.passes}
        grads = [jax.numpy.asarray(grad) for grad in grads]
        with jax.disable_jit():  # a loop would be compiled anew on every step
            moves, self.state = self._made(hyper).update(grads, self.state, self.leaves, **extra)
        self.leaves = optax.apply_updates(self.leaves, moves)
        return model.as_numpy(self.leaves)

    def point(self) -> Leaves:
        raise NotImplementedError("no rule with a point is compared with one of Optax")


class _Torch:
    """An optimizer of PyTorch or of its form; a new rate goes into its parameter group."""

    def __init__(self, reference: Reference, leaves: Leaves, hyper: Mapping[str, float]):
        torch = importlib.import_module("torch")
        self.torch = torch
        self.reference = reference
        self.parameters = [_parameter(torch.tensor(leaf), reference, hyper) for leaf in leaves]
        told = [{"params": self.parameters, **reference.group}]
        made = told if reference.group else self.parameters
        self.optimizer = _target(reference)(made, **_arguments(reference, hyper))

    def step(self, grads: Leaves, hyper: dict[str, float], batch: Any, count: int) -> Leaves:
        group = self.optimizer.param_groups[0]
        arguments = _arguments(self.reference, hyper)
        group.update({word: value for word, value in arguments.items() if word in group})
        self._set(grads)
        extra: dict[str, Any] = {}
        if self.reference.curvature is not None:
            made = _curvature(self.reference.curvature, hyper, self._leaves(), batch, count)
            extra = {word: list(map(self.torch.tensor, parts)) for word, parts in made.items()}
        if "closure" in self.reference.passes:
            extra["closure"] = lambda: self._closure(batch)
        dtype = self.parameters[0].dtype
        with self._default_dtype(dtype), self._in_place_of_bfloat16(dtype):
            self.optimizer.step(**extra)
        return self._leaves()

    def point(self) -> Leaves:
        """The parameters that it evaluates; those that it trains stay as they are, bit for bit."""
        kept = self._leaves()
        self.optimizer.eval()
        found = self._leaves()
        self.optimizer.train()
        with self.torch.no_grad():
            for parameter, leaf in zip(self.parameters, kept, strict=True):
                parameter.copy_(self.torch.tensor(leaf))
        return found

    @contextmanager
    def _default_dtype(self, dtype: Any) -> Iterator[None]:
        """Numbers that an optimizer makes of its own, such as sums over the model, get `dtype`."""
        before = self.torch.get_default_dtype()
        self.torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            self.torch.set_default_dtype(before)

    @contextmanager
    def _in_place_of_bfloat16(self, dtype: Any) -> Iterator[None]:
        """Functions of the optimizer's modules that compute in bfloat16 by default take `dtype`."""
        half, modules = self.torch.bfloat16, {c.__module__ for c in type(self.optimizer).__mro__}
        found = [value for name in modules for value in vars(sys.modules[name]).values()]
        rounding = [f for f in found if half in (getattr(f, "__defaults__", None) or ())]
        before = [f.__defaults__ for f in rounding]
        for f in rounding:
            f.__defaults__ = tuple(dtype if value is half else value for value in f.__defaults__)
        try:
            yield
        finally:
            for f, values in zip(rounding, before, strict=True):
                f.__defaults__ = values

    def _closure(self, batch: Any) -> Any:
        leaves = self._leaves()
        self._set(model.as_numpy(model.gradient(leaves, batch)))
        return self.torch.tensor(np.array(model.value(leaves, batch)))

    def _set(self, grads: Leaves) -> None:
        for parameter, grad in zip(self.parameters, grads, strict=True):
            parameter.grad = self.torch.tensor(grad)

    def _leaves(self) -> Leaves:
        return [parameter.detach().numpy().copy() for parameter in self.parameters]


def on_manifold(reference: Reference, leaves: Leaves, hyper: Mapping[str, float]) -> Leaves:
    """The points next to `leaves` where a reference's parameters may lie."""
    torch = importlib.import_module("torch")
    found = [_parameter(torch.tensor(leaf), reference, hyper) for leaf in leaves]
    return [point.manifold.projx(point).detach().numpy().copy() for point in found]


def _parameter(tensor: Any, reference: Reference, hyper: Mapping[str, float]) -> Any:
    if not reference.manifold:
        return importlib.import_module("torch").nn.Parameter(tensor)
    with warnings.catch_warnings():  # it compiles functions in a way that PyTorch gives up
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        geoopt = importlib.import_module("geoopt")
    return geoopt.ManifoldParameter(tensor, manifold=_resolve(reference.manifold, hyper))


def _curvature(
    spec: Curvature, hyper: Mapping[str, float], leaves: Leaves, batch: Any, count: int
) -> dict[str, Leaves]:
    """The keyword with this step's Hessian estimate; nothing between refreshes."""
    if count % _resolve(spec.period, hyper) != 0:
        return {}
    z = model.as_numpy(model.draw(leaves, count, spec.draw, spec.stream))
    flat = np.asarray(model.hessian(leaves, batch)) @ model.flattened(z)
    hz = np.split(flat, np.cumsum([part.size for part in z])[:-1])
    leafwise = [p for p in PRIMITIVES.values() if p.scope is Scope.LEAF]
    words: dict[str, Any] = {p.name: partial(p.meaning, np) for p in leafwise}
    words["block_mean"] = _block_mean
    estimate = [
        np.array(_resolve(spec.estimate, {**words, "z": part, "hz": product.reshape(part.shape)}))
        for part, product in zip(z, hz, strict=True)
    ]
    return {spec.keyword: estimate}


def _block_mean(x: np.ndarray) -> np.ndarray:
    """AdaHessian's averages: over the rows of a matrix, the spatial axes of a kernel."""
    axes: tuple[int, ...] = {0: (), 1: (), 2: (1,), 3: (2,), 4: (2, 3)}[x.ndim]
    return np.broadcast_to(x.mean(axis=axes, keepdims=True), x.shape)
