"""The best known loss of every proxy task: what rules tuned for it alone reach at its horizon.

    python -m benchmarks.best_losses [TASK...] [--rules adamw,lion] [--json FILE]

Each rule's constants are tuned by `evaluators.tuning.coordinates` on two seeds, three rates to an
evaluation: all rules for --first evaluations, the --among best of them for --evaluations. The
losses are means over four other seeds, at the horizon; the best of them, or what the task states
where that is lower on those seeds, is the `best` that `benchmarks.measure_tasks` puts into the
catalogue. The last columns are where the best rule stands after a horizon --longer times as long,
which a floor must lie below, too, and CPU time.
"""

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evaluators.training.environment import prepare_process

prepare_process()

import jax  # noqa: E402

from dsl import canonical  # noqa: E402
from dsl.rewrite.lower import spelled_out  # noqa: E402
from dsl.zoo import ZOO  # noqa: E402
from evaluators import registry  # noqa: E402
from evaluators.comparison.entrants import BASELINES  # noqa: E402
from evaluators.suites import TaskChoice  # noqa: E402
from evaluators.training.batches import BatchShape  # noqa: E402
from evaluators.training.trainer import Trained, Trainer  # noqa: E402
from evaluators.training.trainers import trainers_for  # noqa: E402
from evaluators.tuning.coordinates import tune  # noqa: E402

TUNING_SEEDS, SEEDS = (0, 1), (2, 3, 4, 5)
FACTORS = (0.56, 1.0, 1.8)
"""Multiples of a rate that are tried with it: the half decades of a sweep become quarters."""
SHAPE = BatchShape(len(TUNING_SEEDS), len(FACTORS), 1)

Constants = dict[str, float]


class Field:
    """One task, and the machine that all rules are trained with on it."""

    def __init__(self, name: str, rules: Sequence[str]):
        self.task = registry.get(name)
        self.choices = (TaskChoice(name, self.task.horizon),)
        self.words = sorted({word for rule in rules for word in primitives(rule)})

    def tuned(self, rule: str, evaluations: int) -> Constants:
        """The constants of a rule, its rate among them."""
        found = tune(ZOO[rule], self.choices, TUNING_SEEDS, evaluations, self.words, FACTORS, SHAPE)
        constants = dict(found.program.hyperparameters)
        if found.rates:
            constants["lr"] = found.rates[self.task.name]
        return {key: float(f"{x:.4g}") for key, x in constants.items()}

    def loss(self, rule: str, constants: Mapping[str, float]) -> float:
        """Mean over the seeds that nothing is tuned on; infinite if one of them failed."""
        program = ZOO[rule].with_hyperparameters(**constants)
        trainer = trainers_for(ZOO[rule], self.choices, self.words, SHAPE).by_task[self.task.name]
        return mean_loss(trainer.run(program, SEEDS)[0])

    def longer(self, rule: str, constants: Mapping[str, float], times: int) -> float:
        """The lowest loss at any look of a longer horizon."""
        program = ZOO[rule].with_hyperparameters(**constants)
        trainer = Trainer(self.task, times * self.task.horizon, self.words)
        runs = trainer.run(program, SEEDS[:2])[0]
        return min(mean_loss(runs), *(min(run.losses) for run in runs))


def primitives(rule: str) -> set[str]:
    return {statement.op for statement in spelled_out(canonical(ZOO[rule])).statements}


def mean_loss(runs: Sequence[Trained]) -> float:
    """Infinite if one of the runs failed."""
    if any(run.stopped is not None or not run.finite for run in runs):
        return math.inf
    return sum(run.loss for run in runs) / len(runs)


class Budget(NamedTuple):
    """Evaluations of every rule; of the `among` best ones; and the longer horizon, in horizons."""

    first: int = 10
    among: int = 3
    evaluations: int = 32
    longer: int = 1


def best_of(name: str, rules: Sequence[str], chosen: Budget) -> dict[str, Any]:
    """Loss by rule, and the best rule with its constants."""
    start = time.process_time()
    field = Field(name, rules)
    constants = {rule: field.tuned(rule, chosen.first) for rule in rules}
    found = {rule: field.loss(rule, constants[rule]) for rule in rules}
    for rule in sorted(rules, key=found.__getitem__)[: chosen.among]:
        further = field.tuned(rule, chosen.evaluations)
        if (loss := field.loss(rule, further)) < found[rule]:
            found[rule], constants[rule] = loss, further
    best = min(found, key=found.__getitem__)
    result = {"loss": found[best], "rule": best, "constants": constants[best], "losses": found}
    stated = field.task.best
    if stated.rule in rules:
        result["stated"] = field.loss(stated.rule, stated.constants)
        if result["stated"] < found[best]:
            result |= {"loss": result["stated"], "rule": stated.rule}
            result["constants"] = dict(stated.constants)
    if chosen.longer > 1:
        result["longer"] = field.longer(result["rule"], result["constants"], chosen.longer)
    return {**result, "seconds": time.process_time() - start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--rules", default=",".join(BASELINES))
    for name, value in Budget()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    rules = chosen.rules.split(",")
    budget = Budget(chosen.first, chosen.among, chosen.evaluations, chosen.longer)
    header = [*rules, "stated", "best", "longer", "floor", "s"]
    print(f"{'task':20}", *(f"{word:>10}" for word in header))
    results = {}
    for name in chosen.tasks or registry.names():
        results[name] = found = best_of(name, rules, budget)
        losses = [*found["losses"].values(), found.get("stated", math.nan)]
        ends = [found.get("longer", math.nan), registry.get(name).floor, found["seconds"]]
        row = [*(f"{x:10.4g}" for x in losses), f"{found['rule']:>10}"]
        print(f"{name:20}", *row, *(f"{x:10.4g}" for x in ends), flush=True)
        if chosen.json:
            chosen.json.write_text(json.dumps(results, indent=1))
        jax.clear_caches()


if __name__ == "__main__":
    main()
