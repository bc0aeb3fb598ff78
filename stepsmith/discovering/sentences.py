"""The events of a campaign in words."""

from dsl.errors import counted
from search.campaign import events
from search.campaign.events import Event, SearchProgress
from search.ledger.looks import Look
from stepsmith.output import duration


def sentence(event: Event) -> str:
    """An event in a line."""
    match event:
        case events.Resumed(candidates):
            return f"Resumed: {candidates} programs from the ledger agree with it."
        case events.WorkersStarting(0):
            return "Working in this process."
        case events.WorkersStarting(workers):
            plural = "s" if workers > 1 else ""
            return f"Starting {workers} worker{plural} on Ray ..."
        case events.TuningBaseline(rule, evaluations):
            return f"Tuning {rule} in {evaluations} evaluations, the score of 1 ..."
        case events.BaselineTuned(program, doubt):
            constants = ", ".join(f"{n}={v:.3g}" for n, v in program.hyperparameters.items())
            warning = f"\nWARNING: {doubt}; no claim will be made." if doubt else ""
            return f"Tuned: {constants}{warning}"
        case events.TuningStarts(total=total):
            return f"Finding the rates of {counted(total, 'start program')} ..."
        case events.TuningForLooks(rule, suite):
            return f"Tuning {rule} on the suite {suite}, to look at the best there ..."
        case events.Looked(look, suite):
            return looked(look, suite)
        case events.CandidateLost(number, reason):
            return f"Candidate {number} is recorded as lost: {reason}"
        case events.Alarm(number, reason):
            return f"ALARM: candidate {number} is not promoted: {reason}"
        case events.SearchEnded(reason):
            return reason
        case events.MeasuringFinalists(finalists):
            return f"Measuring the {finalists} best on fresh seeds ..."
        case events.Reducing(finalists):
            best = "best finalist" if finalists == 1 else f"{finalists} best finalists"
            return f"Taking away what does not matter in the {best} ..."
        case events.Validating(stage, suite):
            return f"{stage.capitalize().replace('_', '-')}: the best on the suite {suite} ..."
        case events.VerdictEntered(progress):
            return progress_line(progress)


def progress_line(progress: SearchProgress) -> str:
    """The progress of a search: share, rate, families, repeats, the best here and on other tasks,
    time left."""
    share = f"{100 * progress.judged / progress.budget:3.0f}%"
    parts = [f"{share}  {progress.judged}/{progress.budget} programs", per_second(progress)]
    parts += [counted_families(progress), f"{from_cache(progress)} from cache"]
    if progress.best is not None:
        parts.append(f"best {progress.best:.4f} (c{progress.best_at})")
    look = progress.look
    if look is not None and look.unseen is not None:
        parts.append(
            f"on other tasks {look.unseen:.4f} (c{look.candidate}, gap {look.gap:+.4f})",
        )
    return ", ".join(part for part in (*parts, time_left(progress)) if part)


def per_second(progress: SearchProgress) -> str:
    """The programs per second of this process; nothing before the first."""
    return "" if progress.rate is None else f"{progress.rate:.1f} per second"


def time_left(progress: SearchProgress) -> str:
    """The time to the end of the budget; nothing before the first program."""
    seconds = progress.seconds_left
    return "" if seconds is None else f"{duration(seconds)} left"


def counted_families(progress: SearchProgress) -> str:
    """The families that were trained to the end."""
    return "1 family" if progress.families == 1 else f"{progress.families} families"


def from_cache(progress: SearchProgress) -> str:
    """The share of programs that repeat an earlier one."""
    return f"{100 * progress.hits.total() / max(progress.judged, 1):.0f}%"


def looked(look: Look, suite: str) -> str:
    """The result of a look at the best."""
    if look.unseen is None:
        return f"c{look.candidate} could not be measured on {suite}: its workers were lost."
    return (
        f"After {look.told} programs the best, c{look.candidate}, scores {look.unseen:.4f} on "
        f"{suite} and {look.score:.4f} in the search: gap {look.gap:+.4f}."
    )
