"""The last stages of a campaign: finalists on suites of tasks that the search never saw.

Every rule, the baseline too, gets a rate for each new task in the same number of evaluations, and
is then measured on fresh seeds against the baseline so tuned.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dsl.program import Program
from evaluators.evaluator import Suite
from evaluators.seeds import validation_seeds
from evaluators.suites import load_suite
from evaluators.workers import Done, Failed, run_all
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.pool.time_limit import time_limit
from search.pool.worker import CampaignPool, Evaluate, Tune

META_VALIDATION, HELD_OUT = "meta_validation", "held_out"
STAGES = (META_VALIDATION, HELD_OUT)

Entrant = tuple[int | None, Program]
"""The number of a candidate, None for the baseline, and its program."""


def validate(
    config: Config,
    entrants: Sequence[Entrant],
    by: Mapping[int | None, float],
    baseline: Program,
    pool: CampaignPool,
    observe: Observer,
) -> dict[str, Any]:
    """The stages that the config asks for: the finalists on the first, the best of them on the
    last.

    **Arguments:** `by`: their scores so far. **Returns:** what was found, by stage.
    """
    found: dict[str, Any] = {}
    for stage in STAGES:
        if getattr(config.final, stage) is not None and entrants:
            ranked = best_first(entrants, by)
            chosen = ranked if stage == META_VALIDATION else ranked[:1]
            found[stage] = _measured(config, stage, [(None, baseline), *chosen], pool, observe)
            by = scores(found[stage]) or by
    return found


def _measured(
    config: Config, stage: str, entrants: Sequence[Entrant], pool: CampaignPool, observe: Observer
) -> dict[str, Any]:
    """Measure entrants, the baseline first, on the suite that the config names for a stage.

    **Returns:** plain data: the suite, and for each entrant its tuned text, its rates and its
    evaluation, None where its workers were lost.
    """
    name = getattr(config.final, stage)
    tasks = load_suite(name).tasks
    used = {statement.op for _, program in entrants for statement in program.statements}
    primitives = tuple(sorted(used))
    factors, room = tuple(config.evaluation.rates), config.evaluation.room
    tuning, measuring = validation_seeds(
        config.seed, STAGES.index(stage), config.baseline.seeds, config.final.seeds
    )
    budget = config.final.evaluations
    tuned = run_all(
        pool,
        [
            Tune(
                program=program,
                tasks=tasks,
                seeds=tuning,
                evaluations=budget,
                primitives=primitives,
                factors=factors,
                room=room,
            )
            for _, program in entrants
        ],
        time_limit(config, tasks, tuning, budget),
        lambda done: observe(events.Validating(stage, name, done, 2 * len(entrants))),
    )
    if isinstance(tuned[0], Failed):
        raise CampaignFailed(f"the baseline could not be tuned on {name}: {tuned[0].note}")
    first = tuned[0].value
    suite = Suite(
        tasks=tasks,
        baseline=str(first.program),
        primitives=primitives,
        factors=factors,
        rates=tuple(first.rates.items()),
        checks=tuple(config.checks),
        width=room.seeds,
        batch=room.programs,
    )
    sound = [done.value for done in tuned if isinstance(done, Done)]
    judged = run_all(
        pool,
        [Evaluate(suite, each.program, measuring, tuple(each.rates.items())) for each in sound],
        time_limit(config, tasks, measuring),
        lambda done: observe(
            events.Validating(stage, name, len(entrants) + done, 2 * len(entrants))
        ),
    )
    answers = iter(judged)
    rows = []
    for (number, program), done in zip(entrants, tuned, strict=True):
        row: dict[str, Any] = {"candidate": number, "tuned": str(program), "evaluation": None}
        if isinstance(done, Done):
            answer = next(answers)
            row |= {"tuned": str(done.value.program), "rates": done.value.rates}
            row["evaluation"] = answer.value.to_json() if isinstance(answer, Done) else None
        rows.append(row)
    return {"suite": name, "tasks": [task.name for task in tasks], "rows": rows}


def scores(found: dict[str, Any] | None) -> dict[int | None, float]:
    """The score of each entrant of a stage; one that was lost has none."""
    if found is None:
        return {}
    return {
        row["candidate"]: row["evaluation"]["score"] for row in found["rows"] if row["evaluation"]
    }


def best_first(entrants: Sequence[Entrant], by: Mapping[int | None, float]) -> list[Entrant]:
    """Entrants with a score, best first, the order kept among equals."""
    known = [entrant for entrant in entrants if entrant[0] in by]
    return sorted(known, key=lambda entrant: -by[entrant[0]])
