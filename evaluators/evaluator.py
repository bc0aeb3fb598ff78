"""Judging programs: every task, some seeds, one score against the tuned baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dsl import canonical, parse
from dsl.machine import DoesNotFit
from dsl.program import Program
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.free import refused_by
from evaluators.outcomes import outcome_of
from evaluators.registry import get
from evaluators.score import WORST, score
from evaluators.train import Trained, Trainer, searchable


@dataclass(frozen=True)
class TaskChoice:
    """A task by name, and how many steps a program trains on it."""

    name: str
    steps: int


@dataclass(frozen=True)
class Suite:
    """What programs are judged on: plain data, the same in every worker.

    `baseline` is the text of the tuned rule that scores 1, its constants as defaults. `primitives`
    are those that programs may use; those a search draws by default if empty.
    """

    tasks: tuple[TaskChoice, ...]
    baseline: str
    primitives: tuple[str, ...] = ()


class Trainers:
    """The training loops of a set of tasks, each compiled when first used."""

    def __init__(self, tasks: Sequence[TaskChoice], primitives: Sequence[str]):
        self.by_task = {
            choice.name: Trainer(get(choice.name), choice.steps, primitives) for choice in tasks
        }

    @property
    def compilations(self) -> int:
        """How many loops were compiled so far: one per task, whatever runs."""
        return sum(trainer.compilations for trainer in self.by_task.values())


def trainers_for(
    rule: Program, tasks: Sequence[TaskChoice], primitives: Sequence[str] = ()
) -> Trainers:
    """Loops that carry what `rule` applies and `primitives` (those a search draws if empty).

    The same ones for the same arguments in a process, so that tuning a baseline and judging by it
    compile once.
    """
    used = {statement.op for statement in rule.statements}
    return _trainers(tuple(tasks), tuple(sorted(used | set(primitives or searchable()))))


@lru_cache(maxsize=4)
def _trainers(tasks: tuple[TaskChoice, ...], primitives: tuple[str, ...]) -> Trainers:
    return Trainers(tasks, primitives)


class Evaluator:
    """Judges programs by a suite; equal programs on equal seeds get equal evaluations."""

    def __init__(self, suite: Suite):
        self.suite = suite
        self.baseline = parse(suite.baseline)
        self.trainers = trainers_for(self.baseline, suite.tasks, suite.primitives)
        self._baseline_losses = lru_cache(maxsize=64)(self._measure_baseline)

    @property
    def compilations(self) -> int:
        """How many machines were compiled so far: one per task, whatever was evaluated."""
        return self.trainers.compilations

    def evaluate(self, program: Program, seeds: Sequence[int]) -> Evaluation:
        """Judge a program on every task with every seed.

        Tasks run in the order of the suite; after one on which the program fails, the rest are not
        run and count as failed. A failed run scores -1.
        """
        program = canonical(program)
        refused = refused_by(program)
        if refused:
            return Evaluation(refused.outcome, WORST)
        measurements: list[Measurement] = []
        for name, trainer in self.trainers.by_task.items():
            try:
                (runs,) = trainer.run(program, seeds)
            except DoesNotFit:
                return Evaluation(Outcome.DOES_NOT_FIT, WORST)
            baseline = self._baseline_losses(name, tuple(seeds))
            measurements += [
                self._measurement(name, seed, run, baseline)
                for seed, run in zip(seeds, runs, strict=True)
            ]
            failed = [m.outcome for m in measurements if m.outcome is not Outcome.OK]
            if failed:
                return self._evaluation(failed[0], measurements, len(seeds))
        return self._evaluation(Outcome.OK, measurements, len(seeds))

    def _measurement(
        self, name: str, seed: int, run: Trained, baseline: tuple[float, ...]
    ) -> Measurement:
        task = self.trainers.by_task[name].task
        outcome = outcome_of(task, run)
        if outcome is not Outcome.OK:
            loss = run.loss if outcome is Outcome.TOO_GOOD else None
            return Measurement(name, seed, outcome, loss, WORST, run.stopped)
        return Measurement(name, seed, outcome, run.loss, score(task, run.loss, baseline))

    def _evaluation(
        self, outcome: Outcome, measurements: list[Measurement], seeds: int
    ) -> Evaluation:
        runs = len(self.trainers.by_task) * seeds
        scores = [m.score for m in measurements if m.score is not None]
        total = sum(scores) + WORST * (runs - len(scores))
        return Evaluation(outcome, total / runs, tuple(measurements))

    def _measure_baseline(self, name: str, seeds: tuple[int, ...]) -> tuple[float, ...]:
        (runs,) = self.trainers.by_task[name].run(self.baseline, seeds)
        for seed, run in zip(seeds, runs, strict=True):
            outcome = outcome_of(self.trainers.by_task[name].task, run)
            if outcome is not Outcome.OK:
                raise ValueError(
                    f"the baseline fails on {name} with seed {seed}: {outcome.sentence}"
                )
        return tuple(run.loss for run in runs)
