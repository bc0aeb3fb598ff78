"""The best known loss of every proxy task: what rules tuned for it alone reach at its horizon.

    python benchmarks/best_losses.py [TASK...] [--rules adamw,lion] [--evaluations 24] [--json FILE]

Each rule's constants are tuned by `evaluators.tuning` on two seeds; the losses are means over four
others, at the horizon. The best of them is what a task states as `best`. The last column is where
the best rule stands after a horizon --longer times as long: a floor must lie below that, too.
"""

import argparse
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from search.environment import prepare_process  # noqa: E402

prepare_process()

import jax  # noqa: E402

from dsl.zoo import ZOO  # noqa: E402
from evaluators import registry  # noqa: E402
from evaluators.suites import TaskChoice  # noqa: E402
from evaluators.train import Trained, Trainer  # noqa: E402
from evaluators.trainers import trainers_for  # noqa: E402
from evaluators.tuning import tune  # noqa: E402

RULES = "heavy_ball,adamw,nadamw,lion"
TUNING_SEEDS, SEEDS = (0, 1), (2, 3, 4, 5)


def mean_loss(runs: list[Trained]) -> float:
    """Mean over the seeds; infinite if one of them failed."""
    if any(run.stopped is not None or not run.finite for run in runs):
        return math.inf
    return sum(run.loss for run in runs) / len(runs)


def best_of(name: str, rules: list[str], evaluations: int, longer: int) -> dict:
    """Loss by rule, and the best rule with its constants."""
    task = registry.get(name)
    choices = (TaskChoice(name, task.horizon),)
    words = sorted({statement.op for rule in rules for statement in ZOO[rule].statements})
    found, constants = {}, {}
    for rule in rules:
        tuned = tune(ZOO[rule], choices, TUNING_SEEDS, evaluations, words)
        program = tuned.program
        if tuned.rates:
            program = program.with_hyperparameters(lr=tuned.rates[name])
        trainer = trainers_for(ZOO[rule], choices, words).by_task[name]
        found[rule] = mean_loss(trainer.run(program, SEEDS)[0])
        constants[rule] = {key: float(f"{x:.8g}") for key, x in program.hyperparameters.items()}
    best = min(found, key=found.__getitem__)
    result = {"loss": found[best], "rule": best, "constants": constants[best], "losses": found}
    if longer > 1:
        program = ZOO[best].with_hyperparameters(**constants[best])
        runs = Trainer(task, longer * task.horizon, words).run(program, SEEDS[:2])[0]
        result["longer"] = min(mean_loss(runs), *(min(run.losses) for run in runs))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--rules", default=RULES)
    parser.add_argument("--evaluations", type=int, default=24)
    parser.add_argument("--longer", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    rules = chosen.rules.split(",")
    header = [*rules, "best", "longer", "floor"]
    print(f"{'task':20}", *(f"{word:>11}" for word in header))
    results = {}
    for name in chosen.tasks or registry.names():
        task = registry.get(name)
        results[name] = best_of(name, rules, chosen.evaluations, chosen.longer)
        losses = [f"{results[name]['losses'][rule]:11.5g}" for rule in rules]
        end = f"{results[name]['rule']:>11} {results[name].get('longer', math.nan):11.5g}"
        print(f"{name:20}", *losses, end, f"{task.floor:11.5g}", flush=True)
        if chosen.json:
            chosen.json.write_text(json.dumps(results, indent=1))
        jax.clear_caches()


if __name__ == "__main__":
    main()
