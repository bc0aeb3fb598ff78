"""Numbers of a task that its declaration does not know: losses of fresh parameters, costs."""

import math
from dataclasses import replace

import jax
import numpy as np
from jaxtyping import Float

from evaluators.catalogue import Proxy, TaskEntry
from evaluators.cost import flops
from evaluators.data.integrity import checksum
from evaluators.task import Task, prepare

SEEDS = tuple(range(8))
AGREES = 0.1
"""A stated loss within this share of what was measured is kept."""


def untrained(task: Task) -> float:
    """The stated loss of fresh parameters if eight seeds agree with it, else their mean."""
    found = float(np.mean(fresh_losses(task)))
    agrees = abs(found - task.untrained) <= AGREES * abs(found)
    return task.untrained if agrees else float(f"{found:.3g}")


def fresh_losses(task: Task) -> Float[np.ndarray, " seeds"]:
    """The validation loss of fresh parameters for each of eight seeds."""
    ready = prepare(task, SEEDS, 1)
    return np.asarray(jax.jit(jax.vmap(task.validate, (0, None)))(ready.params, ready.data))


def floor(task: Task) -> float:
    """The stated floor if it lies no more than a little below the one in the examples, else that,
    rounded down to three digits."""
    if task.find_floor is None:
        return task.floor
    found = task.find_floor(task.data())
    if 0 <= found - task.floor <= AGREES * found:
        return task.floor
    unit = 10.0 ** (math.floor(math.log10(found)) - 2)
    return float(f"{math.floor(found / unit) * unit:.3g}")


def operations(task: Task) -> int:
    """The stated operations of a gradient if they are within a twentieth, else those counted."""
    found = flops(task)
    return task.flops if abs(found - task.flops) <= 0.05 * found else found


def with_facts(task: Task) -> Task:
    """The task with what was measured of it, as far as it needs no training."""
    return replace(task, untrained=untrained(task), floor=floor(task), flops=operations(task))


def entry_of(task: Task, proxy: Proxy | None) -> TaskEntry:
    """The entry of a task that states everything."""
    return TaskEntry(
        name=task.name,
        summary=task.summary,
        dataset=task.dataset,
        model=task.model,
        horizon=task.horizon,
        parameters=task.parameters(),
        flops=task.flops,
        untrained=task.untrained,
        best=task.best,
        floor=task.floor,
        floor_from=task.floor_from,
        checksum=checksum(task.data()),
        proxy=proxy,
    )
