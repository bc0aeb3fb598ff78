"""A campaign without training in a process of its own, made to be killed.

python -m tests.support.killable FOLDER JOURNAL WORKERS

It prints the content hash at the end. JOURNAL gets a byte for every job that a worker begins.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsl.program import Program
from evaluators.evaluation import Evaluation
from evaluators.evaluator import JudgingSetup
from evaluators.tuning.coordinates import Tuned
from search.campaign import loop
from search.config import Config
from search.pool.worker import CampaignWorker
from search.run import run_campaign
from tests.support.fakes import FakeEvaluator, config, fake_sweep, fake_tune

_SECONDS = 0.02


def settings(workers: int) -> Config:
    """Eight generations of recombination from several starts, with a front of two objectives,
    finals, reductions and another suite."""
    return config(
        start=["adamw", "lion", "sgd", "adan", "rmsprop", "nadam"],
        tasks=[{"name": "digits", "steps": 20}, {"name": "quadratic", "steps": 20}],
        budget={"candidates": 240},
        strategy={"kind": "recombination", "population": 20, "drawn": 5, "settings": 4},
        objectives=["quality", "memory"],
        evaluation={"generation": 30, "elites": 2},
        screen={"keep": 0.5, "window": 30},
        final={
            "finalists": 3,
            "seeds": 4,
            "reduction": {"evaluations": 40, "seeds": 4},
            "meta_validation": "meta_validation",
            "evaluations": 2,
        },
        look_ahead=16,
        workers=workers,
    )


def slow_worker(journal: Path) -> Callable[[], CampaignWorker]:
    """Makes workers that take their time over every job, and note that they begin it."""

    def begin() -> None:
        with journal.open("ab") as file:
            file.write(b".")
        time.sleep(_SECONDS)

    class Slow(FakeEvaluator):
        def evaluate(self, program: Program, *how: Any) -> Evaluation:
            begin()
            return super().evaluate(program, *how)

    def tune(program: Program, **how: Any) -> Tuned:
        begin()
        return fake_tune(program, **how)

    def sweep(program: Program, *how: Any) -> dict[str, float]:
        begin()
        return fake_sweep(program, *how)

    def make(setup: JudgingSetup) -> Slow:
        return Slow(setup)

    return lambda: CampaignWorker(make, tune, sweep)


if __name__ == "__main__":
    loop.STATE_EVERY = 10
    folder, journal, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    print(run_campaign(settings(workers), folder, make_worker=slow_worker(journal)).content_hash)
