"""The finals: the best programs of a search and its baseline, measured on fresh seeds."""

from statistics import fmean
from typing import Any

from dsl.program import Program
from dsl.program.parse import parse
from evaluators.evaluation import Evaluation
from evaluators.evaluator import Suite
from evaluators.score import WORST, aggregate
from evaluators.seeds import final_seeds
from evaluators.workers import Done, run_all
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.ledger import Ledger
from search.pool.worker import CampaignPool, Evaluate

Rates = tuple[tuple[str, float], ...]


def measure(
    config: Config, ledger: Ledger, suite: Suite, pool: CampaignPool, observe: Observer
) -> list[dict[str, Any]]:
    """Evaluations of the baseline (`candidate` None) and of each finalist, as plain data.

    Seeds are taken as many at a time as in the search, so that its machines serve. An evaluation
    whose workers were lost is None.
    """
    rows = ledger.best(config.final.finalists)
    entrants: list[tuple[int | None, Program, Rates]] = [(None, parse(suite.baseline), suite.rates)]
    entrants += [(row.number, row.program(), row.rates) for row in rows]
    seeds, size = final_seeds(config.seed, config.final.seeds), config.evaluation.seeds
    chunks = [seeds[at : at + size] for at in range(0, len(seeds), size)]
    jobs = [
        Evaluate(suite, program, chunk, rates) for _, program, rates in entrants for chunk in chunks
    ]
    finished = run_all(
        pool,
        jobs,
        config.evaluation.timeout,
        lambda done: observe(events.MeasuringFinalists(len(rows), done, len(jobs))),
    )
    found = [done.value.to_json() if isinstance(done, Done) else None for done in finished]
    finals = []
    for entrant, (candidate, *_) in enumerate(entrants):
        parts = [found[entrant * len(chunks) + chunk] for chunk in range(len(chunks))]
        finals.append({"candidate": candidate, "evaluations": parts})
    if None in finals[0]["evaluations"]:
        raise CampaignFailed("the baseline could not be measured on the fresh seeds")
    return finals


def final_scores(finals: list[dict[str, Any]], tasks: int) -> dict[int | None, float]:
    """The mean score of each entrant over the fresh seeds; one that was lost has none."""
    return {
        final["candidate"]: fmean(
            seed_scores([Evaluation.from_json(part) for part in final["evaluations"]], tasks)
        )
        for final in finals
        if None not in final["evaluations"]
    }


def seed_scores(evaluations: list[Evaluation], tasks: int) -> tuple[float, ...]:
    """The score on `tasks` tasks for each seed.

    A task that was not run with a seed, since the program failed before it, counts as failed.
    """
    by_seed: dict[int, list[float]] = {}
    for evaluation in evaluations:
        for measured in evaluation.measurements:
            found = by_seed.setdefault(measured.seed, [])
            found.append(WORST if measured.score is None else measured.score)
    return tuple(
        aggregate([*scores, *[WORST] * (tasks - len(scores))]) for scores in by_seed.values()
    )
