"""Reductions that share the workers."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

from evaluators.request import JudgingSetup
from evaluators.workers import Done, run_all
from search.ledger.reduction import Reduction
from search.pool.jobs import CampaignPool, Evaluate
from search.reduction.finalist import FinalistReduction
from search.reduction.trials import Requests, Results


def reduce_together(
    under_way: Sequence[FinalistReduction],
    setup: JudgingSetup,
    pool: CampaignPool,
    timeout: float,
    progress: Callable[[int], None] = lambda spent: None,
) -> list[Reduction]:
    """The reductions of finalists: what all of them ask for next goes to the pool as one batch.

    **Arguments:** `timeout`: seconds for an evaluation; `progress`: told of the evaluations made.
    """
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
        finished = run_all(pool, jobs, timeout, lambda done, before=before: progress(before + done))
        values = iter([each.value if isinstance(each, Done) else None for each in finished])
        for place, requests in list(asked.items()):
            go_on(place, [next(values) for _ in requests])
    return [results[place] for place in range(len(going))]
