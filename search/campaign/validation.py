"""The last stages of a campaign: finalists on suites of tasks that the search never saw.

Every rule, the baseline too, gets a rate for each new task in the same number of evaluations, and
is then measured on fresh seeds against the baseline so tuned.
"""

from collections.abc import Callable, Sequence

from evaluators.request import EvaluationRequest
from evaluators.score import WORST
from evaluators.seeds import validation_seeds
from evaluators.suites import load_suite
from evaluators.workers import Done, Failed, run_all
from search.campaign import events
from search.campaign.baseline import setup_of
from search.campaign.choice import Contender, best_first, winner
from search.campaign.events import Observer
from search.campaign.finals import Entrant
from search.config import Config
from search.errors import CampaignFailed
from search.ledger.results import (
    META_VALIDATION,
    STAGES,
    StageEntrant,
    StageResult,
    seed_scores,
)
from search.pool.jobs import CampaignPool, Evaluate, Tune, time_limit


def validate(
    config: Config,
    baseline: Entrant,
    contenders: Sequence[Contender],
    pool: CampaignPool,
    observe: Observer,
) -> tuple[dict[str, StageResult], Entrant | None]:
    """The stages that the config asks for: the finalists on the first, which chooses the winner,
    and the winner on the last. A finalist that was reduced takes part as what is left of it.

    **Arguments:** `contenders`: with their scores so far. **Returns:** the results by stage, and
    the winner, None without contenders.
    """
    found: dict[str, StageResult] = {}
    limits = config.final.pick
    for stage in STAGES:
        if getattr(config.final, stage) is None or not contenders:
            continue
        if stage == META_VALIDATION:
            chosen = [each.entrant for each in best_first(_as_left(contenders))]
            found[stage] = _measured(config, stage, [baseline, *chosen], pool, observe)
            contenders = _validated(config, chosen, found[stage]) or contenders
        elif (best := winner(contenders, limits)) is not None:
            found[stage] = _measured(config, stage, [baseline, best], pool, observe)
    return found, winner(contenders, limits)


def _as_left(contenders: Sequence[Contender]) -> list[Contender]:
    """Contenders without the finalists of which something smaller is left."""
    gone = {each.entrant.candidate for each in contenders if each.entrant.reduced}
    return [c for c in contenders if c.entrant.reduced or c.entrant.candidate not in gone]


def _validated(config: Config, entrants: Sequence[Entrant], stage: StageResult) -> list[Contender]:
    """The entrants that were measured, with their scores there."""
    judged = {each.candidate: each.evaluation for each in stage.entrants}
    failed = (WORST,) * config.final.seeds
    return [
        Contender(each, seed_scores([evaluation], len(stage.tasks)) or failed)
        for each in entrants
        if (evaluation := judged[each.candidate])
    ]


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
