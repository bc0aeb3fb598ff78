"""Commands of `stepsmith`: the declaration of one, and its errors as the user sees them."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import typer

from dsl.declare import Registry

COMMANDS: Registry[Callable[..., Any]] = Registry("command")
"""Every command by the word that calls it; its parameters are those of the command line."""

F = TypeVar("F", bound=Callable[..., Any])


def command(function: F) -> F:
    """Declare the decorated function as a command, under its own name."""
    COMMANDS.declare(function.__name__.replace("_", "-"), _reporting(function))
    return function


def _reporting(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command with errors of its user printed as their message."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
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
