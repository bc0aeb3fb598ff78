"""Judging programs: every task, some seeds, one score against the tuned baseline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from dsl import canonical, parse
from dsl.machine import DoesNotFit
from dsl.program import Program
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.free import CHECKS, refused_by
from evaluators.outcomes import outcome_of
from evaluators.registry import get
from evaluators.score import WORST, aggregate, loss_at, progress, reference, score
from evaluators.suites import TaskChoice
from evaluators.task import Task
from evaluators.train import Trained, Trainer, searchable


@dataclass(frozen=True)
class Suite:
    """What programs are judged on: plain data, the same in every worker.

    `baseline` is the text of the tuned rule that scores 1, its constants as defaults, and `rates`
    its rate by task (its default where none is named). `factors` are the multiples of a rate that
    are tried on every task, for programs and baseline alike. `primitives` are those that programs
    may use; those a search draws by default if empty. `checks` are the free checks that are made.
    `width` is how many seeds run side by side; it changes no result.
    """

    tasks: tuple[TaskChoice, ...]
    baseline: str
    primitives: tuple[str, ...] = ()
    factors: tuple[float, ...] = (1.0,)
    rates: tuple[tuple[str, float], ...] = ()
    checks: tuple[str, ...] = tuple(check.name for check in CHECKS)
    width: int = 2


class Trainers:
    """The training loops of a set of tasks, each compiled when first used."""

    def __init__(
        self, tasks: Sequence[TaskChoice], primitives: Sequence[str], rates: int, width: int
    ):
        self.by_task = {
            choice.name: Trainer(
                get(choice.name), choice.steps, primitives, width=width, rates=rates
            )
            for choice in tasks
        }

    @property
    def compilations(self) -> int:
        """How many loops were compiled so far: one per task, whatever runs."""
        return sum(trainer.compilations for trainer in self.by_task.values())


def trainers_for(
    rule: Program,
    tasks: Sequence[TaskChoice],
    primitives: Sequence[str] = (),
    rates: int = 1,
    width: int = 2,
) -> Trainers:
    """Loops that carry what `rule` applies and `primitives` (those a search draws if empty).

    The same ones for the same arguments in a process, so that tuning a baseline and judging by it
    compile once.
    """
    used = {statement.op for statement in rule.statements}
    carried = tuple(sorted(used | set(primitives or searchable())))
    return _trainers(tuple(tasks), carried, rates, width)


@lru_cache(maxsize=4)
def _trainers(
    tasks: tuple[TaskChoice, ...], primitives: tuple[str, ...], rates: int, width: int
) -> Trainers:
    return Trainers(tasks, primitives, rates, width)


class Evaluator:
    """Judges programs by a suite; equal programs on equal seeds get equal evaluations.

    A program that does not pass the suite's free checks is not trained.
    """

    def __init__(self, suite: Suite):
        self.suite = suite
        self.baseline = parse(suite.baseline)
        self.trainers = trainers_for(
            self.baseline, suite.tasks, suite.primitives, len(suite.factors), suite.width
        )
        self._checks = [check for check in CHECKS if check.name in suite.checks]
        self._scale = lru_cache(maxsize=64)(self._measure_baseline)

    @property
    def compilations(self) -> int:
        """How many machines were compiled so far: one per task, whatever was evaluated."""
        return self.trainers.compilations

    def evaluate(
        self,
        program: Program,
        seeds: Sequence[int],
        rates: Mapping[str, float] | None = None,
        hurdles: Mapping[str, float] | None = None,
    ) -> Evaluation:
        """Judge a program on every task with every seed.

        On each task the rates around a middle one are tried, and the one that serves the program
        best over the seeds counts; the baseline has the same choice. Tasks run in the order of the
        suite; after one on which the program fails, the rest are not run and count as failed. A
        failed run scores -1.

        **Arguments:** `rates`: the middle rate by task, the program's own where it names none.
        `hurdles`: by task the score that the first look has to reach on some seed for training to
        go on.
        """
        program = canonical(program)
        refused = refused_by(program, self._checks)
        if refused:
            return Evaluation(refused.outcome, WORST)
        found: dict[str, Sequence[Measurement]] = {}
        before = after = 0
        outcome = Outcome.OK
        for name, trainer in self.trainers.by_task.items():
            scale = self._scale(name, tuple(seeds))
            tried = self._tried(program, (rates or {}).get(name))
            bar = None
            if hurdles and name in hurdles:
                bar = [loss_at(trainer.task, hurdles[name] * scale[0])]
            try:
                runs = trainer.run(program, seeds, tried, bar)
            except DoesNotFit:
                return Evaluation(Outcome.DOES_NOT_FIT, WORST)
            paid = _steps(trainer, [run for row in runs for run in row])
            before, after = before + paid[0], after + paid[1]
            judged = [
                [
                    _measurement(trainer.task, seed, rate, run, scale)
                    for seed, run in zip(seeds, row, strict=True)
                ]
                for rate, row in zip(tried or (None,), runs, strict=True)
            ]
            found[name] = _best(judged)
            outcome = _outcome(found[name])
            if outcome is not Outcome.OK:
                break
        scores = [_mean_score(found.get(name, ())) for name in self.trainers.by_task]
        measured = tuple(m for each in found.values() for m in each)
        return Evaluation(outcome, aggregate(scores), measured, (before, after))

    def _tried(self, program: Program, middle: float | None) -> tuple[float, ...] | None:
        """The rates around `middle`, nearest first; None for a program without a rate."""
        if "lr" not in program.hyperparameters:
            return None
        middle = program.hyperparameters["lr"] if middle is None else middle
        nearest = sorted(self.suite.factors, key=lambda factor: abs(math.log(factor)))
        return tuple(middle * factor for factor in nearest)

    def _measure_baseline(self, name: str, seeds: tuple[int, ...]) -> tuple[float, ...]:
        """Its mean progress at each look, at the rate that serves it best on these seeds."""
        trainer = self.trainers.by_task[name]
        runs = trainer.run(self.baseline, seeds, self._tried(self.baseline, self._own_rate(name)))
        outcomes = [[outcome_of(trainer.task, run) for run in row] for row in runs]
        sound = [row for row, ends in zip(runs, outcomes, strict=True) if set(ends) == {Outcome.OK}]
        if not sound:
            pairs = zip(seeds, outcomes[0], strict=True)
            seed, outcome = next(pair for pair in pairs if pair[1] is not Outcome.OK)
            raise ValueError(f"the baseline fails on {name} with seed {seed}: {outcome.sentence}")
        best = max(sound, key=lambda row: fmean(progress(trainer.task, run.loss) for run in row))
        return reference(trainer.task, [run.losses for run in best])

    def _own_rate(self, name: str) -> float | None:
        return dict(self.suite.rates).get(name)


def _measurement(
    task: Task, seed: int, rate: float | None, run: Trained, scale: Sequence[float]
) -> Measurement:
    outcome = outcome_of(task, run)
    first, loss, worth = run.losses[0], None, WORST
    early = score(task, run.losses[:1], scale[:1]) if math.isfinite(first) else None
    if outcome is Outcome.OK:
        loss, worth = run.loss, score(task, run.losses, scale)
    elif outcome is Outcome.TOO_GOOD:
        loss = run.loss
    elif outcome is Outcome.SCREENED and early is not None:
        worth = early
    return Measurement(task.name, seed, outcome, loss, worth, run.stopped, rate, early)


def _best(judged: Sequence[Sequence[Measurement]]) -> Sequence[Measurement]:
    """The rate that counts: one that is too good to be true, else the one with the best mean."""
    alarms = [row for row in judged if any(m.outcome.alarm for m in row)]
    return alarms[0] if alarms else max(judged, key=_mean_score)


def _mean_score(measured: Sequence[Measurement]) -> float:
    """The mean over seeds; of a task that was not run, the worst."""
    return fmean(WORST if m.score is None else m.score for m in measured) if measured else WORST


def _outcome(measured: Iterable[Measurement]) -> Outcome:
    """OK if some seed reached the horizon and none failed."""
    outcomes = [m.outcome for m in measured]
    failed = [each for each in outcomes if each not in (Outcome.OK, Outcome.SCREENED)]
    if failed:
        return failed[0]
    return Outcome.OK if Outcome.OK in outcomes else Outcome.SCREENED


def _steps(trainer: Trainer, runs: Sequence[Trained]) -> tuple[int, int]:
    """Training steps up to the first look and after it, over all runs, which go on together."""
    first = trainer.looks[0]
    ends = [first if run.hopeless else run.stopped or trainer.last for run in runs]
    length = max(ends)
    return len(runs) * min(length, first), len(runs) * max(length - first, 0)
