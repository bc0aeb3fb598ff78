"""The command line: `stepsmith COMMAND`, one file of this package per command.

A module with a function of its own name is a command; adding the file adds the command. Exit status
0: done; 1: the job failed; 2: wrong usage or a rule, config or run that cannot be read.
"""

import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

import typer

app = typer.Typer(
    name="stepsmith",
    help="Discover optimizers by program search, read them, export them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="stepsmith")


def _reporting(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with errors of its user printed as their message."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            status = _exit_status(error)
            if status is None:
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(status) from None

    return run


def _exit_status(error: Exception) -> int | None:
    """2 or 1 for an error that its message explains, None for one of ours.

    An error says so itself (`exit_status`); those of the language and the evaluators, which know
    nothing of a command line, are wrong usage. They are looked up only where they are loaded.
    """
    status = getattr(error, "exit_status", None)
    if isinstance(status, int):
        return status
    for module, name in (("dsl.errors", "DslError"), ("evaluators.errors", "EvaluatorError")):
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and isinstance(error, known):
            return 2
    return None


@app.callback()
def _stepsmith() -> None:
    """Discover optimizers by program search, read them, export them.

    RULE is a .rule file, a name of the zoo, the folder or name of a campaign, or RUN:HASH.
    """


def _add_commands() -> None:
    for module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        command = getattr(importlib.import_module(f"{__name__}.{module}"), module, None)
        if inspect.isfunction(command):
            app.command(name=module.replace("_", "-"))(_reporting(command))


_add_commands()

__all__ = ["app", "main"]
