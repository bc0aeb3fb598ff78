"""One digest of all that a task computes: what was measured for one is known of an equal one."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from evaluators.data.integrity import checksum
from evaluators.own.source import OwnSource
from evaluators.task import Task, prepare

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
PURE = "let it depend on its arguments alone, with no generator, no counter and nothing kept"
"""The cure of a loss that is another one from call to call."""


class _KeptValue(Exception):
    """A function that reads a value of an earlier call, which JAX knows while it traces that call
    alone."""


def definition_of(task: Task, source: OwnSource) -> str:
    """The definition of a task of a user's own. **Raises:** TaskFault."""
    try:
        return definition(task)
    except _KeptValue:
        source.origin.fault(
            "loss", "the loss reads a value of an earlier call", PURE, at=source.loss
        )


def definition(task: Task) -> str:
    """Hex digest of a task's functions as JAX traces them, its examples, initial parameters, order
    and horizon; the same in every process."""
    ready = prepare(task, [0], 2)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    stated = {
        "name": task.name,
        "horizon": task.horizon,
        "floor": None if np.isnan(task.floor) else task.floor,
        "examples": checksum(ready.data),
        "start": checksum(jax.tree.map(np.asarray, ready.params)),
        "order": ready.order[0].tolist(),
        "loss": traced(task.loss, params, ready.data, ready.order[0, 0]),
        "validate": traced(task.validate, params, ready.data),
        "answers": [task.sampled is not None, task.outputs is not None],
    }
    return hashlib.blake2b(json.dumps(stated).encode(), digest_size=16).hexdigest()


def traced(function: Any, *arguments: Any) -> str:
    """Hex digest of a function as JAX traces it, with the arrays that it and the compiled functions
    in it close over, of which the text says no more than the shape."""
    closed = jax.make_jaxpr(lambda *given: function(*given))(*arguments)  # traced anew each time
    digest = hashlib.blake2b(digest_size=16)
    digest.update(_ADDRESS.sub("", closed.jaxpr.pretty_print(use_color=False)).encode())
    for array in map(_plain, _constants(closed)):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _plain(array: Any) -> np.ndarray:
    """An array, or the data of keys of `jax.random`, in numpy."""
    if isinstance(array, jax.Array) and jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        array = jax.random.key_data(array)
    if isinstance(array, Tracer):
        raise _KeptValue
    return np.asarray(array)


def _constants(found: Any) -> Iterator[Any]:
    """The arrays that what JAX traced holds, at any depth, in the order of its text."""
    if isinstance(found, ClosedJaxpr):
        yield from found.consts
        yield from _constants(found.jaxpr)
    elif isinstance(found, Jaxpr):
        for equation in found.eqns:
            yield from _constants(equation.invars)
            yield from _constants([equation.params[key] for key in sorted(equation.params)])
        yield from _constants(found.outvars)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _constants(each)
    elif isinstance(found, Literal):
        yield from [found.val] if np.ndim(found.val) else []
    elif isinstance(found, np.ndarray | jax.Array):
        yield found
