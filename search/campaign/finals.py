"""The finals: the best programs of a search and its baseline, measured on fresh seeds."""

from collections.abc import Sequence

from dsl.rewrite.demands import Demands
from evaluators.request import JudgingSetup
from evaluators.seeds import final_seeds
from evaluators.statistics import Evidence
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.ledger.results import FinalResult
from search.objectives import point, ranks, within
from search.pool.jobs import CampaignPool
from search.reduction.fresh import FinalEntrant, lead, on_fresh_seeds


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
    entrants: Sequence[FinalEntrant],
    setup: JudgingSetup,
    pool: CampaignPool,
    observe: Observer,
) -> list[FinalResult]:
    """The results of all entrants, the baseline first.

    **Raises:** CampaignFailed if the workers that measured the baseline were lost.
    """
    finals = on_fresh_seeds(
        entrants,
        final_seeds(config.seed, config.final.seeds),
        config.evaluation,
        setup,
        pool,
        lambda done, total: observe(events.MeasuringFinalists(len(entrants) - 1, done, total)),
    )
    if not finals[0].complete:
        raise CampaignFailed("the baseline could not be measured on the fresh seeds")
    return finals


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
