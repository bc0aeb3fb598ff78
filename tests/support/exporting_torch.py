"""Exported PyTorch files at work on the model of the zoo's references."""

import copy
import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import numpy as np

from dsl import Program
from dsl.export import to_torch_source
from dsl.export.names import camel_case
from tests.dsl.zoo.references.model import STEPS, batches, label_key, precision
from tests.support.exporting import SEED, begin, extra, loaded, ranks_of


@cache
def draws(
    kind: str, count: int, stream: int, shapes: tuple[tuple[int, ...], ...], dtype: str
) -> list[np.ndarray]:
    """The noise of one step, as the interpreter draws it."""
    with precision(dtype):
        return [np.array(leaf) for leaf in _draws(kind, count, stream, shapes, dtype)]


@partial(jax.jit, static_argnums=(0, 3, 4))
def _draws(kind: str, count: Any, stream: Any, shapes: Any, dtype: str) -> list[jax.Array]:
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(SEED), count), stream)
    keys = jax.random.split(key, len(shapes))
    sample = getattr(jax.random, kind)
    return [sample(k, shape, dtype) for k, shape in zip(keys, shapes, strict=True)]


def torch_class(program: Program) -> Any:
    """The exported PyTorch optimizer, its noise drawn as the interpreter draws it."""
    exported = loaded(to_torch_source(program))[camel_case(program)]

    class Injected(exported):
        def _draw(self, kind, p, stream):
            return self._drawn(kind, p, stream, ())

        def _draw_members(self, p, x, stream):
            return self._drawn("normal", p, stream, (len(x),))

        def _drawn(self, kind, p, stream, members):
            import torch

            params = [q for group in self.param_groups for q in group["params"]]
            at = next(i for i, q in enumerate(params) if q is p)
            shapes = tuple((*members, *q.shape) for q in params)
            dtype = str(p.dtype).removeprefix("torch.")
            count = int(self.state[p]["step"]) - 1
            return torch.as_tensor(draws(kind, count, int(stream), shapes, dtype)[at])

        def _generator(self, p, stream):
            return int(self.state[p]["step"]) - 1, int(stream)

    return Injected


def asked_by_torch(optimizer: Any, params: list[Any], x: Any, y: Any) -> dict[str, Any]:
    """The same of the `step` of a PyTorch optimizer; labels as the interpreter draws them."""
    import torch

    sign = -1 if optimizer.param_groups[0]["maximize"] else 1

    def outputs(x=x):
        return torch.tanh(x @ torch.cat([p.reshape(-1) for p in params]))

    def loss_of(made, y=y):
        return sign * torch.mean(2 * torch.square(made - y))

    def full_fn():
        data = {at.tobytes(): (at, to) for at, to in batches(str(y.dtype)[6:])}
        parts = [loss_of(outputs(torch.tensor(at)), torch.tensor(to)) for at, to in data.values()]
        return torch.stack(parts).mean()

    def sampled_fn(drawn):
        noise = torch.as_tensor(label_noise(*drawn, tuple(y.shape), str(y.dtype)[6:]))
        made = outputs()
        return sign * torch.mean(2 * torch.square(made - (made + noise / 2).detach()))

    functions = {
        "losses_fn": lambda: sign * 2 * torch.square(outputs() - y),
        "full_fn": full_fn,
        "sampled_fn": sampled_fn,
        "outputs_fn": lambda: (outputs(), loss_of),
    }
    taken = inspect.signature(optimizer.step).parameters
    return {name: function for name, function in functions.items() if name in taken}


@cache
def label_noise(count: int, stream: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The noise that the labels of a step are drawn by."""
    with precision(dtype):
        return np.array(jax.random.normal(label_key(SEED, count, stream), shape, dtype))


def torch_walk(
    program: Program,
    make: Callable[[list[Any]], Any],
    dtype: str,
    *,
    stop: int | None = None,
    climb: bool = False,
) -> np.ndarray:
    """The path of a PyTorch optimizer; saved and loaded into a new one after `stop` steps."""
    import torch

    params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in begin(program, dtype)]
    optimizer = make(params)
    rows = []
    for at, (features, targets) in enumerate(batches(dtype, ranks_of(program))):
        if at == stop:
            saved = copy.deepcopy(optimizer.state_dict())
            params = [torch.nn.Parameter(p.detach().clone()) for p in params]
            optimizer = make(params)
            optimizer.load_state_dict(saved)
        x, y = torch.tensor(features), torch.tensor(targets)

        def closure(params=params, x=x, y=y):
            flat = torch.cat([p.reshape(-1) for p in params])
            value = 2 * torch.mean(torch.square(torch.tanh(x @ flat) - y))
            return -value if climb else value

        optimizer.zero_grad()
        closure().backward()
        optimizer.step(closure, **asked_by_torch(optimizer, params, x, y))
        rows.append(np.concatenate([p.detach().numpy().reshape(-1) for p in params]))
    assert len(rows) == STEPS
    return np.stack(rows)


def moves_of_torch(
    program: Program, gradients: list[list[np.ndarray]], w: list[np.ndarray]
) -> list[list[np.ndarray]]:
    """The same of the exported PyTorch optimizer; exact where the parameters are 0."""
    import torch

    params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in w]
    optimizer = torch_class(program)(params, **extra(program))
    features, targets = map(torch.tensor, batches("float64")[0])

    def closure():
        flat = torch.cat([p.reshape(-1) for p in params])
        return 2 * torch.mean(torch.square(torch.tanh(features @ flat) - targets))

    found = []
    for grads in gradients:
        for p, g in zip(params, grads, strict=True):
            p.grad = torch.tensor(g)
        optimizer.step(closure, **asked_by_torch(optimizer, params, features, targets))
        found.append([x - p.detach().numpy() for p, x in zip(params, w, strict=True)])
        with torch.no_grad():
            for p, x in zip(params, w, strict=True):
                p.copy_(torch.tensor(x))
    return found
