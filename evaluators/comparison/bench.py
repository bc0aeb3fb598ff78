"""One task of a comparison: rules tuned on it, run on fresh seeds, and timed side by side."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from dsl import canonical, canonical_hash
from dsl.lower import spelled_out
from dsl.program import Program
from dsl.registry import PRIMITIVES
from dsl.zoo import ZOO
from evaluators.comparison import grid_search
from evaluators.comparison.cache import RunCache
from evaluators.comparison.grid_search import Measure, grid_tune
from evaluators.comparison.results import Ground, Runs
from evaluators.evaluation import Outcome
from evaluators.outcomes import outcome_of
from evaluators.score import WORST, progress
from evaluators.task import Task
from evaluators.train import Trained, Trainer

BASELINES = (
    "heavy_ball",
    "adamw",
    "nadamw",
    "lion",
    "adan",
    "adabelief",
    "sophia_h",
    "adahessian",
)
"""What a rule is compared with; `heavy_ball` is SGD with momentum."""

_TIMINGS = 3
_WIDTH = 2
"""Seeds that run side by side."""


def carried(rule: Program) -> tuple[str, ...]:
    """Primitives of the machine that a rule is trained with: those of all baselines, or its own if
    it has another one.

    So one machine serves the baselines and most rules, and no rule's numbers depend on what it is
    compared with.
    """
    common = set[str]().union(*(_primitives(ZOO[name]) for name in BASELINES))
    own = _primitives(rule)
    return tuple(name for name in PRIMITIVES if name in (common if own <= common else own))


def _primitives(rule: Program) -> set[str]:
    return {statement.op for statement in spelled_out(canonical(rule)).statements}


class Bench:
    """Trains rules on one task; a loop is compiled when first used.

    **Arguments:** `tuning`, `fresh`: seeds to tune on, and seeds to run the tuned rule on.
    """

    def __init__(
        self,
        task: Task,
        ground: Ground,
        tuning: Sequence[int],
        fresh: Sequence[int],
        kept: RunCache,
    ):
        self.task = task
        self.ground = ground
        self.tuning = tuple(tuning)
        self.fresh = tuple(fresh)
        self.kept = kept

    def runs(self, rule: Program) -> Runs:
        """The rule tuned here and run on the fresh seeds, or as kept from an earlier time."""
        key = self._key(rule)
        found = _read(self.kept.get(key))
        if found is None:
            found = self._measured(rule)
            self.kept.put(key, found.to_json())
        return found

    def seconds(self, rules: Sequence[Program], runs: Sequence[Runs]) -> list[float]:
        """Wall time of one training step of each tuned rule, the least of several measurements
        taken in turns; NaN for a rule that fails. The engine is the one that trains it, so the
        times are good for ratios, on this task and this computer."""
        tuned = [
            rule.with_hyperparameters(**run.tuned.constants)
            for rule, run in zip(rules, runs, strict=True)
        ]
        found = [math.inf] * len(tuned)
        for turn in range(_TIMINGS + 1):  # the first one may compile
            for at, program in enumerate(tuned):
                trainer = self._trainer(program)
                start = time.perf_counter()
                trained = trainer.run(canonical(program), self.fresh[:_WIDTH])[0]
                taken = (time.perf_counter() - start) / (self.ground.steps * len(trained))
                if any(outcome_of(self.task, run) is not Outcome.OK for run in trained):
                    found[at] = math.nan
                elif turn:
                    found[at] = min(found[at], taken)
        return found

    def _measured(self, rule: Program) -> Runs:
        tuned = grid_tune(rule, self._measure(rule))
        trained = self._train(rule.with_hyperparameters(**tuned.constants), self.fresh)[0]
        fine = [outcome_of(self.task, run) is Outcome.OK for run in trained]
        losses = tuple(
            run.losses if ok else (*run.losses[:-1], math.nan)
            for run, ok in zip(trained, fine, strict=True)
        )
        gains = tuple(
            tuple(self._gain(run, step) if ok else math.nan for step in self.ground.horizons)
            for run, ok in zip(trained, fine, strict=True)
        )
        return Runs(tuned, losses, gains)

    def _measure(self, rule: Program) -> Measure:
        """Mean progress at the horizon over the tuning seeds, by rate.

        A failed run counts as going back by as much as one gains.
        """

        def measure(decay: float | None, rates: Sequence[float | None]) -> list[float]:
            program = rule if decay is None else rule.with_hyperparameters(wd=decay)
            given = [rate for rate in rates if rate is not None] or None
            values = []
            for runs in self._train(program, self.tuning, given):
                gains = [
                    max(self._gain(run, self.ground.steps), WORST)
                    if outcome_of(self.task, run) is Outcome.OK
                    else WORST
                    for run in runs
                ]
                values.append(sum(gains) / len(gains))
            return values

        return measure

    def _gain(self, run: Trained, step: int) -> float:
        return progress(self.task, run.losses[self.ground.looks.index(step)])

    def _train(
        self, program: Program, seeds: Sequence[int], rates: Sequence[float] | None = None
    ) -> list[list[Trained]]:
        return self._trainer(program).run(canonical(program), seeds, rates)

    def _trainer(self, rule: Program) -> Trainer:
        return _trainer(self.task, self.ground, carried(rule))

    def _key(self, rule: Program) -> dict[str, Any]:
        """All that decides the runs, but the code."""
        return {
            "rule": canonical_hash(rule),
            "primitives": carried(rule),
            "ground": asdict(self.ground),
            "examples": self.task.checksum(),
            "tuning": self.tuning,
            "fresh": self.fresh,
            "grid": (
                grid_search.RATE_STEPS,
                grid_search.DECAYS,
                grid_search.FARTHEST_STEP,
                grid_search.LARGEST_DECAY,
            ),
        }


@lru_cache(maxsize=2)
def _trainer(task: Task, ground: Ground, primitives: tuple[str, ...]) -> Trainer:
    """What trains on a task; that of the baselines and one more are alive at a time."""
    return Trainer(task, ground.steps, primitives, _WIDTH, looks=ground.looks)


def _read(kept: Any | None) -> Runs | None:
    """Runs as they were kept; None if there are none, or they are not runs."""
    if kept is None:
        return None
    try:
        return Runs.from_json(kept)
    except (KeyError, TypeError, ValueError):
        return None
