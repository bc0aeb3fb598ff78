"""The share of hidden constants whose worth the tuning of a new family finds.

    python -m benchmarks.hidden_constants RUN [--rules 30] [--settings 0 6 12] [--on-tasks 2 3]

A new idea is judged with numbers that it did not choose. Here rules of the zoo stand for new ideas:
every constant but the rate is hidden behind one that most rules have (0.9 for the first decay,
0.99 for others, 1e-8 for small numbers, 1 for the rest), the rates are found anew, and the rule is
judged as a campaign judges the first program of a family. Reported is the share of rules that reach
95% of the score that they have with their own constants, by settings tried and tasks they are tried
on. The campaign in the folder RUN gives the tasks, the baseline, and the scores of the rules, its
starts; its seeds of the first generation are those that all is judged on.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.program import Const, Program
from evaluators.evaluator import Evaluator
from evaluators.request import EvaluationRequest, SettingsTrial
from evaluators.seeds import START_SEEDS, search_seeds, settings_rng, trial_seeds
from evaluators.tuning.sweep import sweep
from search.campaign.baseline import search_setup
from search.config import Config
from search.ledger import reading
from search.mutation.editor import Editor
from search.mutation.settings import RATE, settings

REACHED = 0.95
"""The part of its own score that a rule has to reach."""


@dataclass(frozen=True)
class Hidden:
    """A rule without its constants: the program, its rates by task, and the score with its own."""

    program: Program
    rates: dict[str, float]
    own: float


def hidden(program: Program) -> Program:
    """The rule with the numbers that most rules have in place of its own; the rate stays."""
    editor = Editor(program)
    decays = iter([0.9])

    def usual(value: float) -> float:
        if 0.5 <= value < 1:
            return next(decays, 0.99)
        if value == 0:
            return 0.0
        return 1e-8 if 0 < value < 1e-3 else 1.0

    for name, value in list(editor.hyperparameters.items()):
        if name != RATE:
            editor.hyperparameters[name] = usual(value)
    for site, arg in editor.constants():
        if 0.5 < arg.value < 1 or 0 < arg.value < 1e-3:
            editor.replace_argument(site, Const(usual(arg.value)))
    return editor.program(program.name)


def rules_of(run: Path, count: int) -> tuple[Config, Evaluator, list[Hidden]]:
    """The config of a campaign, its evaluator, and `count` of its starts, every so many by number,
    with their constants hidden."""
    with reading(run) as ledger:
        config = Config.model_validate({**ledger.config, "workers": 0})
        baseline, starts, sources = ledger.baseline, ledger.starts, ledger.sources
        assert baseline is not None and starts is not None
        rows = [ledger.row(number) for number in range(len(starts))]
    setup = search_setup(config, sources, baseline)
    able = []
    for start, row in zip(starts, rows, strict=True):
        without = hidden(start.program)
        if row.verdict.outcome == "ok" and not without.same_rule(start.program):
            able.append((without, row.verdict.score or 0.0))
    chosen = able[:: max(len(able) // count, 1)][:count]
    seeds = START_SEEDS[: config.evaluation.seeds]
    made = []
    for program, own in chosen:
        rates = sweep(program, setup.tasks, seeds, setup.primitives, config.evaluation.shape)
        made.append(Hidden(program, rates, own))
    return config, Evaluator(setup), made


def reached(
    config: Config, evaluator: Evaluator, rules: Sequence[Hidden], count: int, tasks: int
) -> list[float]:
    """The part of its own score that each rule reaches with so many settings on so many tasks."""
    seeds = search_seeds(config.seed, 0, config.evaluation.seeds)
    found = []
    for number, rule in enumerate(rules):
        others = settings(rule.program, settings_rng(config.seed, number), count)
        trial = SettingsTrial(others, trial_seeds(config.seed, 0, config.evaluation.seeds), tasks)
        request = EvaluationRequest(rule.program, rule.rates, trial=trial if others else None)
        (evaluation,) = evaluator.evaluate_batch([request], seeds)
        found.append(evaluation.score / rule.own)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hidden_constants")
    parser.add_argument("run", type=Path)
    parser.add_argument("--rules", type=int, default=30)
    parser.add_argument("--settings", type=int, nargs="+", default=[0, 6, 12])
    parser.add_argument("--on-tasks", type=int, nargs="+", default=[2, 3])
    options = parser.parse_args()
    config, evaluator, rules = rules_of(options.run, options.rules)
    for count in options.settings:
        for tasks in options.on_tasks if count else options.on_tasks[:1]:
            parts = reached(config, evaluator, rules, count, tasks)
            good = sum(part >= REACHED for part in parts)
            mean = sum(max(part, 0.0) for part in parts) / len(parts)
            print(
                f"{count} settings on {tasks} tasks: {good} of {len(parts)} reach {REACHED:.0%} of "
                f"their own score, {mean:.3f} of it in the mean",
                flush=True,
            )


if __name__ == "__main__":
    main()
