"""Rules for matrices beside rules for single entries, on the tasks that are made for the former.

    python -m benchmarks.matrix_tasks [TASK...] [--rules muon,soap] [--json FILE]

A score is that of a search: progress by the horizon, and by a third of it, relative to AdamW's, so
AdamW has 1. Every rule has its constants as published, no weight decay, and on each task the best
of twelve rates for two seeds. Scores are means over four others, in `docs/tasks.md` with their
standard error.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

from evaluators.training.environment import prepare_process

prepare_process()

import jax  # noqa: E402

from dsl.zoo import ZOO  # noqa: E402
from evaluators import registry  # noqa: E402
from evaluators.score import progress, reference, score  # noqa: E402
from evaluators.task import Task  # noqa: E402
from evaluators.training.choice import Engine  # noqa: E402
from evaluators.training.trainer import Trained, Trainer  # noqa: E402

TASKS = (
    "deblur",
    "facts",
    "skewed_map",
    "in_context",
    "digits_blurred",
    "deblur_deep",
    "word_tables",
)
BASELINE = "adamw"
RULES = ("muon", "soap", "shampoo", "adafactor", "lion", "optimistic_amsgrad")
RATES = tuple(10 ** (half / 2) for half in range(-7, 5))
"""Half decades from 0.0003 to 100."""
Found = dict[str, dict[str, float]]
"""Numbers by name, by rule."""
TUNING_SEEDS, SEEDS = (0, 1), (2, 3, 4, 5)


def tuned(task: Task, rule: str) -> tuple[float, list[Trained]]:
    """The best rate on the tuning seeds, and the runs from the others at it."""
    program = ZOO[rule]
    if "wd" in program.hyperparameters:
        program = program.with_hyperparameters(wd=0.0)
    seeds = TUNING_SEEDS + SEEDS
    trainer = Trainer(task, task.horizon, (), len(seeds), rates=len(RATES), engine=Engine.COMPILED)
    runs = trainer.run(program, seeds, RATES)
    gains = [fmean(gain(task, run) for run in row[: len(TUNING_SEEDS)]) for row in runs]
    best = max(range(len(RATES)), key=gains.__getitem__)
    return RATES[best], runs[best][len(TUNING_SEEDS) :]


def gain(task: Task, run: Trained) -> float:
    """Mean progress over the looks, in nats; minus infinity for a run that failed."""
    if run.stopped is not None or not run.finite:
        return -math.inf
    return fmean(progress(task, loss) for loss in run.losses)


def ranked(task: Task, rules: Sequence[str]) -> Found:
    """Score with its standard error, mean loss at the horizon and rate, of the baseline and of each
    rule."""
    found = {rule: tuned(task, rule) for rule in (BASELINE, *rules)}
    scale = reference(task, [run.losses for run in found[BASELINE][1]])
    measured = {}
    for rule, (rate, runs) in found.items():
        scores = [score(task, run.losses, scale) for run in runs]
        measured[rule] = {
            "score": fmean(scores),
            "error": stdev(scores) / math.sqrt(len(scores)),
            "loss": fmean(run.loss for run in runs),
            "rate": float(f"{rate:.2g}"),
        }
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--rules", default=",".join(RULES))
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    rules = chosen.rules.split(",")
    print("| task |", *(f"{rule} |" for rule in rules))
    print("|---|" + "---|" * len(rules))
    results: dict[str, Found] = {}
    for name in chosen.tasks or TASKS:
        results[name] = found = ranked(registry.get(name), rules)
        cells = (
            f"{at['score']:.2f} ±{at['error']:.2f} at {at['rate']:g} |" for at in found.values()
        )
        print(f"| {name} |", *list(cells)[1:], flush=True)
        if chosen.json:
            chosen.json.write_text(json.dumps(results, indent=1))
        jax.clear_caches()
    print("| mean |", *(f"{mean(results, rule):.2f} |" for rule in rules))


def mean(results: Mapping[str, Found], rule: str) -> float:
    """The mean score over the tasks."""
    return fmean(found[rule]["score"] for found in results.values())


if __name__ == "__main__":
    main()
