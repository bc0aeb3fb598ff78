"""The best rule of the zoo, tuned alike: what a search has to beat.

The starts of a campaign with the best scores in it are measured as its finalists were: on the same
fresh seeds, each at rates around its own, then on meta-validation.
"""

from pathlib import Path

from benchmarks.search_quality.results import Known
from evaluators.workers import SerialPool
from search.campaign import events
from search.campaign.baseline import search_setup
from search.campaign.choice import Contender
from search.campaign.finals import measure
from search.campaign.validation import validate
from search.config import Config
from search.ledger import reading
from search.ledger.results import META_VALIDATION, final_scores
from search.pool.worker import CampaignWorker
from search.reduction.fresh import FinalEntrant

CONTENDERS = 8
"""The starts that are measured: the best by search score."""


def best_of_zoo(config: Config, run: Path) -> tuple[Known, ...]:
    """The best starts of a complete campaign, measured as its finalists were; best first."""
    with reading(run) as ledger:
        sources, baseline, starts = ledger.sources, ledger.baseline, ledger.starts
        assert baseline is not None and starts is not None
        rows = [ledger.row(number) for number in range(len(starts))]
    sound = [row for row in rows if row.verdict.outcome == "ok"]
    best = sorted(sound, key=lambda row: -(row.verdict.score or 0.0))[:CONTENDERS]
    scale = FinalEntrant(None, baseline.program, baseline.rates)
    entrants = [
        FinalEntrant(row.candidate.number, row.candidate.program, row.rates) for row in best
    ]
    pool = SerialPool(CampaignWorker(), config.evaluation.batch)
    setup = search_setup(config, sources, baseline)
    finals = measure(config, [scale, *entrants], setup, pool, events.ignore)
    scores = final_scores(finals, len(config.tasks))
    contenders = [
        Contender(entrant, final.scores(len(config.tasks)))
        for entrant, final in zip(entrants, finals[1:], strict=True)
        if final.complete
    ]
    stages, _ = validate(config, scale, contenders, setup.primitives, None, pool, events.ignore)
    unseen = stages[META_VALIDATION].scores() if META_VALIDATION in stages else {}
    names = {number: start.name for number, start in enumerate(sources.starts)}
    found = [
        Known(names[each.candidate], scores[each.candidate], unseen.get(each.candidate))
        for each in entrants
        if each.candidate is not None and each.candidate in scores
    ]
    return tuple(sorted(found, key=lambda each: -each.score))
