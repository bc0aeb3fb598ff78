"""The last stages of a campaign: finalists on suites of tasks that the search never saw.

Every rule, the baseline too, gets a rate for each new task in the same number of evaluations, and
is then measured on fresh seeds against the baseline so tuned.
"""

from collections.abc import Callable, Sequence

from evaluators.evaluator import EvaluationRequest
from evaluators.seeds import validation_seeds
from evaluators.suites import load_suite
from evaluators.workers import Done, Failed, run_all
from search.campaign import events
from search.campaign.baseline import setup_of
from search.campaign.events import Observer
from search.campaign.finals import Entrant
from search.config import Config
from search.errors import CampaignFailed
from search.ledger.results import META_VALIDATION, STAGES, Scores, StageEntrant, StageResult
from search.pool.jobs import CampaignPool, Evaluate, Tune, time_limit


def validate(
    config: Config,
    baseline: Entrant,
    finalists: Sequence[Entrant],
    scores: Scores,
    pool: CampaignPool,
    observe: Observer,
) -> dict[str, StageResult]:
    """The stages that the config asks for: the finalists on the first, the best of them on the
    last.

    **Arguments:** `scores`: those of the finalists so far. **Returns:** the results, by stage.
    """
    found: dict[str, StageResult] = {}
    for stage in STAGES:
        if getattr(config.final, stage) is not None and finalists:
            ranked = best_first(finalists, scores)
            chosen = ranked if stage == META_VALIDATION else ranked[:1]
            found[stage] = _measured(config, stage, [baseline, *chosen], pool, observe)
            scores = found[stage].scores() or scores
    return found


def best_first(entrants: Sequence[Entrant], scores: Scores) -> list[Entrant]:
    """Entrants with a score, best first, the order kept among equals."""
    known = [entrant for entrant in entrants if entrant.candidate in scores]
    return sorted(known, key=lambda entrant: -scores[entrant.candidate])


def _measured(
    config: Config, stage: str, entrants: Sequence[Entrant], pool: CampaignPool, observe: Observer
) -> StageResult:
    """Tune and measure entrants, the baseline first, on the suite that the config names."""
    name = getattr(config.final, stage)
    tasks = load_suite(name).tasks
    used = {statement.op for entrant in entrants for statement in entrant.program.statements}
    primitives = tuple(sorted(used))
    tuning, measuring = validation_seeds(
        config.seed, STAGES.index(stage), config.baseline.seeds, config.final.seeds
    )
    budget = config.final.evaluations

    def progress(before: int) -> Callable[[int], None]:
        total = 2 * len(entrants)
        return lambda done: observe(events.Validating(stage, name, before + done, total))

    jobs = [
        Tune(
            program=entrant.program,
            tasks=tasks,
            seeds=tuning,
            evaluations=budget,
            primitives=primitives,
            factors=tuple(config.evaluation.rates),
            shape=config.evaluation.shape,
        )
        for entrant in entrants
    ]
    tuned = run_all(pool, jobs, time_limit(config, tasks, tuning, budget), progress(0))
    if isinstance(tuned[0], Failed):
        raise CampaignFailed(f"the baseline could not be tuned on {name}: {tuned[0].note}")
    scale = tuned[0].value
    setup = setup_of(config, tasks, scale.program, scale.rates, primitives)
    sound = [done.value for done in tuned if isinstance(done, Done)]
    judged = run_all(
        pool,
        [Evaluate(setup, EvaluationRequest(each.program, each.rates), measuring) for each in sound],
        time_limit(config, tasks, measuring),
        progress(len(entrants)),
    )
    answers = iter(judged)
    results = []
    for entrant, done in zip(entrants, tuned, strict=True):
        if isinstance(done, Failed):
            results.append(StageEntrant(entrant.candidate, entrant.program, None, None))
            continue
        answer = next(answers)
        evaluation = answer.value if isinstance(answer, Done) else None
        results.append(
            StageEntrant(entrant.candidate, done.value.program, done.value.rates, evaluation)
        )
    return StageResult(name, tuple(task.name for task in tasks), tuple(results))
