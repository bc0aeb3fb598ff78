"""The finalists without what does not matter, beside themselves on the fresh seeds."""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from evaluators.request import JudgingSetup
from evaluators.workers import Done, run_all
from search.campaign import events
from search.campaign.events import Observer
from search.campaign.finals import Entrant, lead, on_fresh_seeds
from search.candidates.screen import Bars
from search.config import Config
from search.ledger.reduction import Reduction
from search.ledger.results import FinalResult
from search.pool.jobs import CampaignPool, Evaluate
from search.reduction.finalist import FinalistReduction
from search.reduction.trials import Conditions, Requests, Results

_SLACK = 0.1
"""A look does not go on with a program whose mean over all tasks is as much as this behind; over
some of them, by as much more as that is noisier."""


def reduced(
    config: Config,
    finalists: Sequence[Entrant],
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
    observe(events.Reducing(len(chosen), 0, wanted.evaluations))
    found = _together(under_way, config, setup, pool, observe)
    entrants = [Entrant(e.candidate, e.program, e.rates, True) for e in found if e.steps]
    measured = on_fresh_seeds(config, entrants, setup, pool)
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


def _together(
    under_way: Sequence[FinalistReduction],
    config: Config,
    setup: JudgingSetup,
    pool: CampaignPool,
    observe: Observer,
) -> list[Reduction]:
    """The reductions of finalists that share the workers: what all of them ask for next goes to the
    pool as one batch."""
    going: list[Generator[Requests, Any, Reduction]] = [each.run() for each in under_way]
    results: dict[int, Reduction] = {}
    asked: dict[int, Requests] = {}

    def go_on(place: int, answers: Results | None) -> None:
        try:
            asked[place] = going[place].send(answers)
        except StopIteration as end:
            results[place] = end.value
            asked.pop(place, None)

    for place in range(len(going)):
        go_on(place, None)
    while asked:
        jobs = [
            Evaluate(setup, request, seeds)
            for requests in asked.values()
            for request, seeds in requests
        ]
        before = sum(each.trials.spent for each in under_way)
        finished = run_all(
            pool,
            jobs,
            config.evaluation.timeout,
            lambda done, before=before: observe(
                events.Reducing(len(under_way), before + done, config.final.reduction.evaluations)
            ),
        )
        values = iter([each.value if isinstance(each, Done) else None for each in finished])
        for place, requests in list(asked.items()):
            go_on(place, [next(values) for _ in requests])
    return [results[place] for place in range(len(going))]


def look_bars(final: FinalResult) -> Bars:
    """Where a variant of a finalist is behind it by the slack: at the first checkpoint of each
    task, and in the mean over the first tasks."""
    early = _by_task(each.early() for each in final.measured)
    scores = [*_by_task(each.by_task() for each in final.measured).values()]
    slack = {count: _SLACK * math.sqrt(len(scores) / count) for count in range(1, len(scores) + 1)}
    return Bars(
        {task: score - slack[1] for task, score in early.items()},
        {count: fmean(scores[:count]) - slack[count] for count in range(1, len(scores))},
    )


def _by_task(found: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean score of each task over several evaluations."""
    scores: dict[str, list[float]] = {}
    for each in found:
        for task, score in each.items():
            scores.setdefault(task, []).append(score)
    return {task: fmean(every) for task, every in scores.items()}
