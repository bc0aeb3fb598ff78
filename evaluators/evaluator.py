"""Judging programs: every task, some seeds, one score against the tuned baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import fmean

from dsl import canonical
from dsl.program import Program
from evaluators.checks import CHECKS, refused_by
from evaluators.cost import steps_at_price
from evaluators.evaluation import Evaluation, Outcome
from evaluators.judged import JudgedProgram
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.score import loss_at, reference, score
from evaluators.task import Task
from evaluators.training.batches import BatchShape, TrainingRequest
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trained, Unfit
from evaluators.training.trainers import trainers_for


class BaselineFails(ValueError):
    """The rule that scores 1 has no sound run on a task, whatever the rate."""

    def __init__(self, task: str, seed: int, outcome: Outcome):
        super().__init__(f"the baseline fails on {task} with seed {seed}: {outcome.sentence}")
        self.outcome = outcome


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
        more gradients gets fewer steps in proportion, and is compared after the same part of them.
        Tasks run in the order of the setup; after one on which a program fails, or a hurdle that it
        does not pass, the rest are not run and count as failed. A failed run scores -1.
        """
        tasks = list(self.trainers.by_task)
        judged = [self._checked(request) for request in requests]
        for each in judged:
            self._settle(each)
        self._train(judged, seeds, tasks)
        return [each.evaluation(tasks) for each in judged]

    def _checked(self, request: EvaluationRequest) -> JudgedProgram:
        """A program that has passed the free checks, or not."""
        judged = JudgedProgram(canonical(request.program), request)
        refused = refused_by(judged.program, self._checks)
        judged.outcome = refused.outcome if refused else Outcome.OK
        return judged

    def _settle(self, judged: JudgedProgram) -> None:
        """Give a program the numbers of the best setting of its trial, if it has one."""
        trial = judged.request.trial
        if trial is None or judged.outcome is not Outcome.OK:
            return
        tasks = list(self.trainers.by_task)[: trial.tasks]
        plain = EvaluationRequest(judged.request.program, judged.request.rates)
        rivals = [JudgedProgram(judged.program, plain)]
        self._train(rivals, trial.seeds, tasks)
        hurdle = judged.request.hurdles.get(len(tasks))
        if hurdle is None or rivals[0].mean() >= hurdle:
            others = [self._checked(replace(plain, program=each)) for each in trial.settings]
            self._train(others, trial.seeds, tasks)
            rivals += others
        worth = [rival.worth(tasks) for rival in rivals]
        judged.setting = worth.index(max(worth))
        judged.program = rivals[judged.setting].program
        for rival in rivals:
            judged.pay(*rival.steps)

    def _train(
        self, judged: Sequence[JudgedProgram], seeds: Sequence[int], tasks: Sequence[str]
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

    def _training(self, judged: JudgedProgram, name: str, seeds: Sequence[int]) -> TrainingRequest:
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
            raise BaselineFails(name, seed, outcome)
        scales = [reference(trainer.task, _losses(row)) for row in sound]
        return min(scales, key=lambda scale: _highest_score(trainer.task, sound, scale))


def _losses(runs: Sequence[Trained]) -> list[tuple[float, ...]]:
    return [run.losses for run in runs]


def _highest_score(task: Task, runs: Sequence[Sequence[Trained]], scale: Sequence[float]) -> float:
    """The best mean score of any rate by a scale."""
    return max(fmean(score(task, losses, scale) for losses in _losses(row)) for row in runs)
