"""An evaluator without training, and configs that use it."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsl.program import Program
from dsl.rewrite.simplify import simplify
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.tuning.coordinates import Tuned
from search.config import Config
from search.pool.worker import CampaignWorker

CONFIG: dict[str, Any] = {
    "campaign": "tiny",
    "start": "adamw",
    "tasks": [{"name": "digits", "steps": 20}],
    "budget": {"candidates": 60},
    "strategy": {"kind": "regularized_evolution", "population": 8, "tournament": 3},
    "evaluation": {"generation": 20},
    "final": {"reduction": {"evaluations": 0}},
    "look_ahead": 7,
    "workers": 0,
}


def config(**changes: Any) -> Config:
    """The small campaign with some keys changed."""
    return Config.model_validate({**CONFIG, **changes})


class FakeEvaluator:
    """Scores are a hash of program and seed: nothing to learn, everything to agree on."""

    compilations = 1

    def __init__(self, setup: JudgingSetup):
        self.setup = setup

    def evaluate_batch(self, asked: Any, seeds: tuple[int, ...]) -> list[Evaluation]:
        return [self._judged(each, seeds) for each in asked]

    def _judged(self, asked: EvaluationRequest, seeds: tuple[int, ...]) -> Evaluation:
        """The best of the settings of a trial by their scores on its first seed."""
        rivals, trial = [asked.program], asked.trial
        if trial is not None:
            rivals += trial.settings
        worth = [fake_score(each, trial.seeds[0] if trial else 0) for each in rivals]
        place = worth.index(max(worth))
        found = self.evaluate(rivals[place], seeds, asked.rates, asked.early)
        return replace(found, setting=place)

    def evaluate(
        self,
        program: Program,
        seeds: tuple[int, ...],
        rates: dict[str, float],
        early: dict[str, float],
    ) -> Evaluation:
        rate = rates.get("digits", 1e-3)
        measured = [
            Measurement(
                *(task.name, seed, Outcome.OK, 1.0, fake_score(program, seed), None),
                rate=rate * 2 ** round(4 * fake_score(program, 0) - 2),
                early=fake_score(program, seed) / 2,
            )
            for task in self.setup.tasks
            for seed in seeds
        ]
        mean = sum(m.score or 0 for m in measured) / len(measured)
        return Evaluation(Outcome.OK, mean, tuple(measured))


def fake_score(program: Program, seed: int) -> float:
    text = f"{program.digest} {seed}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32


def fake_tune(program: Program, **how: Any) -> Tuned:
    return Tuned(program.with_hyperparameters(lr=3e-3), {"digits": 2e-3}, 1.0, ())


def fake_sweep(program: Program, *how: Any) -> dict[str, float]:
    return {"digits": 1e-3}


def fake_worker() -> CampaignWorker:
    return CampaignWorker(FakeEvaluator, fake_tune, fake_sweep)


class DeadlyEvaluator(FakeEvaluator):
    """Ends its process at programs that apply `tanh`; at the first that applies `square` once."""

    def evaluate(self, program: Program, *how: Any) -> Evaluation:
        ops = {statement.op for statement in program.statements}
        if "tanh" in ops:
            os._exit(1)
        mark = Path(os.environ["STEPSMITH_TEST_MARK"])
        if "square" not in ops and not mark.exists():
            mark.touch()
            os._exit(1)
        return super().evaluate(program, *how)


class RaisingEvaluator(FakeEvaluator):
    """Raises at programs that apply `tanh`."""

    def evaluate(self, program: Program, *how: Any) -> Evaluation:
        if any(statement.op == "tanh" for statement in program.statements):
            raise MemoryError("no room for tanh")
        return super().evaluate(program, *how)


class PartsEvaluator(FakeEvaluator):
    """Scores are what the parts of a program are worth, with a little noise of seed and program:
    `worth` by primitive, nothing for all others."""

    worth: Mapping[str, float] = {"sqrt": 0.2, "interp": 0.1}
    noise = 0.004

    def evaluate(
        self,
        program: Program,
        seeds: tuple[int, ...],
        rates: dict[str, float],
        early: dict[str, float],
    ) -> Evaluation:
        measured = tuple(
            Measurement(task.name, seed, Outcome.OK, 1.0, score, rate=1e-3, early=score)
            for task in self.setup.tasks
            for seed in seeds
            for score in [self.value(program) + self.noise * (fake_score(program, seed) - 0.5)]
        )
        mean = sum(m.score or 0 for m in measured) / len(measured)
        return Evaluation(Outcome.OK, mean, measured, (10, 20))

    def value(self, program: Program) -> float:
        """The worth of a program, without noise."""
        ops = {statement.op for statement in simplify(program).statements}
        return 0.8 + sum(worth for op, worth in self.worth.items() if op in ops)
