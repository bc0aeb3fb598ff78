"""The lines of `stepsmith show RUN:HASH` about a program: its scores, and what it came from."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluators.evaluation import Measurement
    from search.report.candidate import Origin, SourceProgram


def lines(found: "Origin") -> Iterator[str]:
    """The way in which a program came about, its score by task and seed, and its difference from
    its parent and its start."""
    came = "a start program" if found.parent is None else f"from c{found.parent.number}"
    score = "no score" if found.score is None else f"score {found.score:.4f}"
    yield ""
    yield f"candidate c{found.number} of {found.run}: {came}, {found.mutation}: {found.detail}"
    yield f"{score}, {_ended(found)}; tuned baseline 1, untrained 0"
    for stage, runs in found.runs.items():
        if runs:
            yield ""
            yield from _table(stage, runs)
    if found.parent is not None:
        yield from _apart("its parent", found.parent, found)
    if found.start is not None and found.start != found.parent:
        yield from _apart("the start", found.start, found)


def _ended(found: "Origin") -> str:
    """The outcome and what it means."""
    from search.report.words import WORDS

    told = WORDS.get(found.outcome, found.note)
    return f"{found.outcome}: {told}" if told else found.outcome


def _table(stage: str, runs: "Sequence[Measurement]") -> Iterator[str]:
    """The scores on each task: their mean, the rate, and one after the other by seed."""
    by_task: dict[str, list[Measurement]] = {}
    for each in runs:
        by_task.setdefault(each.task, []).append(each)
    width = max(map(len, (stage, *by_task)))
    yield f"{stage:<{width}}  {'mean':>8}  {'rate':>8}  by seed"
    for task, measured in by_task.items():
        known = [each.score for each in measured if each.score is not None]
        mean = f"{sum(known) / len(known):.4f}" if known else "-"
        rates = [each.rate for each in measured if each.rate is not None]
        rate = f"{rates[0]:.2e}" if rates else "-"
        seeds = "  ".join(map(_run, measured))
        yield f"{task:<{width}}  {mean:>8}  {rate:>8}  {seeds}"


def _run(run: "Measurement") -> str:
    """One seed with its score, or with its outcome and the step."""
    if run.score is not None and run.step is None:
        return f"{run.seed}: {run.score:.4f}"
    at = "" if run.step is None else f" at step {run.step}"
    return f"{run.seed}: {run.outcome.replace('_', ' ')}{at}"


def _apart(whose: str, source: "SourceProgram", found: "Origin") -> Iterator[str]:
    """The difference of a program from one that it came from: the changed lines, and the steps."""
    from dsl.behaviour.difference import difference
    from stepsmith.cli.diff import relation, told

    between = difference(source.program, found.program)
    yield ""
    yield f"against {whose}, c{source.number}: {relation(between)}"
    for line in between.lines:
        if line.mark.strip():
            yield f"  {line.mark} {line.text}"
    for sentence in told(between.behaviour):
        yield f"  {sentence}"
