"""`stepsmith simplify`: a rule without what changes nothing."""

from typing import TYPE_CHECKING

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, OutOption, RuleArgument, resolve
from stepsmith.output import put

if TYPE_CHECKING:
    from dsl.program import Program


@command
def simplify(rule: RuleArgument, out: OutOption = None, force: ForceOption = False) -> None:
    """Print a rule that does exactly the same with fewer statements; stderr says what went.

    Example: stepsmith simplify my.rule -o shorter.rule
    """
    import dsl

    program = resolve(rule)
    shorter = dsl.simplify(program)
    put(str(shorter), out, force=force)
    typer.echo(_removed(program, shorter), err=True)


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
