"""Writes the catalogue of tasks: every number that a task states and no declaration can know.

    python -m benchmarks.measure_tasks [TASK...] [--best]

Measures the tasks that are named, or those without an entry: parameters, operations of a gradient,
checksum of the examples, loss of fresh parameters, a floor that has to be found in the examples;
for a task of the suite `search` also how known rules rank on it (half a minute), which tasks of
others are held against.
The best known loss (see `benchmarks.best_losses`, minutes a task) is looked for where it is
missing, or with --best, among the rules of a comparison and two that are meant for matrices. A
number that is stated already and that the measurement confirms is kept.
"""

import argparse
import math
from dataclasses import replace

from evaluators.training.environment import prepare_process

prepare_process()

from benchmarks.best_losses import Budget, best_of  # noqa: E402
from evaluators import catalogue, registry  # noqa: E402
from evaluators.catalogue import Best, TaskEntry  # noqa: E402
from evaluators.comparison.entrants import BASELINES  # noqa: E402
from evaluators.errors import UnknownTask  # noqa: E402
from evaluators.measuring.facts import entry_of, with_facts  # noqa: E402
from evaluators.measuring.proxy import proxy_of  # noqa: E402
from evaluators.measuring.ranking import ranked  # noqa: E402
from evaluators.suites import load_suite  # noqa: E402
from evaluators.task import Task  # noqa: E402

RULES = (*BASELINES, "muon", "soap")
JUDGING = {choice.name for choice in load_suite("search").tasks}
"""Tasks that others are held against as proxies: known rules are ranked on them."""


def best(task: Task) -> Best:
    """The best of the rules, each tuned for this task alone."""
    found = best_of(task.name, RULES, Budget())
    loss = min(float(f"{found['loss']:.4g}"), task.best.loss)
    if loss == task.best.loss:
        return task.best
    return Best(loss, found["rule"], found["constants"])


def measure(task: Task, *, look_for_best: bool) -> TaskEntry:
    """The entry of a task; the registry gets what was found as soon as it is there."""
    task = with_facts(replace(task, digest=None))
    if math.isnan(task.best.loss):
        look_for_best = True
        task = replace(task, best=Best(task.untrained, "", {}))
    registry.restate(task)
    if look_for_best:
        task = replace(task, best=best(task))
        registry.restate(task)
    proxy = proxy_of(ranked(task)) if task.name in JUDGING else None
    return entry_of(task, proxy)


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
