"""The command line: `stepsmith COMMAND`, one file of this package per command.

A function that is decorated as a `command` is one; adding the file adds the command. Exit status
0: done; 1: the job failed; 2: wrong usage or a rule, config or run that cannot be read.

Beside the commands: `command` declares one and reports its errors; `rules` reads the rule that a
command is given; `origin` tells of a program of a run.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from dsl.declare import import_all
from stepsmith.cli.command import COMMANDS


class _Commands(TyperGroup):
    """The commands, of which some are called by two words."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if (words := " ".join(args[:2])) in self.commands:
            return words, self.commands[words], args[2:]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="stepsmith",
    cls=_Commands,
    help="Discover optimizers by program search, read them, export them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="stepsmith")


@app.callback()
def _stepsmith() -> None:
    """Discover optimizers by program search, read them, export them.

    RULE is a .rule file, a name of the zoo, the folder or name of a campaign, or RUN:HASH.
    """


import_all(__name__)
for _name, _command in COMMANDS.items():
    app.command(name=_name)(_command)

__all__ = ["app", "main"]
