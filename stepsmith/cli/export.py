"""`stepsmith export`: a rule as a stand-alone optimizer."""

from collections.abc import Callable
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, OutOption, RuleArgument, resolve
from stepsmith.output import put


def _writer(name: str) -> Callable[..., str]:
    """The function that makes the text of a format: a host's file, equations, the rule itself."""
    from dsl.export import HOSTS, to_latex

    hosts = {host: declared.to_source for host, declared in HOSTS.items()}
    formats = {**hosts, "latex": to_latex, "rule": str}
    if name not in formats:
        raise typer.BadParameter(f"'{name}' is not one of {', '.join(formats)}.")
    return formats[name]


@command
def export(
    rule: RuleArgument,
    to: Annotated[
        Callable[..., str],
        typer.Option(
            "--to",
            parser=_writer,
            metavar="HOST|latex|rule",
            help="What to make of the rule: an optimizer for a library such as optax or torch, "
            "equations, its text.",
        ),
    ],
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Write a rule as an optimizer for Optax or PyTorch that needs nothing of ours, or as text.

    Example: stepsmith export lion --to torch -o lion.py
    """
    put(to(resolve(rule)), out, force=force)
