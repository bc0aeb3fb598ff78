"""The worker of a campaign: tunes and judges in one process."""

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from evaluators.evaluation import Evaluation
from evaluators.evaluator import Evaluator
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.tuning.coordinates import Tuned, tune
from evaluators.tuning.shared import SharedTuned, tune_shared
from evaluators.tuning.sweep import sweep
from search.pool.jobs import CampaignJob, Evaluate, GridTune, Sweep, Tune, TuneAndJudge

Value: TypeAlias = Tuned | SharedTuned | dict[str, float] | Evaluation | tuple[Tuned, Evaluation]
"""The result of a job."""


class Evaluates(Protocol):
    """The part of an evaluator that a worker needs."""

    @property
    def compilations(self) -> int: ...

    def evaluate_batch(
        self, requests: Sequence[EvaluationRequest], seeds: tuple[int, ...]
    ) -> list[Evaluation]: ...


class CampaignWorker:
    """Tunes and judges; keeps the evaluator of every setup that it meets, of which a campaign has a
    few, and so the loops that it compiled."""

    def __init__(
        self,
        make_evaluator: Callable[[JudgingSetup], Evaluates] = Evaluator,
        tuner: Callable[..., Tuned] = tune,
        sweeper: Callable[..., dict[str, float]] = sweep,
        grid_tuner: Callable[..., SharedTuned] = tune_shared,
    ):
        self._make = make_evaluator
        self._tune = tuner
        self._sweep = sweeper
        self._tune_on_grid = grid_tuner
        self._evaluators: list[tuple[JudgingSetup, Evaluates]] = []

    @property
    def compilations(self) -> int:
        """Training loops compiled to judge by."""
        return sum(evaluator.compilations for _, evaluator in self._evaluators)

    def run(self, jobs: Sequence[CampaignJob]) -> list[Value]:
        """Do jobs; those that judge by one setup on the same seeds in one go."""
        values: list[Value] = []
        for shared, group in itertools.groupby(jobs, _setup_and_seeds):
            if shared is None:
                values += [self._alone(job) for job in group]
            else:
                setup, seeds = shared
                requests = [job.request for job in group if isinstance(job, Evaluate)]
                values += self._evaluator_of(setup).evaluate_batch(requests, seeds)
        return values

    def _alone(self, job: CampaignJob) -> Value:
        if isinstance(job, Sweep):
            return self._sweep(job.program, job.tasks, job.seeds, job.primitives, job.shape)
        if isinstance(job, GridTune):
            return self._tune_on_grid(job.program, job.tasks, job.seeds, job.primitives, job.shape)
        if isinstance(job, TuneAndJudge):
            tuned = self._tuned(job.tune)
            request = EvaluationRequest(tuned.program, tuned.rates)
            return tuned, self._evaluator_of(job.setup).evaluate_batch([request], job.seeds)[0]
        assert isinstance(job, Tune)
        return self._tuned(job)

    def _tuned(self, job: Tune) -> Tuned:
        return self._tune(
            program=job.program,
            tasks=job.tasks,
            seeds=job.seeds,
            evaluations=job.evaluations,
            primitives=job.primitives,
            factors=job.factors,
            shape=job.shape,
        )

    def _evaluator_of(self, setup: JudgingSetup) -> Evaluates:
        for known, evaluator in self._evaluators:
            if known == setup:
                return evaluator
        evaluator = self._make(setup)
        self._evaluators.append((setup, evaluator))
        return evaluator


def _setup_and_seeds(job: CampaignJob) -> tuple[JudgingSetup, tuple[int, ...]] | None:
    """Jobs that agree in this are done together; None for one that is done alone."""
    return (job.setup, job.seeds) if isinstance(job, Evaluate) else None
