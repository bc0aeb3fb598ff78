"""The worker of a campaign: tunes and judges in one process."""

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

from evaluators.evaluation import Evaluation
from evaluators.evaluator import Evaluator
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.tuning.coordinates import Tuned, tune
from evaluators.tuning.sweep import sweep
from search.pool.jobs import CampaignJob, Evaluate, Sweep, Tune


class Evaluates(Protocol):
    """The part of an evaluator that a worker needs."""

    @property
    def compilations(self) -> int: ...

    def evaluate_batch(
        self, requests: Sequence[EvaluationRequest], seeds: tuple[int, ...]
    ) -> list[Evaluation]: ...


class CampaignWorker:
    """Tunes and judges; keeps the evaluator of its setup, and so the loops that it compiled."""

    def __init__(
        self,
        make_evaluator: Callable[[JudgingSetup], Evaluates] = Evaluator,
        tuner: Callable[..., Tuned] = tune,
        sweeper: Callable[..., dict[str, float]] = sweep,
    ):
        self._make = make_evaluator
        self._tune = tuner
        self._sweep = sweeper
        self._setup: JudgingSetup | None = None
        self._evaluator: Evaluates | None = None

    @property
    def compilations(self) -> int:
        """Training loops compiled for the present setup."""
        return self._evaluator.compilations if self._evaluator else 0

    def run(self, jobs: Sequence[CampaignJob]) -> list[Tuned | dict[str, float] | Evaluation]:
        """Do jobs; those that judge by one setup on the same seeds in one go."""
        values: list[Tuned | dict[str, float] | Evaluation] = []
        for shared, group in itertools.groupby(jobs, _setup_and_seeds):
            if shared is None:
                values += [self._alone(job) for job in group]
            else:
                setup, seeds = shared
                requests = [job.request for job in group if isinstance(job, Evaluate)]
                values += self._evaluator_of(setup).evaluate_batch(requests, seeds)
        return values

    def _alone(self, job: CampaignJob) -> Tuned | dict[str, float]:
        if isinstance(job, Sweep):
            return self._sweep(job.program, job.tasks, job.seeds, job.primitives, job.shape)
        assert isinstance(job, Tune)
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
        if self._evaluator is None or setup != self._setup:
            self._evaluator, self._setup = self._make(setup), setup
        return self._evaluator


def _setup_and_seeds(job: CampaignJob) -> tuple[JudgingSetup, tuple[int, ...]] | None:
    """Jobs that agree in this are done together; None for one that is done alone."""
    return (job.setup, job.seeds) if isinstance(job, Evaluate) else None
