"""`stepsmith combine`: a rule made of a rule by combinators."""

from typing import TYPE_CHECKING, Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, OutOption, RuleArgument, resolve
from stepsmith.errors import UsageError
from stepsmith.output import put

if TYPE_CHECKING:
    from dsl.program import Program


@command
def combine(
    rule: RuleArgument,
    combinators: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME[:K=V,...]...",
            help="What is done to it, one after the other; without any they are listed.",
        ),
    ] = None,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Print the rule that combinators make of a rule: clipping, schedules, decay, masks.

    Each may be given numbers, the defaults of the hyperparameters that it adds. Those that need
    more than numbers are in Python, `dsl.combine` (`stepsmith page language`).

    Example: stepsmith combine lion clipped_by_global_norm:c=1 warmup:warmup=100 cosine
    """
    program = resolve(rule)
    if not combinators:
        _list()
        return
    for text in combinators:
        program = _combined(program, text)
    put(str(program), out, force=force)


def _combined(program: "Program", text: str) -> "Program":
    from dsl.combine import COMBINATORS
    from dsl.errors import did_you_mean, listed
    from stepsmith.verifying.expressions import numbers

    name, _, given = text.partition(":")
    if name not in COMBINATORS:
        raise UsageError(
            f"unknown combinator '{name}'{did_you_mean(name, COMBINATORS)}\n"
            f"help: {listed(name, COMBINATORS)}"
        )
    return COMBINATORS[name](program, **numbers(given, name))


def _list() -> None:
    import inspect

    from dsl.combine import COMBINATORS
    from stepsmith.table import print_table

    rows = []
    for name, combinator in COMBINATORS.items():
        adds = ", ".join(
            f"{each}={value:g}"
            for each, value in combinator.piece.hyperparameters.items()
            if each not in (*combinator.shared, combinator.name)
        )
        about = (inspect.getdoc(combinator.function) or "").split("\n\n")[0]
        rows.append((name, adds, " ".join(about.split())))
    print_table(("combinator", "numbers", "what"), rows, whole=("combinator",))
