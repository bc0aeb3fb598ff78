"""One digest of all that a task computes: what was measured for one is known of an equal one."""

import hashlib
import json
import re
from typing import Any

import jax
import numpy as np

from evaluators.data.integrity import checksum
from evaluators.task import Task, prepare

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


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
    """Hex digest of a function as JAX traces it, with the arrays that it closes over."""
    closed = jax.make_jaxpr(function)(*arguments)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(_ADDRESS.sub("", closed.jaxpr.pretty_print(use_color=False)).encode())
    for constant in closed.consts:
        array = np.asarray(constant)
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
