"""The last stages of a campaign: finalists on suites of tasks that the search never saw."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from evaluators.request import EvaluationRequest
from evaluators.score import WORST
from evaluators.workers import Done, Failed, run_all
from search.campaign import events
from search.campaign.choice import Contender, best_first, winner
from search.campaign.events import Observer
from search.campaign.other_tasks import OtherTasks
from search.config import Config
from search.errors import CampaignFailed
from search.ledger.results import (
    META_VALIDATION,
    STAGES,
    StageEntrant,
    StageResult,
    seed_scores,
)
from search.pool.jobs import CampaignPool, Evaluate
from search.reduction.fresh import FinalEntrant


def validate(
    config: Config,
    baseline: FinalEntrant,
    contenders: Sequence[Contender],
    primitives: tuple[str, ...],
    scale: StageEntrant | None,
    pool: CampaignPool,
    observe: Observer,
) -> tuple[dict[str, StageResult], FinalEntrant | None]:
    """The stages that the config asks for: the finalists on the first, which chooses the winner,
    and the winner on the last. A finalist that was reduced takes part as what is left of it.

    **Arguments:** `contenders`: with their scores so far; `primitives`: those of the search;
    `scale`: the baseline tuned for the looks of the search, if there were any. **Returns:** the
    results by stage, and the winner, None without contenders.
    """
    found: dict[str, StageResult] = {}
    limits = config.final.pick
    for stage in STAGES:
        if getattr(config.final, stage) is None or not contenders:
            continue
        if stage == META_VALIDATION:
            chosen = [each.entrant for each in best_first(_as_left(contenders))]
            entrants = [baseline, *chosen]
            on = OtherTasks.of(config, stage, _words(entrants, primitives))
            found[stage] = _measured(on, stage, entrants, pool, observe, scale)
            contenders = _validated(config, chosen, found[stage]) or contenders
        elif (best := winner(contenders, limits)) is not None:
            entrants = [baseline, best]
            on = OtherTasks.of(config, stage, _words(entrants))
            found[stage] = _measured(on, stage, entrants, pool, observe, None)
    return found, winner(contenders, limits)


def _words(entrants: Sequence[FinalEntrant], others: Sequence[str] = ()) -> tuple[str, ...]:
    """The primitives that entrants apply, and others."""
    used = {statement.op for entrant in entrants for statement in entrant.program.statements}
    return tuple(sorted(used.union(others)))


def _as_left(contenders: Sequence[Contender]) -> list[Contender]:
    """Contenders without the finalists of which something smaller is left."""
    gone = {each.entrant.candidate for each in contenders if each.entrant.reduced}
    return [c for c in contenders if c.entrant.reduced or c.entrant.candidate not in gone]


def _validated(
    config: Config, entrants: Sequence[FinalEntrant], stage: StageResult
) -> list[Contender]:
    """The entrants that were measured, with their scores there."""
    judged = {each.candidate: each.evaluation for each in stage.entrants}
    failed = (WORST,) * config.final.seeds
    return [
        Contender(each, seed_scores([evaluation], len(stage.tasks)) or failed)
        for each in entrants
        if (evaluation := judged[each.candidate])
    ]


def _measured(
    on: OtherTasks,
    stage: str,
    entrants: Sequence[FinalEntrant],
    pool: CampaignPool,
    observe: Observer,
    scale: StageEntrant | None,
) -> StageResult:
    """Tune and measure entrants, the baseline first, on a suite; `scale` is the baseline tuned
    there, if it was before."""

    def progress(before: int) -> Callable[[int], None]:
        total = 2 * len(entrants)
        return lambda done: observe(events.Validating(stage, on.suite, before + done, total))

    tuned = _tuned(on, entrants, pool, progress(0), scale)
    first = tuned[0]
    assert first is not None and first.rates is not None
    setup = on.setup(first.program, first.rates)
    requests = [EvaluationRequest(e.program, e.rates or {}) for e in tuned if e is not None]
    judged = run_all(
        pool,
        [Evaluate(setup, request, on.measuring) for request in requests],
        on.measuring_limit(on.measuring),
        progress(len(entrants)),
    )
    answers = iter(judged)
    results = []
    for entrant, found in zip(entrants, tuned, strict=True):
        if found is None:
            results.append(StageEntrant(entrant.candidate, entrant.program, None, None))
            continue
        answer = next(answers)
        evaluation = answer.value if isinstance(answer, Done) else None
        results.append(replace(found, evaluation=evaluation))
    return StageResult(on.suite, tuple(task.name for task in on.tasks), tuple(results))


def _tuned(
    on: OtherTasks,
    entrants: Sequence[FinalEntrant],
    pool: CampaignPool,
    progress: Callable[[int], None],
    scale: StageEntrant | None,
) -> list[StageEntrant | None]:
    """The entrants tuned, not measured yet; None for one whose workers were lost."""
    known = [] if scale is None else [scale]
    missing = entrants[len(known) :]
    jobs = [on.tune(entrant.program, on.tuning) for entrant in missing]
    done = run_all(
        pool,
        jobs,
        on.tuning_limit(on.tuning),
        lambda count: progress(len(known) + count),
    )
    if not known and isinstance(done[0], Failed):
        raise CampaignFailed(f"the baseline could not be tuned on {on.suite}: {done[0].note}")
    return known + [
        StageEntrant(entrant.candidate, each.value.program, each.value.rates, None)
        if isinstance(each, Done)
        else None
        for entrant, each in zip(missing, done, strict=True)
    ]
