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
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Print the chain instead: one law and one line of the rule a step."
        ),
    ] = False,
    out: OutOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print a rule that takes the same steps with fewer statements; stderr says what went.

    The result is run beside the original on random streams, and refused if it differs.

    Example: stepsmith simplify my.rule --level finite --explain
    """
    from dsl.language.registry import Domain
    from dsl.simplifier import simplified

    program = resolve(rule)
    found = simplified(program, Domain[level.name], explain=explain)
    if as_json:
        text = json.dumps(_facts(program, found, level, explain), indent=2)
    else:
        text = "\n".join(_chain(program, found)) if explain else str(found.program)
    put(text, out, force=force)
    if not as_json:
        if found.refused:
            typer.echo(f"Refused: {found.refused}", err=True)
        typer.echo(_removed(program, found.program), err=True)


def _chain(program: "Program", found: "Simplified") -> list[str]:
    """The text that went in, the steps, the text that came out."""
    lines = [str(program), ""]
    for number, step in enumerate(found.chain, start=1):
        lines.append(f"{number:3}. {step}")
    assumed = sorted({each for step in found.chain for each in step.assumed})
    if assumed:
        lines += ["", f"Not shown, but so at the defaults: {', '.join(assumed)}"]
    return [*lines, "", str(found.program)]


def _facts(program: "Program", found: "Simplified", level: Level, explain: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
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
