"""The view of a comparison that runs: its plan, its progress, and the time left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.text import Text

from dsl.errors import counted
from evaluators.comparison.plan import ComparisonPlan
from evaluators.comparison.work import ComparisonProgress, Event, Observer, Timing
from stepsmith.live import drawn
from stepsmith.output import duration

_LONGEST = 3
_BUSY = 0.85
"""The share of a core below which a machine is said to be busy."""


@contextmanager
def comparing(console: Console, suite: str, seeds: int, workers: int) -> Iterator[Observer]:
    """An observer that prints the plan, and then how far the comparison is: live on a terminal,
    else in lines for a log."""

    def plan_of(plan: ComparisonPlan) -> None:
        for line in plan_lines(plan, suite, seeds, workers):
            console.print(Text(line), soft_wrap=True)

    view = _Now()
    with drawn(console, view) as show:

        def take(event: Event) -> None:
            if isinstance(event, ComparisonPlan):
                plan_of(event)
            else:
                view.take(event)
                show()

        yield take


def plan_lines(plan: ComparisonPlan, suite: str, seeds: int, workers: int) -> list[str]:
    """The plan of a comparison in a few lines.

    **Arguments:** `seeds`: fresh ones per task; `workers`: processes, 0 for this one alone.
    """
    total, left = len(plan.cells), len(plan.left)
    tasks = ", ".join(plan.tasks)
    lines = [
        f"{suite}: {counted(len(plan.tasks), 'task')} ({tasks}); "
        f"{counted(len(plan.rules), 'rule')} ({', '.join(plan.rules)}); "
        f"{counted(seeds, 'fresh seed')}",
    ]
    if not left:
        return [*lines, "All runs are kept from earlier; only wall times are measured."]
    kept = f", {total - left} kept from earlier" if left < total else ""
    runs = sum(estimate.runs for estimate in plan.left)
    where = f"with {counted(workers, 'worker')}" if workers else "in this process"
    if plan.share < _BUSY:
        where += f", at {plan.share:.0%} of a core for each process, as now"
    seconds = plan.seconds / max(workers, 1)
    lines.append(
        f"To do: {left} of {total} pairs of a rule and a task{kept}: about {_rounded(runs):,} "
        f"training runs, very roughly {duration(seconds)} {where}"
    )
    by_task = list(plan.seconds_by_task().items())
    if len(by_task) > _LONGEST:
        longest = [f"{name} {duration(each)}" for name, each in by_task[:_LONGEST]]
        lines.append(f"Longest: {', '.join(longest)}; --tasks leaves tasks out")
    return lines


def _rounded(number: int) -> int:
    """To two digits."""
    return int(float(f"{number:.2g}"))


class _Now:
    """The latest event, drawn with the time of the drawing."""

    def __init__(self):
        self.start = self.since = time.monotonic()
        self.event: ComparisonProgress | Timing | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, ComparisonProgress | Timing):
            self.event, self.since = event, time.monotonic()

    def sentence(self) -> str:
        now = time.monotonic()
        spent = f"{duration(now - self.start)} spent"
        match self.event:
            case ComparisonProgress(done, total, pairs, left):
                share = f"{100 * done / total:3.0f}%  {done}/{total}"
                what = ", ".join(f"{rule} on {task}" for rule, task in pairs)
                rest = duration(max(left - (now - self.since), 0))
                return f"{share}, tuning and running {what}, {spent}, about {rest} left"
            case Timing(task):
                return f"timing all rules on {task}, {spent}"
        return spent

    def __rich__(self) -> Group:
        line = Text(self.sentence())
        if not isinstance(self.event, ComparisonProgress):
            return Group(line)
        return Group(ProgressBar(total=self.event.total, completed=self.event.done, width=60), line)
