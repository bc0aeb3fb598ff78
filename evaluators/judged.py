"""A program that is being judged: its measurements so far, its outcome, what it has cost."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from dsl.program import Program
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.request import EvaluationRequest
from evaluators.score import WORST, aggregate, score
from evaluators.task import Task
from evaluators.training.batches import TrainingRequest
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trained, Trainer


@dataclass
class JudgedProgram:
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
