"""`stepsmith simplify`: a rule without what changes nothing, or without what does not matter."""

import enum
import json
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, JsonOption, OutOption, RuleArgument, resolve
from stepsmith.errors import UsageError
from stepsmith.measuring.work import EVALUATIONS, SEEDS, SUITE, WORKERS, MeasuringOptions
from stepsmith.output import check_new, put

if TYPE_CHECKING:
    from dsl.program import Program
    from dsl.simplifier import Simplified
    from search.reduction.alone import ReductionSpec
    from search.reduction.choices import Choice, MeasuredReduction


class Level(enum.StrEnum):
    """The means that may be used: laws, and for the last one measurement too."""

    EXACT = "exact"
    FINITE = "finite"
    MEASURED = "measured"


class _Table(NamedTuple):
    """A table that was measured, its terms, and the line that is printed."""

    found: "MeasuredReduction"
    terms: "ReductionSpec"
    chosen: "Choice"


@command
def simplify(
    rule: RuleArgument,
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            help="exact: laws that hold always, NaN and infinities included; finite: those of real "
            "arithmetic too, for the same steps to rounding wherever all values are finite; "
            "measured: then whatever tests on tasks see no harm in losing.",
        ),
    ] = Level.EXACT,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Print the chain instead: one law and one line of the rule a step."
        ),
    ] = False,
    suite: Annotated[
        str | None,
        typer.Option(metavar="SUITE", help=f"measured: a suite's name or file [default: {SUITE}]"),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="measured: only these tasks of the suite."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="measured: what all seeds are drawn from [default: 0]")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help=f"measured: new seeds of every test [default: {SEEDS}]")
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(help=f"measured: at most so many programs run [default: {EVALUATIONS}]"),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="measured: the loss of score that counts as harm [default: 0.01]"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help=f"measured: processes (Ray); 0 is this one alone [default: {WORKERS}]",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="measured: print the best of the table with at most N statements and slots.",
        ),
    ] = None,
    out: OutOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print a rule that takes the same steps with fewer statements; stderr says what went.

    The result is run beside the original on random streams, and refused if it differs.

    With `--level measured` statements, slots and digits go on being taken away as long as a paired
    test on fresh seeds sees no harm, as a campaign does with its finalists. Rule and scale are
    tuned on the grid of `stepsmith compare`, one weight decay for all tasks. The table of size
    against score goes to stderr. Ctrl-C is safe: tunings are kept in ~/.cache/stepsmith/reduced.

    Example: stepsmith simplify my.rule --level finite --explain
    """
    asked = MeasuringOptions(suite, tasks, seed, seeds, evaluations, margin, workers, size)
    if level is not Level.MEASURED:
        asked.refuse_any(level.value)
    else:
        from evaluators.training.environment import prepare_process

        prepare_process()
    from dsl.language.registry import Domain
    from dsl.simplifier import simplified

    program = resolve(rule)
    domain = Domain.EXACT if level is Level.EXACT else Domain.FINITE
    found = simplified(program, domain, explain=explain)
    table = None
    if level is Level.MEASURED:
        check_new(out, force=force)
        table = _measured(found.program, asked)
    made = table.chosen.program if table else found.program
    if as_json:
        text = json.dumps(_facts(program, found, level, explain, table), indent=2)
    else:
        text = "\n".join(_chain(program, found, table)) if explain else str(made)
    put(text, out, force=force)
    if not as_json:
        if found.refused:
            typer.echo(f"Refused: {found.refused}", err=True)
        typer.echo(_removed(program, made), err=True)


def _measured(rule: "Program", asked: MeasuringOptions) -> _Table:
    """The table of a simplified rule, which is shown on stderr, and what is chosen of it."""
    import signal

    from rich.console import Console

    from stepsmith.measuring.progress import reducing
    from stepsmith.measuring.table import table
    from stepsmith.measuring.work import measured, terms_of

    terms = terms_of(asked)
    chatter = Console(stderr=True, highlight=False)

    def say(sentence: str) -> None:
        chatter.print(sentence, markup=False, soft_wrap=True)

    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with reducing(chatter) as observe:
            found = measured(rule, terms, asked.workers, observe, say)
    except KeyboardInterrupt:
        say("Interrupted. Tunings that were done are kept; the rest begins anew with")
        say(f"  {shlex.join(['stepsmith', *sys.argv[1:]])}")
        raise typer.Exit(130) from None
    chosen = found.chosen if asked.size is None else found.at_most(asked.size)
    console = chatter if chatter.is_terminal else Console(stderr=True, highlight=False, width=140)
    console.print(table(found, terms, chosen or found.chosen))
    if chosen is None:
        least = min(each.size for each in found.choices)
        raise UsageError(f"--size: nothing in the table is as small as {asked.size}, met {least}")
    return _Table(found, terms, chosen)


def _as_interrupt(number: int, frame: object) -> None:
    """A polite kill ends the work as Ctrl-C does."""
    raise KeyboardInterrupt


def _chain(program: "Program", found: "Simplified", table: _Table | None) -> list[str]:
    """The text that went in, the steps, the text that came out."""
    lines = [str(program), ""]
    for number, step in enumerate(found.chain, start=1):
        lines.append(f"{number:3}. {step}")
    assumed = sorted({each for step in found.chain for each in step.assumed})
    if assumed:
        lines += ["", f"Not shown, but so at the defaults: {', '.join(assumed)}"]
    lines += ["", str(found.program)]
    if table is None:
        return lines
    from stepsmith.measuring.table import changes

    told = changes(table.found)
    lines += ["", *(f"{at:3}. {each}" for at, each in enumerate(told, len(found.chain) + 1))]
    return [*lines, "", str(table.chosen.program)]


def _facts(
    program: "Program", found: "Simplified", level: Level, explain: bool, table: _Table | None
) -> dict[str, Any]:
    made = table.chosen.program if table else found.program
    facts: dict[str, Any] = {
        "rule": program.name,
        "level": level.value,
        "before": {"statements": len(program.statements), "slots": list(program.slots)},
        "after": {
            "statements": len(made.statements),
            "slots": list(made.slots),
        },
        "text": str(made),
        "refused": found.refused or None,
    }
    if table:
        from stepsmith.measuring.table import data

        facts["measured"] = data(table.found, table.terms, table.chosen)
    if explain:
        facts["chain"] = [
            {
                "law": step.law,
                "equation": step.equation or None,
                "before": step.before,
                "after": step.after,
                "assumed": list(step.assumed),
                "text": str(step.program),
            }
            for step in found.chain
        ]
    return facts


def _removed(before: "Program", after: "Program") -> str:
    parts = []
    count = len(before.statements) - len(after.statements)
    if count:
        parts.append(f"{count} of {len(before.statements)} statements")
    for what, old, new in (
        ("slot", before.slots, after.slots),
        ("hyperparameter", before.hyperparameters, after.hyperparameters),
        ("input", before.inputs, after.inputs),
    ):
        gone = [name for name in old if name not in new]
        if gone:
            parts.append(f"{what}{'s' if len(gone) > 1 else ''} {', '.join(gone)}")
    if parts:
        return f"Removed: {'; '.join(parts)}"
    return "Nothing to remove" if before == after else "Rewritten; nothing removed"
