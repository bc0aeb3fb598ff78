"""The command line: `stepsmith COMMAND`, one file of this package per command.

A function that is decorated as a `command` is one; adding the file adds the command. Exit status
0: done; 1: the job failed; 2: wrong usage or a rule, config or run that cannot be read.

Beside the commands: `command` declares one and reports its errors; `rules` reads the rule that a
command is given; `origin` tells of a program of a run.
"""

from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperGroup

from dsl.declare import import_all
from stepsmith.cli.command import COMMANDS, PLUGIN, load_plugins


class _Commands(TyperGroup):
    """The commands, of which some are called by two words, and those of plug-ins."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if not {args[0], " ".join(args[:2])} & self.commands.keys():
            self._learn(args)
        if (words := " ".join(args[:2])) in self.commands:
            return words, self.commands[words], args[2:]
        return super().resolve_command(ctx, args)

    def _learn(self, args: list[str]) -> None:
        """Add the commands that the user's plug-ins declare, those behind `--plugin` too."""
        words = [word for arg in args for word in _option_and_value(arg)]
        load_plugins([value for option, value in pairwise(words) if option == PLUGIN])
        for name in COMMANDS.keys() - self.commands.keys():
            one = typer.Typer(**_STYLE)
            one.command(name=name)(COMMANDS[name])
            self.add_command(typer.main.get_command(one), name)


def _option_and_value(arg: str) -> list[str]:
    """`--plugin=FILE` as two words, any other as it is."""
    return arg.split("=", 1) if arg.startswith(f"{PLUGIN}=") else [arg]


_STYLE: Any = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}
app = typer.Typer(
    name="stepsmith",
    cls=_Commands,
    help="Discover optimizers by program search, read them, export them.",
    no_args_is_help=True,
    **_STYLE,
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
