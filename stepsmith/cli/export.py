"""`stepsmith export`: a rule as a stand-alone optimizer."""

import re
from pathlib import Path
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import RuleArgument, resolve
from stepsmith.errors import UsageError
from stepsmith.output import put

DISCOVERED = "discovered"
"""The format that is a folder, and where such folders are by default."""


@command
def export(
    rule: RuleArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="HOST|latex|rule|discovered",
            help="What to make of the rule: an optimizer for a library such as optax or torch, "
            "equations, its text, or a folder with all of these and a card.",
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="discovered: the rule's name there, its own by default."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE|DIR",
            help="Write here, not to stdout; a discovery by default to discovered/NAME.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file or files.")] = False,
) -> None:
    """Write a rule as an optimizer for Optax or PyTorch that needs nothing of ours, or as text.

    `--to discovered` writes the folder of a discovery: program, an optimizer for each host,
    equations, and a card with formula, evidence, demands, advice and lineage. For RUN:HASH, or the
    folder of a campaign, the evidence is what the run's ledger holds.

    Example: stepsmith export lion --to torch -o lion.py
    """
    if to == DISCOVERED:
        _discovery(rule, name, out, force=force)
        return
    if name is not None:
        raise UsageError(f"--name is for --to {DISCOVERED}, met --to {to}")

    from dsl.errors import did_you_mean
    from dsl.export import HOSTS, to_latex

    written = {"latex": to_latex, "rule": str, **{each: h.to_source for each, h in HOSTS.items()}}
    if to not in written:
        formats = [*HOSTS, "latex", "rule", DISCOVERED]
        raise UsageError(
            f"--to: unknown format '{to}'{did_you_mean(to, formats)}\n"
            f"help: the names are {', '.join(formats)}"
        )
    text = written[to](resolve(rule))
    if out is not None and out.suffix == ".py":
        _leaves_modules(out, text)
    put(text, out, force=force)


def _leaves_modules(out: Path, text: str) -> None:
    """Refuse the name of a module that the file itself imports: it would import itself."""
    imports = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
    if out.stem in imports:
        raise UsageError(
            f"{out} imports the module {out.stem}, in whose place a file of that name would stand\n"
            f"help: another name, such as {out.stem}_rule.py"
        )


def _discovery(rule: str, name: str | None, out: Path | None, *, force: bool) -> None:
    """Write the folder of a discovery and say what it is called."""
    from search.report.discovery import discovery
    from stepsmith.output import put_all

    asked = name if name is not None else resolve(rule).name
    made = discovery(rule, asked)
    folder = out or Path(DISCOVERED) / made.name
    put_all(made.files, folder, force=force)
    if made.name != asked:
        typer.echo(f"'{asked}' is called '{made.name}', a name that files can have", err=True)
    for reason in made.missing:
        typer.echo(f"Not written: {reason}", err=True)
    typer.echo(f"Written: {folder}, {', '.join(made.files)}", err=True)
