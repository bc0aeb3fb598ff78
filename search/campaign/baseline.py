"""The baseline of a campaign, tuned before the search, and the suite that judges against it."""

from typing import Any

from dsl.program import Program
from evaluators.evaluator import Suite
from evaluators.seeds import baseline_seeds
from evaluators.workers import Failed, run_all
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.pool.time_limit import time_limit
from search.pool.worker import CampaignPool, Tune


def tune_baseline(config: Config, pool: CampaignPool, observe: Observer) -> dict[str, Any]:
    """The baseline with the constants and rates that suit the tasks of the search, as plain data.

    **Raises:** CampaignFailed if the workers that tuned it were lost.
    """
    wanted = config.baseline
    rule = config.rule(wanted.rule)
    observe(events.TuningBaseline(wanted.rule, wanted.evaluations))
    seeds = baseline_seeds(config.seed, wanted.seeds)
    evaluation = config.evaluation
    job = Tune(
        program=rule,
        tasks=config.choices,
        seeds=seeds,
        evaluations=wanted.evaluations,
        primitives=_primitives(config),
        factors=tuple(evaluation.rates),
        room=evaluation.room,
    )
    limit = time_limit(config, config.choices, seeds, wanted.evaluations)
    (done,) = run_all(pool, [job], limit)
    if isinstance(done, Failed):
        raise CampaignFailed(f"the baseline {wanted.rule} could not be tuned: {done.note}")
    tuned = done.value
    observe(events.BaselineTuned(tuned.program))
    return {
        "rule": str(rule),
        "tuned": str(tuned.program),
        "rates": tuned.rates,
        "evaluations": tuned.evaluations,
        "trail": [list(trial) for trial in tuned.trail],
    }


def suite(config: Config, tuned: Program, rates: dict[str, float]) -> Suite:
    """What candidates are judged by: the tasks, and the baseline with its rate on each."""
    room = config.evaluation.room
    return Suite(
        tasks=config.choices,
        baseline=str(tuned),
        primitives=_primitives(config),
        factors=tuple(config.evaluation.rates),
        rates=tuple(rates.items()),
        checks=tuple(config.checks),
        width=room.seeds,
        batch=room.programs,
    )


def _primitives(config: Config) -> tuple[str, ...]:
    """What candidates may be made of: what mutation draws and what the start rule applies."""
    drawn = {name for name, weight in config.primitives.table().items() if weight}
    used = {statement.op for statement in config.rule(config.start).statements}
    return tuple(sorted(drawn | used))
