"""One task of a comparison: rules are tuned on it, run on fresh seeds, and timed side by side."""

import math
import time
from collections.abc import Sequence
from dataclasses import astuple
from functools import lru_cache
from itertools import groupby
from typing import Any

from dsl import canonical, canonical_hash
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.rewrite.lower import spelled_out
from dsl.zoo import ZOO
from evaluators.comparison.entrants import BASELINES
from evaluators.comparison.key import Key
from evaluators.comparison.objective import Gains, ScaleSearch, ScoreSearch, TuningResult
from evaluators.comparison.results import SCALE, Runs, TaskSetup
from evaluators.evaluation import Outcome
from evaluators.files.result_cache import ResultCache, environment
from evaluators.score import progress
from evaluators.task import Task
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trained, Trainer
from evaluators.tuning import grid
from evaluators.tuning.grid import GridTuned, Point

WIDTH = 5
"""Seeds that run side by side: those of a tuning, or half of ten fresh ones."""

TIMINGS = 3


@lru_cache(maxsize=256)
def carried(rule: Program) -> tuple[str, ...]:
    """Primitives of the machine that a rule is trained with: those of all baselines, or its own if
    it applies another one.

    So one machine serves the baselines and most rules, and no rule's numbers depend on what it is
    compared with.
    """
    common = set[str]().union(*(_primitives(ZOO[name]) for name in BASELINES))
    own = _primitives(rule)
    return tuple(name for name in PRIMITIVES if name in (common if own <= common else own))


@lru_cache(maxsize=256)
def _primitives(rule: Program) -> set[str]:
    return {statement.op for statement in spelled_out(canonical(rule)).statements}


class TaskRunner:
    """Trains rules on one task; a loop is compiled when first used.

    **Arguments:** `tuning`, `fresh`: seeds to tune on, and seeds to run the tuned rule on.
    """

    def __init__(
        self,
        task: Task,
        setup: TaskSetup,
        tuning: Sequence[int],
        fresh: Sequence[int],
        cache: ResultCache,
    ):
        self.task = task
        self.setup = setup
        self.tuning_seeds = tuple(tuning)
        self.fresh = tuple(fresh)
        self.cache = cache
        self._examples = task.checksum()
        self._environment = environment()
        self._tunings: dict[Key, TuningResult] = {}
        self.compilations = 0

    def runs(self, rule: Program) -> Runs:
        """The runs of the rule, tuned here, on the fresh seeds; tuning and runs are kept as soon as
        they are done, and not done again. The scale is tuned before any other rule."""
        tuning = self.tuning(rule)
        key = self._runs_key(rule, tuning)
        found = self.cache.get(key, Runs.from_json)
        if found is None:
            found = self._fresh_runs(rule, tuning)
            self.cache.put(key, found.to_json())
        return found

    def tuning(self, rule: Program) -> TuningResult:
        """The rule's best point."""
        key = self._tuning_key(rule, None if is_scale(rule) else self._scale().reference)
        found = self._kept_tuning(key)
        if found is None:
            found = self._tune(rule)
            self.cache.put(key, found.to_json())
            self._tunings[key] = found
        return found

    def kept(self, rule: Program) -> bool:
        """True if the runs of a rule are kept, so that nothing would be trained for them."""
        reference = None
        if not is_scale(rule):
            scale = self._kept_tuning(self._tuning_key(ZOO[SCALE], None))
            if scale is None:
                return False
            reference = scale.reference
        tuning = self._kept_tuning(self._tuning_key(rule, reference))
        return tuning is not None and self.cache.holds(self._runs_key(rule, tuning))

    def seconds(self, rules: Sequence[Program], runs: Sequence[Runs]) -> list[float]:
        """Wall time of one training step of each tuned rule, the least of several measurements
        taken in turns; NaN for a rule that fails. The engine is the one that trains it, so the
        times are good for ratios, on this task and this computer."""
        tuned = [_at(rule, run.tuned) for rule, run in zip(rules, runs, strict=True)]
        found = [math.inf] * len(tuned)
        for _ in range(TIMINGS):
            for at, program in enumerate(tuned):
                found[at] = min(self._seconds(program), found[at])
        return found

    def _seconds(self, program: Program) -> float:
        """Of a step of one of the runs that go side by side; NaN if one of them fails."""
        while True:
            compiled = self.compilations
            start = time.perf_counter()
            trained = self._train(program, self.fresh[:WIDTH])[0]
            taken = time.perf_counter() - start
            if self.compilations == compiled:
                break
        fine = all(outcome_of(self.task, run) is Outcome.OK for run in trained)
        return taken / (self.setup.steps * WIDTH) if fine else math.nan

    def _tune(self, rule: Program) -> TuningResult:
        if is_scale(rule):
            search = ScaleSearch(rule, len(self.setup.horizons), self.setup.least)
        else:
            search = ScoreSearch(rule, self._scale().reference)
        while points := search.ask():
            search.tell(self._gains_at(rule, points))
        return search.result

    def _gains_at(self, rule: Program, points: Sequence[Point]) -> list[Gains]:
        """The gains of a rule at points of its grid; those of one decay train side by side."""
        found: list[Gains] = []
        for decay, row in groupby(points, key=lambda point: point.decay):
            program = rule if decay is None else rule.with_hyperparameters(wd=decay)
            rates = [point.rate for point in row if point.rate is not None] or None
            found += map(self._gains, self._train(program, self.tuning_seeds, rates))
        return found

    def _fresh_runs(self, rule: Program, tuning: TuningResult) -> Runs:
        trained = self._train(_at(rule, tuning.tuned), self.fresh)[0]
        losses = tuple(
            run.losses if self._fine(run) else (*run.losses[:-1], math.nan) for run in trained
        )
        return Runs(tuning.tuned, losses, self._gains(trained))

    def _gains(self, runs: Sequence[Trained]) -> tuple[tuple[float, ...], ...]:
        """Progress at the horizons, [seeds][horizons]; NaN for a run that failed."""
        places = [self.setup.checkpoints.index(step) for step in self.setup.horizons]
        return tuple(
            tuple(
                progress(self.task, run.losses[at]) if self._fine(run) else math.nan
                for at in places
            )
            for run in runs
        )

    def _fine(self, run: Trained) -> bool:
        return outcome_of(self.task, run) is Outcome.OK

    def _train(
        self, program: Program, seeds: Sequence[int], rates: Sequence[float] | None = None
    ) -> list[list[Trained]]:
        trainer = _trainer(self.task, self.setup, carried(program))
        before = trainer.compilations + trainer.programs_compiled
        runs = trainer.run(canonical(program), seeds, rates)
        self.compilations += trainer.compilations + trainer.programs_compiled - before
        return runs

    def _scale(self) -> TuningResult:
        return self.tuning(ZOO[SCALE])

    def _kept_tuning(self, key: Key) -> TuningResult | None:
        """The tuning known in this process or kept from an earlier one."""
        if key not in self._tunings:
            found = self.cache.get(key, TuningResult.from_json)
            if found is None:
                return None
            self._tunings[key] = found
        return self._tunings[key]

    def _tuning_key(self, rule: Program, reference: tuple[float, ...] | None) -> Key:
        return self._key("tuning", rule, self.tuning_seeds, grid.GRID, reference or ())

    def _runs_key(self, rule: Program, tuning: TuningResult) -> Key:
        """The key of the runs; the tuning is in it, since it is part of the runs."""
        at = (*astuple(tuning.tuned), tuning.reference)
        return self._key("runs", _at(rule, tuning.tuned), self.fresh, at)

    def _key(
        self,
        what: str,
        rule: Program,
        seeds: tuple[int, ...],
        grid: tuple[Any, ...],
        reference: tuple[float, ...] = (),
    ) -> Key:
        return Key(
            what=what,
            rule=canonical_hash(rule),
            primitives=carried(rule),
            width=WIDTH,
            setup=self.setup,
            examples=self._examples,
            seeds=seeds,
            grid=grid,
            reference=reference,
            environment=self._environment,
        )


def is_scale(rule: Program) -> bool:
    """True for the rule that all others are tuned against."""
    return canonical_hash(rule) == canonical_hash(ZOO[SCALE])


def _at(rule: Program, tuned: GridTuned) -> Program:
    return rule.with_hyperparameters(**tuned.constants)


@lru_cache(maxsize=2)
def _trainer(task: Task, setup: TaskSetup, primitives: tuple[str, ...]) -> Trainer:
    """The trainer of a task; that of the baselines and one more are alive at a time."""
    return Trainer(task, setup.steps, primitives, WIDTH, checkpoints=setup.checkpoints)
