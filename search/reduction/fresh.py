"""Programs on fresh seeds: the same for all of them, so that they can be compared by pairs."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dsl.program import Program
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.statistics import Evidence, evidence
from evaluators.workers import Done, run_all
from search.config import EvaluationConfig
from search.ledger.results import FinalResult, Rates
from search.pool.jobs import CampaignPool, Evaluate


class FinalEntrant(NamedTuple):
    """A finalist, or the baseline (`candidate` is None), with the rates to try it around."""

    candidate: int | None
    program: Program
    rates: Rates
    reduced: bool = False
    """True for what is left of a finalist."""


def on_fresh_seeds(
    entrants: Sequence[FinalEntrant],
    seeds: Sequence[int],
    evaluation: EvaluationConfig,
    setup: JudgingSetup,
    pool: CampaignPool,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[FinalResult]:
    """The results of entrants on some seeds, the same for all.

    Seeds are taken as many at a time as an evaluation has, so that its machines serve.
    **Arguments:** `progress`: told how many of all evaluations are made.
    """
    size = evaluation.seeds
    chunks = [tuple(seeds[at : at + size]) for at in range(0, len(seeds), size)]
    jobs = [
        Evaluate(setup, EvaluationRequest(entrant.program, entrant.rates), chunk)
        for entrant in entrants
        for chunk in chunks
    ]
    finished = run_all(pool, jobs, evaluation.timeout, lambda done: progress(done, len(jobs)))
    found = iter(done.value if isinstance(done, Done) else None for done in finished)
    return [
        FinalResult(entrant.candidate, tuple(next(found) for _ in chunks)) for entrant in entrants
    ]


def lead(final: FinalResult, over: FinalResult, tasks: int, looked_at: int = 1) -> Evidence:
    """The lead of one complete result over another."""
    ahead = np.subtract(final.scores(tasks), over.scores(tasks))
    return evidence(ahead[None, :], looked_at=looked_at)
