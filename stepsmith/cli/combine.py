"""`stepsmith combine`: a rule made of a rule by combinators."""

from typing import TYPE_CHECKING, Annotated

import typer

from search.rules import RULE_FORMS
from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, OutOption, resolve
from stepsmith.errors import UsageError
from stepsmith.output import put

if TYPE_CHECKING:
    from dsl.program import Program


@command
def combine(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE", show_default=False, help=f"{RULE_FORMS} Without one, all NAMEs."
        ),
    ] = "",
    combinators: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME[:K=V,...]...",
            help="What is put around it, the first one innermost, with numbers of its own if you "
            "like.",
        ),
    ] = None,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Print a rule with clipping, a schedule, decay, Lookahead, ... around it, as one rule.

    Without a NAME it lists them, with what each does and its numbers: they become hyperparameters
    of the rule that is printed. Combinators of two rules, or of a table, are for Python:
    `dsl.combine`, at the end of `stepsmith page language`.

    Example: stepsmith combine lion clipped_by_global_norm:c=1 warmup:warmup=100 cosine
    """
    program = resolve(rule) if rule else None
    if program is None or not combinators:
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
    from dsl.language.hyperparameters import Hyper
    from dsl.program.stated import range_text
    from stepsmith.table import print_table

    def within(hyper: Hyper) -> str:
        """The range of a number; none for the usual one."""
        return "" if hyper.usual else f" ({range_text(hyper)})"

    rows = []
    for name, combinator in COMBINATORS.items():
        defaults = combinator.piece.hyperparameters
        numbers = combinator.numbers.items()
        adds = ", ".join(f"{each}={defaults[each]:g}{within(hyper)}" for each, hyper in numbers)
        about = (inspect.getdoc(combinator.function) or "").split("\n\n")[0]
        rows.append((name, adds, " ".join(about.split())))
    print_table(("combinator", "numbers", "what"), rows, whole=("combinator",))
