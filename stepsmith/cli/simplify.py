"""`stepsmith simplify`: a rule without what changes nothing."""

import enum
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, JsonOption, OutOption, RuleArgument, resolve
from stepsmith.output import put

if TYPE_CHECKING:
    from dsl.program import Program
    from dsl.simplifier import Simplified


class Level(enum.StrEnum):
    """The laws that may be used."""

    EXACT = "exact"
    FINITE = "finite"


@command
def simplify(
    rule: RuleArgument,
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            help="exact: laws that hold always, NaN and infinities included; finite: those of real "
            "arithmetic too, for the same steps to rounding wherever all values are finite.",
        ),
    ] = Level.EXACT,
    out: OutOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print a rule that takes the same steps with fewer statements; stderr says what went.

    The result is run beside the original on random streams, and refused if it differs.

    Example: stepsmith simplify my.rule --level finite -o shorter.rule
    """
    from dsl.language.registry import Domain
    from dsl.simplifier import simplified

    program = resolve(rule)
    found = simplified(program, Domain[level.name])
    if as_json:
        put(json.dumps(_facts(program, found, level), indent=2), out, force=force)
        return
    put(str(found.program), out, force=force)
    if found.refused:
        typer.echo(f"Refused: {found.refused}", err=True)
    typer.echo(_removed(program, found.program), err=True)


def _facts(program: "Program", found: "Simplified", level: Level) -> dict[str, Any]:
    return {
        "rule": program.name,
        "level": level.value,
        "before": {"statements": len(program.statements), "slots": list(program.slots)},
        "after": {
            "statements": len(found.program.statements),
            "slots": list(found.program.slots),
        },
        "text": str(found.program),
        "refused": found.refused or None,
    }


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
