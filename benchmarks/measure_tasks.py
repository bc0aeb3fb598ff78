"""Writes the catalogue of tasks: every number that a task states and no declaration can know.

    python -m benchmarks.measure_tasks [TASK...] [--best]

Measures the tasks that are named, or those without an entry: parameters, operations of a gradient,
checksum of the examples, loss of fresh parameters, a floor that has to be found in the examples.
The best known loss (see `benchmarks.best_losses`, minutes a task) is looked for where it is
missing, or with --best, among the rules of a comparison and two that are meant for matrices. A
number that is stated already and that the measurement confirms is kept.
"""

import argparse
import math
from dataclasses import replace

from evaluators.training.environment import prepare_process

prepare_process()

import jax  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.best_losses import Budget, best_of  # noqa: E402
from evaluators import catalogue, registry  # noqa: E402
from evaluators.catalogue import Best, TaskEntry  # noqa: E402
from evaluators.comparison.entrants import BASELINES  # noqa: E402
from evaluators.cost import flops  # noqa: E402
from evaluators.errors import UnknownTask  # noqa: E402
from evaluators.task import Task, prepare  # noqa: E402

SEEDS = tuple(range(8))
RULES = (*BASELINES, "muon", "soap")
AGREES = 0.1
"""A stated loss within this share of what was measured is kept."""


def untrained(task: Task) -> float:
    """The stated loss of fresh parameters if eight seeds agree with it, else their mean."""
    ready = prepare(task, SEEDS, 1)
    found = float(np.mean(jax.jit(jax.vmap(task.validate, (0, None)))(ready.params, ready.data)))
    agrees = abs(found - task.untrained) <= AGREES * abs(found)
    return task.untrained if agrees else float(f"{found:.3g}")


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


def best(task: Task) -> Best:
    """The best of the rules, each tuned for this task alone."""
    found = best_of(task.name, RULES, Budget())
    loss = min(float(f"{found['loss']:.4g}"), task.best.loss)
    if loss == task.best.loss:
        return task.best
    return Best(loss, found["rule"], found["constants"])


def measure(task: Task, *, look_for_best: bool) -> TaskEntry:
    """The entry of a task; the registry gets what was found as soon as it is there."""
    task = replace(task, digest=None)
    task = replace(task, untrained=untrained(task), floor=floor(task), flops=operations(task))
    if math.isnan(task.best.loss):
        look_for_best = True
        task = replace(task, best=Best(task.untrained, "", {}))
    registry.restate(task)
    return TaskEntry(
        name=task.name,
        summary=task.summary,
        dataset=task.dataset,
        model=task.model,
        horizon=task.horizon,
        parameters=task.parameters(),
        flops=task.flops,
        untrained=task.untrained,
        best=best(task) if look_for_best else task.best,
        floor=task.floor,
        floor_from=task.floor_from,
        checksum=task.checksum(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--best", action="store_true", help="look for the best known loss anew")
    chosen = parser.parse_args()
    declared = registry.declared()
    for name in chosen.tasks or sorted(set(declared) - set(registry.names())):
        if name not in declared:
            raise UnknownTask(name, declared)
        entry = measure(declared[name], look_for_best=chosen.best)
        catalogue.write({name: entry})
        print(f"{name}: best {entry.best.loss:.4g} by {entry.best.rule}", flush=True)


if __name__ == "__main__":
    main()
