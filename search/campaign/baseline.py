"""The baseline of a campaign, tuned before the search, and the suite that judges against it."""

from typing import Any

from dsl.program import Program
from evaluators.evaluator import Suite
from evaluators.seeds import baseline_seeds
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.pool.jobs import Tune
from search.pool.time_limit import patience
from search.pool.workers import Pool


def tune_baseline(config: Config, pool: Pool, observe: Observer) -> dict[str, Any]:
    """The baseline with the constants and rates that suit the tasks of the search, as plain data.

    **Raises:** CampaignFailed if the workers that tuned it were lost.
    """
    wanted = config.baseline
    rule = config.rule(wanted.rule)
    observe(events.TuningBaseline(wanted.rule, wanted.evaluations))
    seeds = baseline_seeds(config.seed, wanted.seeds)
    evaluation = config.evaluation
    pool.submit(
        0,
        Tune(
            *(rule, config.choices, seeds, wanted.evaluations),
            *(_primitives(config), tuple(evaluation.rates), evaluation.room),
        ),
        patience(config, config.choices, seeds, wanted.evaluations),
    )
    while not (done := pool.collect()):
        pass
    if done[0].answer is None:
        raise CampaignFailed(f"the baseline {wanted.rule} could not be tuned: {done[0].note}")
    tuned = done[0].answer.value
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
        config.choices,
        str(tuned),
        _primitives(config),
        tuple(config.evaluation.rates),
        tuple(rates.items()),
        tuple(config.checks),
        room.seeds,
        room.programs,
    )


def _primitives(config: Config) -> tuple[str, ...]:
    """What candidates may be made of: what mutation draws and what the start rule applies."""
    drawn = {name for name, weight in config.primitives.table().items() if weight}
    used = {statement.op for statement in config.rule(config.start).statements}
    return tuple(sorted(drawn | used))
