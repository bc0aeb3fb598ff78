"""`stepsmith discover`: run a campaign, or resume it."""

import shlex
import signal
from pathlib import Path
from typing import Annotated

import typer

from stepsmith.cli.command import command


@command
def discover(
    config: Annotated[Path, typer.Argument(help="Campaign to run, a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a key, e.g. budget.candidates=500."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the run; runs/<campaign> by default."),
    ] = None,
) -> None:
    """Run a search campaign, or resume it where it was interrupted.

    Progress goes to stderr, the hall of fame to stdout. The folder of the run then holds the
    config, the ledger and the winner: as program text (winner.rule) and for each host that
    `stepsmith export` knows (winner_optax.py, winner_torch.py). Ctrl-C is safe: call the same
    command again to go on. A file STOP in the folder ends the search as a spent budget does: the
    best so far are measured; remove it and call again to go on.

    Example: stepsmith discover configs/quickstart.yaml --set workers=1
    """
    from stepsmith.api.discover import planned

    plan = planned(config, out, overrides or ())
    folder = plan.folder

    from rich.console import Console

    from stepsmith.discovering.hall import hall_table
    from stepsmith.discovering.watching import watching
    from stepsmith.output import data_console

    chatter = Console(stderr=True, highlight=False)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with watching(chatter) as observe:
            result = plan.work(observe)
    except KeyboardInterrupt:
        chatter.print(f"Interrupted. Nothing is lost but the work in flight; {folder} resumes with")
        chatter.print(f"  {resume_command(config, overrides or (), out)}", soft_wrap=True)
        raise typer.Exit(130) from None
    if result.was_complete:
        chatter.print(f"The campaign in {folder} is complete; nothing was left to do.")
    data = data_console()
    data.print(hall_table(result.hall, data.width))
    for reason in result.not_written:
        chatter.print(f"Not written: {reason}", markup=False)
    chatter.print(f"Everything is in {folder}, the winner in {folder / 'winner.rule'}")


def resume_command(config: Path, overrides: list[str] | tuple[str, ...], out: Path | None) -> str:
    """The command that resumes the run."""
    from dsl.plugins import loaded
    from dsl.plugins.named import NONE, none_asked

    words = ["stepsmith", "discover", str(config)]
    for override in overrides:
        words += ["--set", override]
    if none_asked():
        words += ["--plugin", NONE]
    for plugin in loaded():
        words += ["--plugin", plugin.name]
    if out is not None:
        words += ["--out", str(out)]
    return shlex.join(words)


def _as_interrupt(number: int, frame: object) -> None:
    """A polite kill ends a campaign as Ctrl-C does."""
    raise KeyboardInterrupt
