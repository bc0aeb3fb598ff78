"""The cost of a gradient of every proxy task: time of one core, and operations.

    python -m benchmarks.task_costs [TASK...] [--lanes 1] [--json FILE]

Plain gradient descent at a rate of almost nothing, compiled as one loop, its batches drawn by the
task's own order. CPU time: other work on the machine does not count.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluators.training.environment import prepare_process
from search.pool.cpu_affinity import claim_core

prepare_process()
claim_core()

import jax  # noqa: E402

from dsl.run.machine import over_lanes  # noqa: E402
from evaluators import registry  # noqa: E402
from evaluators.cost import flops  # noqa: E402
from evaluators.task import Task, prepare  # noqa: E402

RATE = 1e-9
LEAST = 0.3
"""Seconds that a measurement takes at least."""


def seconds_of_gradient(task: Task, lanes: int, steps: int = 50) -> float:
    """CPU seconds of a gradient of each of `lanes` models side by side, the smallest of several
    measurements."""
    ready = prepare(task, list(range(lanes)), steps)

    @jax.jit
    def train(params, data, order):
        def step(params, index):
            grads = over_lanes(
                lambda index, params: jax.grad(task.loss)(params, data, index), index, params
            )
            return jax.tree.map(lambda p, g: p - RATE * g, params, grads), None

        return jax.lax.scan(step, params, order)[0]

    arguments = jax.device_put((ready.params, ready.data, ready.order.swapaxes(0, 1)))
    jax.block_until_ready(train(*arguments))
    return (
        min(_mean_seconds(lambda: jax.block_until_ready(train(*arguments))) for _ in range(3))
        / steps
    )


def _mean_seconds(action: Callable[[], Any]) -> float:
    """CPU time of an action: over many, since the clock may move in steps of ten milliseconds."""
    count, start = 0, time.process_time()
    while time.process_time() - start < LEAST:
        action()
        count += 1
    return (time.process_time() - start) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    print(
        f"{'task':20} {'parameters':>10} {'horizon':>8} {'operations':>11} {'ms':>8} {'run, s':>7}"
    )
    rows = {}
    for name in chosen.tasks or registry.names():
        task = registry.get(name)
        spent, operations = seconds_of_gradient(task, chosen.lanes), flops(task)
        rows[name] = {"seconds": spent, "flops": operations, "horizon": task.horizon}
        print(
            f"{name:20} {task.parameters():>10,} {task.horizon:>8} {operations:>11,} "
            f"{1e3 * spent:>8.3f} {spent * task.horizon:>7.2f}",
            flush=True,
        )
        if chosen.json:
            chosen.json.write_text(json.dumps(rows, indent=1))
        jax.clear_caches()


if __name__ == "__main__":
    main()
