"""Judging programs: every task, some seeds, one score against the tuned baseline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from statistics import fmean
from typing import NamedTuple

from dsl import canonical
from dsl.program import Program
from evaluators.checks import CHECKS, refused_by
from evaluators.cost import steps_at_price
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.score import WORST, aggregate, loss_at, reference, score
from evaluators.suites import TaskChoice
from evaluators.task import Task
from evaluators.training.batches import BatchShape, TrainingRequest
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trained, Trainer, Unfit
from evaluators.training.trainers import trainers_for


@dataclass(frozen=True)
class JudgingSetup:
    """Everything that decides a judgement besides program and seeds: plain data, the same in every
    worker.

    `baseline` is the tuned rule that scores 1, its constants as defaults, and `rates` its rate by
    task (its default where none is named). `factors` are the multiples of a rate that are tried on
    every task, for programs and baseline alike. `primitives` are those that programs may use; those
    a search draws by default if empty. `checks` names the free checks to make.
    `width` is the number of seeds side by side and `batch` that of programs in one call; they
    change no result.
    """

    tasks: tuple[TaskChoice, ...]
    baseline: Program
    primitives: tuple[str, ...] = ()
    factors: tuple[float, ...] = (1.0,)
    rates: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = tuple(check.name for check in CHECKS)
    width: int = 2
    batch: int = 1


class Trial(NamedTuple):
    """Other numbers for a program: `settings` are programs that differ in their numbers alone.

    What is judged is the best of them and the program itself by the score on the first `tasks`
    tasks with `seeds`, which are not those that it is judged on. They are not tried for a program
    that itself misses there the hurdle after so many tasks.
    """

    settings: tuple[Program, ...]
    seeds: tuple[int, ...]
    tasks: int


@dataclass(frozen=True)
class EvaluationRequest:
    """A program to judge, or of the settings of a `trial` the best.

    `rates` is the middle of the rates to try by task, the program's own where none is named;
    `early` the score by task below which a run ends at its first checkpoint and counts with the
    score that it has there; `hurdles`, by a number of tasks, the least mean score on these for the
    rest to be run.
    """

    program: Program
    rates: Mapping[str, float] = field(default_factory=dict)
    early: Mapping[str, float] = field(default_factory=dict)
    hurdles: Mapping[int, float] = field(default_factory=dict)
    trial: Trial | None = None


class Evaluator:
    """Judges programs by a setup; equal programs on equal seeds get equal evaluations.

    A program that does not pass the setup's free checks is not trained.
    """

    def __init__(self, setup: JudgingSetup):
        self.setup = setup
        self.baseline = setup.baseline
        shape = BatchShape(seeds=setup.width, rates=len(setup.factors), programs=setup.batch)
        self.trainers = trainers_for(self.baseline, setup.tasks, setup.primitives, shape)
        self._checks = [check for check in CHECKS if check.name in setup.checks]
        self._scale = lru_cache(maxsize=64)(self._measure_baseline)

    @property
    def compilations(self) -> int:
        """The number of machines compiled so far: one per task, whatever was evaluated."""
        return self.trainers.compilations

    def evaluate(
        self,
        program: Program,
        seeds: Sequence[int],
        rates: Mapping[str, float] | None = None,
        early: Mapping[str, float] | None = None,
        hurdles: Mapping[int, float] | None = None,
    ) -> Evaluation:
        """Judge one program; see `evaluate_batch`."""
        request = EvaluationRequest(program, rates or {}, early or {}, hurdles or {})
        return self.evaluate_batch([request], seeds)[0]

    def evaluate_batch(
        self, requests: Sequence[EvaluationRequest], seeds: Sequence[int]
    ) -> list[Evaluation]:
        """Judge programs on every task with every seed; each as if it were alone.

        On each task the rates around a middle one are tried, and the one that serves a program
        best over the seeds counts; the baseline has the same choice. A program whose oracles take
        more gradients gets so many steps less, and is compared after the same part of its steps.
        Tasks run in the order of the setup; after one on which a program fails, or a hurdle that it
        does not pass, the rest are not run and count as failed. A failed run scores -1.
        """
        tasks = list(self.trainers.by_task)
        judged = [self._checked(request) for request in requests]
        for each in judged:
            self._settle(each)
        self._train(judged, seeds, tasks)
        return [each.evaluation(tasks) for each in judged]

    def _checked(self, request: EvaluationRequest) -> "_Judged":
        """A program that has passed the free checks, or not."""
        judged = _Judged(canonical(request.program), request)
        refused = refused_by(judged.program, self._checks)
        judged.outcome = refused.outcome if refused else Outcome.OK
        return judged

    def _settle(self, judged: "_Judged") -> None:
        """Give a program the numbers of the best setting of its trial, if it has one."""
        trial = judged.request.trial
        if trial is None or judged.outcome is not Outcome.OK:
            return
        tasks = list(self.trainers.by_task)[: trial.tasks]
        programs = (judged.request.program, *trial.settings)
        plain = EvaluationRequest(judged.request.program, judged.request.rates)
        rivals = [self._checked(replace(plain, program=program)) for program in programs]
        self._train(rivals[:1], trial.seeds, tasks)
        hurdle = judged.request.hurdles.get(len(tasks))
        if hurdle is None or rivals[0].mean() >= hurdle:
            self._train(rivals[1:], trial.seeds, tasks)
        worth = [rival.worth(tasks) for rival in rivals]
        judged.setting = worth.index(max(worth))
        judged.program = rivals[judged.setting].program
        for rival in rivals:
            judged.pay(*rival.steps)

    def _train(
        self, judged: Sequence["_Judged"], seeds: Sequence[int], tasks: Sequence[str]
    ) -> None:
        """Train on tasks in order, each program until it fails."""
        for name in tasks:
            trainer = self.trainers.by_task[name]
            going = [each for each in judged if each.outcome is Outcome.OK]
            asked = [self._training(each, name, seeds) for each in going]
            for each, request, runs in zip(going, asked, trainer.run_batch(asked), strict=True):
                if isinstance(runs, Unfit):
                    each.outcome = Outcome.DOES_NOT_FIT
                else:
                    each.learn(trainer, request, runs, self._scale(name, tuple(seeds)))

    def _training(self, judged: "_Judged", name: str, seeds: Sequence[int]) -> TrainingRequest:
        threshold = judged.request.early.get(name)
        losses = None
        if threshold is not None:
            task, scale = self.trainers.by_task[name].task, self._scale(name, tuple(seeds))
            losses = [loss_at(task, threshold * scale[0])]
        tried = self._tried(judged.program, judged.request.rates.get(name))
        trainer = self.trainers.by_task[name]
        steps = steps_at_price(judged.program, trainer.task, trainer.steps)
        return TrainingRequest(judged.program, seeds, tried, losses, steps)

    def _tried(self, program: Program, middle: float | None) -> tuple[float, ...] | None:
        """The rates around `middle`, nearest first; None for a program without a rate."""
        if "lr" not in program.hyperparameters:
            return None
        middle = program.hyperparameters["lr"] if middle is None else middle
        nearest = sorted(self.setup.factors, key=lambda factor: abs(math.log(factor)))
        return tuple(middle * factor for factor in nearest)

    def _measure_baseline(self, name: str, seeds: tuple[int, ...]) -> tuple[float, ...]:
        """The baseline's mean progress at each checkpoint, at the rate that serves it best on these
        seeds: the one by whose scale no other rate scores higher, as far as there is one."""
        trainer = self.trainers.by_task[name]
        own_rate = self.setup.rates.get(name)
        runs = trainer.run(self.baseline, seeds, self._tried(self.baseline, own_rate))
        outcomes = [[outcome_of(trainer.task, run) for run in row] for row in runs]
        sound = [row for row, ends in zip(runs, outcomes, strict=True) if set(ends) == {Outcome.OK}]
        if not sound:
            pairs = zip(seeds, outcomes[0], strict=True)
            seed, outcome = next(pair for pair in pairs if pair[1] is not Outcome.OK)
            raise ValueError(f"the baseline fails on {name} with seed {seed}: {outcome.sentence}")
        scales = [reference(trainer.task, _losses(row)) for row in sound]
        return min(scales, key=lambda scale: _highest_score(trainer.task, sound, scale))


@dataclass
class _Judged:
    """A program with everything learned about it so far."""

    program: Program
    request: EvaluationRequest
    outcome: Outcome = Outcome.OK
    found: dict[str, Sequence[Measurement]] = field(default_factory=dict)
    steps: tuple[int, int] = (0, 0)
    setting: int = 0

    def pay(self, before: int, after: int) -> None:
        """Count training steps before and after the first checkpoint."""
        self.steps = (self.steps[0] + before, self.steps[1] + after)

    def learn(
        self,
        trainer: Trainer,
        request: TrainingRequest,
        runs: Sequence[Sequence[Trained]],
        scale: Sequence[float],
    ) -> None:
        """Take in its runs [rate][seed] on a task."""
        stages = trainer.length(request).stages
        self.pay(*_steps(stages[0], stages[-1], [run for row in runs for run in row]))
        measured = [
            [
                _measurement(trainer.task, seed, rate, run, scale)
                for seed, run in zip(request.seeds, row, strict=True)
            ]
            for rate, row in zip(request.rates or (None,), runs, strict=True)
        ]
        best = _best(measured)
        self.found[trainer.task.name] = best
        self.outcome = _outcome(best)
        hurdle = self.request.hurdles.get(len(self.found))
        if self.outcome is Outcome.OK and hurdle is not None and self.mean() < hurdle:
            self.outcome = Outcome.SCREENED

    def mean(self) -> float:
        """The mean score on the tasks so far, the worst if it failed on one."""
        return fmean(map(_mean_score, self.found.values())) if self.outcome is Outcome.OK else WORST

    def worth(self, tasks: Sequence[str]) -> float:
        """The score for some tasks together; those that were not run count as failed."""
        return aggregate([_mean_score(self.found.get(name, ())) for name in tasks])

    def evaluation(self, tasks: Sequence[str]) -> Evaluation:
        """The judgement."""
        if self.outcome is Outcome.DOES_NOT_FIT or not self.found:
            return Evaluation(self.outcome, WORST)
        measured = tuple(each for rows in self.found.values() for each in rows)
        return Evaluation(self.outcome, self.worth(tasks), measured, self.steps, self.setting)


def _losses(runs: Sequence[Trained]) -> list[tuple[float, ...]]:
    return [run.losses for run in runs]


def _highest_score(task: Task, runs: Sequence[Sequence[Trained]], scale: Sequence[float]) -> float:
    """The best mean score of any rate by a scale."""
    return max(fmean(score(task, losses, scale) for losses in _losses(row)) for row in runs)


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
    return Measurement(
        task=task.name,
        seed=seed,
        outcome=outcome,
        loss=loss,
        score=worth,
        step=run.stopped,
        rate=rate,
        early=early,
    )


def _best(measured: Sequence[Sequence[Measurement]]) -> Sequence[Measurement]:
    """The rate that counts: one that is too good to be true, else the one with the best mean."""
    alarms = [row for row in measured if any(m.outcome.alarm for m in row)]
    return alarms[0] if alarms else max(measured, key=_mean_score)


def _mean_score(measured: Sequence[Measurement]) -> float:
    """The mean over seeds; of a task that was not run, the worst."""
    return fmean(WORST if m.score is None else m.score for m in measured) if measured else WORST


def _outcome(measured: Iterable[Measurement]) -> Outcome:
    """OK if no seed failed; a run that ended early is no failure."""
    sound = (Outcome.OK, Outcome.SCREENED)
    return next((m.outcome for m in measured if m.outcome not in sound), Outcome.OK)


def _steps(first: int, last: int, runs: Sequence[Trained]) -> tuple[int, int]:
    """Training steps up to the `first` checkpoint and after it, over all runs, which go on together
    to the `last` step."""
    ends = [first if run.pruned else run.stopped or last for run in runs]
    length = max(ends)
    return len(runs) * min(length, first), len(runs) * max(length - first, 0)
