"""The events of a campaign in words."""

from dsl.errors import counted
from search.campaign import events
from search.campaign.events import Event, Progress
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
        case events.BaselineTuned(program):
            constants = ", ".join(f"{n}={v:.3g}" for n, v in program.hyperparameters.items())
            return f"Tuned: {constants}"
        case events.TuningStarts(total=total):
            return f"Finding the rates of {counted(total, 'start program')} ..."
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
        case events.Judged(progress):
            return progress_line(progress)


def progress_line(progress: Progress) -> str:
    """The progress of a search: share, rate, time left, best score, repeated programs."""
    share = f"{100 * progress.judged / progress.budget:3.0f}%"
    parts = [f"{share}  {progress.judged}/{progress.budget} programs"]
    if progress.rate is not None and progress.seconds_left is not None:
        parts.append(f"{progress.rate:.1f} programs/s")
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.best is not None:
        parts.append(f"best score {progress.best:.4f} (c{progress.best_at})")
    hits = sum(progress.hits.values())
    parts.append(f"{100 * hits / progress.judged:.0f}% from cache" if progress.judged else "")
    return ", ".join(part for part in parts if part)
