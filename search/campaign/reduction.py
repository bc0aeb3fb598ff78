"""The finalists without what does not matter, beside themselves on the fresh seeds."""

from collections.abc import Sequence
from dataclasses import replace

from evaluators.request import JudgingSetup
from evaluators.seeds import final_seeds
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.ledger.reduction import Reduction
from search.ledger.results import FinalResult
from search.pool.jobs import CampaignPool
from search.reduction.bars import look_bars
from search.reduction.finalist import FinalistReduction
from search.reduction.fresh import FinalEntrant, lead, on_fresh_seeds
from search.reduction.together import reduce_together
from search.reduction.trials import Conditions


def reduced(
    config: Config,
    finalists: Sequence[FinalEntrant],
    finals: Sequence[FinalResult],
    setup: JudgingSetup,
    pool: CampaignPool,
    observe: Observer,
) -> list[Reduction]:
    """The rest of the finalists that come first, where anything could go, beside them on the
    fresh seeds.

    **Arguments:** `finalists`: those with a complete result, the first to be reduced first;
    `finals`: the results on the fresh seeds, the baseline's too.
    """
    wanted, tasks = config.final.reduction, len(config.tasks)
    chosen = finalists[: wanted.finalists]
    if not wanted.evaluations or not chosen:
        return []
    by_candidate = {final.candidate: final for final in finals}
    shared = Conditions(
        config.seed, config.evaluation.seeds, config.evaluation.rates, tasks, wanted, len(chosen)
    )
    under_way = [
        FinalistReduction(
            candidate=each.candidate,
            original=each.program,
            rates=each.rates,
            bars=look_bars(by_candidate[each.candidate]),
            conditions=shared,
        )
        for each in chosen
        if each.candidate is not None
    ]

    def progress(spent: int) -> None:
        observe(events.Reducing(len(under_way), spent, wanted.evaluations))

    progress(0)
    found = reduce_together(under_way, setup, pool, config.evaluation.timeout, progress)
    entrants = [FinalEntrant(e.candidate, e.program, e.rates, True) for e in found if e.steps]
    seeds = final_seeds(config.seed, config.final.seeds)
    measured = on_fresh_seeds(entrants, seeds, config.evaluation, setup, pool)
    sound = {final.candidate: final for final in measured if final.complete}
    looked_at = sum(final.complete for final in (*finals[1:], *measured))
    return [
        replace(
            each,
            final=sound[each.candidate],
            difference=lead(sound[each.candidate], by_candidate[each.candidate], tasks),
            evidence=lead(sound[each.candidate], finals[0], tasks, looked_at),
        )
        if each.candidate in sound
        else each
        for each in found
    ]
