"""`stepsmith export`: a rule as a stand-alone optimizer."""

import enum
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, OutOption, RuleArgument, put, resolve


class Host(enum.StrEnum):
    """What a rule can be exported to."""

    OPTAX = "optax"
    TORCH = "torch"
    LATEX = "latex"
    RULE = "rule"


@command
def export(
    rule: RuleArgument,
    to: Annotated[Host, typer.Option("--to", help="What to make of the rule.")],
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Write a rule as an Optax or PyTorch optimizer that needs nothing of ours.

    Example: stepsmith export lion --to torch -o lion.py
    """
    from dsl.export import to_latex, to_optax_source, to_torch_source

    program = resolve(rule)
    write = {
        Host.OPTAX: to_optax_source,
        Host.TORCH: to_torch_source,
        Host.LATEX: to_latex,
        Host.RULE: str,
    }[to]
    put(write(program), out, force=force)
