"""A campaign from end to end: tune the baseline, search, measure and reduce the finalists.

Each part is stored as soon as it is done, and is not done again; nor are the jobs that are done of
the tuning and of the finals.
"""

from evaluators.request import JudgingSetup
from search.campaign import events
from search.campaign.baseline import search_setup, tune_baseline
from search.campaign.choice import Contender, able_first
from search.campaign.ended import Ended
from search.campaign.finals import chosen, evidence_by_candidate, measure
from search.campaign.loop import SearchLoop
from search.campaign.reduction import reduced
from search.campaign.session import Session
from search.campaign.sources import known_rules
from search.campaign.starts import tune_starts
from search.campaign.validation import validate
from search.candidates.proposer import Proposer
from search.ledger.history import History
from search.ledger.results import TunedBaseline, Winner
from search.reduction.fresh import FinalEntrant


def run(session: Session) -> bool:
    """Do all that is left to do; what is done already is checked and left as it is.

    **Returns:** True if nothing was left to do.
    """
    config, ledger, sources = session.config, session.ledger, session.sources
    baseline = ledger.baseline
    if baseline is None:
        baseline = tune_baseline(config, sources, session.keeping, session.observe)
        ledger.set_baseline(baseline)
    starts = ledger.starts
    if starts is None:
        cache, observe = session.cache, session.observe
        starts = tune_starts(config, sources, baseline, session.keeping, cache, observe)
        ledger.set_starts(starts)
    setup = search_setup(config, sources, baseline)
    history = History(ledger)
    proposer = Proposer(
        config,
        [start.program for start in starts],
        [start.rates for start in starts],
        known_rules(config),
        history,
    )
    loop = SearchLoop(session, proposer, history, setup)
    loop.resume()
    goes_on = ledger.finals is not None and loop.ended() is None
    if goes_on or config.comparable() != ledger.config:  # the finals are then still to come
        ledger.set_config(config.comparable())
    complete = ledger.finals is not None
    if not complete:
        loop.run()
    ended = loop.ended()
    if ended is not None and ended is not Ended.CANDIDATES:
        session.observe(events.SearchEnded(ended.sentence))
    if complete:
        return True
    _measure_finalists(session, baseline, setup)
    return False


def _measure_finalists(session: Session, baseline: TunedBaseline, setup: JudgingSetup) -> None:
    """Measure the best on fresh seeds, and on the suites that the config names."""
    config, ledger, tasks = session.config, session.ledger, len(session.config.tasks)
    scale = FinalEntrant(None, baseline.program, baseline.rates)
    best = [ledger.row(number) for number in chosen(config, ledger.families())]
    finalists = [
        FinalEntrant(row.candidate.number, row.candidate.program, row.rates) for row in best
    ]
    pool, observe = session.keeping, session.observe
    finals = measure(config, [scale, *finalists], setup, pool, observe)
    contenders = [
        Contender(finalist, final.scores(tasks))
        for finalist, final in zip(finalists, finals[1:], strict=True)
        if final.complete
    ]
    first = [each.entrant for each in able_first(contenders, config.final.pick)]
    left = reduced(config, first, finals, setup, pool, observe)
    contenders += [
        Contender(
            FinalEntrant(each.candidate, each.program, each.rates, True), each.final.scores(tasks)
        )
        for each in left
        if each.final
    ]
    also = sum(each.final is not None for each in left)
    looked, words = ledger.scale_of_looks, setup.primitives
    found, winner = validate(config, scale, contenders, words, looked, pool, observe)
    with ledger.transaction():
        ledger.set_results(
            finals=finals,
            evidence=evidence_by_candidate(finals, tasks, also),
            reductions=left,
            validation=found,
            winner=Winner(winner.candidate, winner.reduced) if winner else None,
        )
        session.note()
