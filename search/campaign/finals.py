"""The finals: the best programs of a search and its baseline, measured on fresh seeds."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dsl.program import Program
from dsl.rewrite.demands import Demands
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.seeds import final_seeds
from evaluators.statistics import Evidence, evidence
from evaluators.workers import Done, run_all
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.ledger.results import FinalResult, Rates
from search.objectives import point, ranks, within
from search.pool.jobs import CampaignPool, Evaluate


class Entrant(NamedTuple):
    """A finalist, or the baseline (`candidate` is None), with the rates to try it around."""

    candidate: int | None
    program: Program
    rates: Rates
    reduced: bool = False
    """True for what is left of a finalist."""


def chosen(config: Config, families: Sequence[tuple[int, float, Demands]]) -> list[int]:
    """The numbers of the finalists: front by front in the objectives of the campaign, each by
    score, and half of the places for those that the winner is picked from.

    **Arguments:** `families`: number, score and demands of the best of each, the best first.
    """
    points = [point(config.objectives, score, asked) for _, score, asked in families]
    order = sorted(range(len(points)), key=list(ranks(points)).__getitem__)
    fit = [place for place in order if within(config.final.pick, families[place][2])]
    first = fit[: -(-config.final.finalists // 2)]
    rest = [place for place in order if place not in first]
    return [families[place][0] for place in (first + rest)[: config.final.finalists]]


def measure(
    config: Config,
    entrants: Sequence[Entrant],
    setup: JudgingSetup,
    pool: CampaignPool,
    observe: Observer,
) -> list[FinalResult]:
    """The results of all entrants, the baseline first.

    **Raises:** CampaignFailed if the workers that measured the baseline were lost.
    """
    finals = on_fresh_seeds(
        config,
        entrants,
        setup,
        pool,
        lambda done, total: observe(events.MeasuringFinalists(len(entrants) - 1, done, total)),
    )
    if not finals[0].complete:
        raise CampaignFailed("the baseline could not be measured on the fresh seeds")
    return finals


def on_fresh_seeds(
    config: Config,
    entrants: Sequence[Entrant],
    setup: JudgingSetup,
    pool: CampaignPool,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[FinalResult]:
    """The results of entrants on the fresh seeds, the same for all.

    Seeds are taken as many at a time as in the search, so that its machines serve.
    **Arguments:** `progress`: told how many of all evaluations are made.
    """
    seeds, size = final_seeds(config.seed, config.final.seeds), config.evaluation.seeds
    chunks = [seeds[at : at + size] for at in range(0, len(seeds), size)]
    jobs = [
        Evaluate(setup, EvaluationRequest(entrant.program, entrant.rates), chunk)
        for entrant in entrants
        for chunk in chunks
    ]
    finished = run_all(
        pool,
        jobs,
        config.evaluation.timeout,
        lambda done: progress(done, len(jobs)),
    )
    found = iter(done.value if isinstance(done, Done) else None for done in finished)
    return [
        FinalResult(entrant.candidate, tuple(next(found) for _ in chunks)) for entrant in entrants
    ]


def evidence_by_candidate(
    finals: Sequence[FinalResult], tasks: int, also: int = 0
) -> dict[int, Evidence]:
    """The lead of each finalist over the baseline, by its candidate number: in scores on all tasks,
    paired by seed and corrected for the number of finalists, and `also` others beside them."""
    baseline, *others = finals
    finalists = [final for final in others if final.complete]
    found = {}
    for final in finalists:
        assert final.candidate is not None
        found[final.candidate] = lead(final, baseline, tasks, len(finalists) + also)
    return found


def lead(final: FinalResult, over: FinalResult, tasks: int, looked_at: int = 1) -> Evidence:
    """The lead of one complete result over another."""
    ahead = np.subtract(final.scores(tasks), over.scores(tasks))
    return evidence(ahead[None, :], looked_at=looked_at)
