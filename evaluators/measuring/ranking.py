"""Known rules on a task as a campaign would judge them: rates tuned, fresh seeds, scores.

AdamW, at the rate that serves it best here, has the score of 1. Every rule has its constants as
published and a rate of its own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from dsl import canonical
from dsl.rewrite.lower import spelled_out
from dsl.zoo import ZOO
from evaluators import registry
from evaluators.catalogue import Best
from evaluators.comparison.entrants import BASELINES
from evaluators.evaluation import Measurement, Outcome
from evaluators.evaluator import Evaluator
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.score import progress
from evaluators.suites import TaskChoice
from evaluators.task import Task
from evaluators.training.batches import BatchShape
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trainer
from evaluators.training.trainers import trainers_for
from evaluators.tuning.sweep import sweep

SCALE = "adamw"
RANKED = (*BASELINES, "sgd", "rmsprop", "muon")
"""The rules that tasks are told apart by: the baselines of a comparison, and three others."""
TUNING_SEEDS, SEEDS = (0, 1), (2, 3, 4, 5, 6, 7)
FACTORS = (0.56, 1.0, 1.8)
"""Multiples of a rate that are tried with it."""
SHAPE = BatchShape(len(TUNING_SEEDS), len(FACTORS), 1)
_LEAST = 1e-3
"""Nats of progress that count as none."""


@dataclass(frozen=True)
class RuleRuns:
    """A rule on a task: its rate, and the runs on each of `SEEDS`.

    `losses` are those at the horizon and `scores` compare both looks with AdamW's; `early` is the
    score at the first look alone. A run that failed has no loss and the worst score.
    """

    rule: str
    rate: float | None
    outcome: str
    losses: tuple[float | None, ...]
    scores: tuple[float, ...]
    early: tuple[float, ...]

    @property
    def sound(self) -> bool:
        """True if no run failed."""
        return self.outcome == Outcome.OK

    @property
    def loss(self) -> float:
        """The mean loss; infinite if a run failed."""
        known = [loss for loss in self.losses if loss is not None]
        return fmean(known) if len(known) == len(self.losses) else math.inf

    @property
    def score(self) -> float:
        """The mean score."""
        return fmean(self.scores)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal value back."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "RuleRuns":
        """The inverse of `to_json`; KeyError or TypeError for other data."""
        lists = {name: tuple(data[name]) for name in ("losses", "scores", "early")}
        return RuleRuns(**{**data, **lists})


class NothingLearned(Exception):
    """AdamW makes no progress on a task at any rate; the message says what it met."""


def words(rules: Sequence[str]) -> tuple[str, ...]:
    """The primitives of a machine that runs all the rules."""
    forms = [spelled_out(canonical(ZOO[rule])) for rule in {*rules, SCALE}]
    return tuple(sorted({statement.op for form in forms for statement in form.statements}))


def trainer_of(task: Task, rules: Sequence[str]) -> Trainer:
    """The trainer of a task for some rules, the same one for equal rules; it judges by what `task`
    states, and so does the registry."""
    registry.restate(task)
    trainer = trainers_for(ZOO[SCALE], _choices(task), words(rules), SHAPE).by_task[task.name]
    trainer.task = task
    return trainer


def ranked(
    task: Task,
    rules: Sequence[str] = RANKED,
    observe: Callable[[str], None] = lambda rule: None,
) -> list[RuleRuns]:
    """The runs of every rule on a task that the registry has, best score first.

    **Arguments:** `observe`: told of every rule when it begins.
    **Raises:** NothingLearned.
    """
    observe(SCALE)
    trainer = trainer_of(task, rules)
    carried, choices = words(rules), _choices(task)
    rate = sweep(ZOO[SCALE], choices, TUNING_SEEDS, carried, SHAPE)
    loss = _adamw_loss(trainer, rate[task.name])
    if not task.best.loss < loss:
        trainer_of(replace(task, best=Best(loss, SCALE, {})), rules)
    evaluator = Evaluator(
        JudgingSetup(choices, ZOO[SCALE], carried, FACTORS, rate, checks=(), width=SHAPE.seeds)
    )
    found = []
    for rule in dict.fromkeys((SCALE, *rules)):
        if rule != SCALE:
            observe(rule)
            rate = sweep(ZOO[rule], choices, TUNING_SEEDS, carried, SHAPE)
        judged = evaluator.evaluate_batch([EvaluationRequest(ZOO[rule], rate)], SEEDS)[0]
        if judged.measurements:
            found.append(_runs(rule, judged.measurements))
    return sorted(found, key=lambda each: (-each.score, each.rule))


def at_horizon(task: Task, runs: Sequence[RuleRuns], steps: int) -> list[RuleRuns]:
    """The rules again at another horizon, each at the rate that it had."""
    rates = {each.rule: {task.name: each.rate} for each in runs if each.rate is not None}
    rules = [each.rule for each in runs]
    choices, carried = (TaskChoice(task.name, steps),), words(rules)
    setup = JudgingSetup(
        choices, ZOO[SCALE], carried, (1.0,), rates[SCALE], checks=(), width=SHAPE.seeds
    )
    evaluator = Evaluator(setup)
    asked = [EvaluationRequest(ZOO[rule], rates.get(rule, {})) for rule in rules]
    judged = zip(rules, evaluator.evaluate_batch(asked, SEEDS), strict=True)
    return [_runs(rule, each.measurements) for rule, each in judged if each.measurements]


def _choices(task: Task) -> tuple[TaskChoice, ...]:
    return (TaskChoice(task.name, task.horizon),)


def _adamw_loss(trainer: Trainer, rate: float) -> float:
    """AdamW's mean loss at the horizon.

    **Raises:** NothingLearned if it is not below that of fresh parameters.
    """
    task = trainer.task
    runs = trainer.run(canonical(ZOO[SCALE]), SEEDS, [rate])[0]
    failed = [end for run in runs if (end := outcome_of(task, run)) is not Outcome.OK]
    if failed:
        raise NothingLearned(f"AdamW fails at every rate that was tried: {failed[0].sentence}")
    found = fmean(run.loss for run in runs)
    if progress(task, found) <= _LEAST:
        raise NothingLearned(
            "AdamW learns nothing at any rate that was tried: the validation loss is "
            f"{task.untrained:.3g} before and {found:.3g} after {task.horizon} steps"
        )
    return found


def _runs(rule: str, measured: Sequence[Measurement]) -> RuleRuns:
    failed = [each.outcome for each in measured if each.outcome is not Outcome.OK]
    return RuleRuns(
        rule=rule,
        rate=measured[0].rate,
        outcome=str(failed[0] if failed else Outcome.OK),
        losses=tuple(each.loss for each in measured),
        scores=tuple(-1.0 if each.score is None else each.score for each in measured),
        early=tuple(-1.0 if each.early is None else each.early for each in measured),
    )


def constants(runs: RuleRuns) -> dict[str, float]:
    """The hyperparameters of a rule as it ran."""
    found = dict(ZOO[runs.rule].hyperparameters)
    return found if runs.rate is None else {**found, "lr": float(f"{runs.rate:.4g}")}
