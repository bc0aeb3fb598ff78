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
from search.campaign import events
from search.campaign.events import Observer
from search.config import Config
from search.errors import CampaignFailed
from search.pool.jobs import Evaluate, Job, Tune
from search.pool.time_limit import patience
from search.pool.workers import Done, Pool

META_VALIDATION, HELD_OUT = "meta_validation", "held_out"
STAGES = (META_VALIDATION, HELD_OUT)

Entrant = tuple[int | None, Program]
"""The number of a candidate, None for the baseline, and its program."""


def validate(
    config: Config,
    entrants: Sequence[Entrant],
    by: Mapping[int | None, float],
    baseline: Program,
    pool: Pool,
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
    config: Config, stage: str, entrants: Sequence[Entrant], pool: Pool, observe: Observer
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
    tuned = _all(
        pool,
        [
            Tune(program, tasks, tuning, budget, primitives, factors, room)
            for _, program in entrants
        ],
        patience(config, tasks, tuning, budget),
        lambda done: observe(events.Validating(stage, name, done, 2 * len(entrants))),
    )
    if tuned[0].answer is None:
        raise CampaignFailed(f"the baseline could not be tuned on {name}: {tuned[0].note}")
    first = tuned[0].answer.value
    suite = Suite(
        tasks,
        str(first.program),
        primitives,
        factors,
        tuple(first.rates.items()),
        tuple(config.checks),
        room.seeds,
        room.programs,
    )
    sound = [done.answer.value for done in tuned if done.answer is not None]
    judged = _all(
        pool,
        [Evaluate(suite, each.program, measuring, tuple(each.rates.items())) for each in sound],
        patience(config, tasks, measuring),
        lambda done: observe(
            events.Validating(stage, name, len(entrants) + done, 2 * len(entrants))
        ),
    )
    answers = iter(judged)
    rows = []
    for (number, program), done in zip(entrants, tuned, strict=True):
        row: dict[str, Any] = {"candidate": number, "tuned": str(program), "evaluation": None}
        if done.answer is not None:
            value, answer = done.answer.value, next(answers).answer
            row |= {"tuned": str(value.program), "rates": value.rates}
            row["evaluation"] = answer.value.to_json() if answer else None
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


def _all(pool: Pool, jobs: Sequence[Job], patience: float, progress: Any) -> list[Done]:
    """Run jobs to the last; in their order."""
    for number, job in enumerate(jobs):
        pool.submit(number, job, patience)
    found: dict[int, Done] = {}
    while len(found) < len(jobs):
        progress(len(found))
        found.update((done.number, done) for done in pool.collect())
    return [found[number] for number in range(len(jobs))]
