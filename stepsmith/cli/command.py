"""Commands of `stepsmith`: the declaration of one, its plug-ins, and its errors as the user sees
them."""

import errno
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from dsl.declare import Registry
from dsl.plugins import blamed, load_named

COMMANDS: Registry[Callable[..., Any]] = Registry("command")
"""Every command by the word that calls it; its parameters are those of the command line."""

F = TypeVar("F", bound=Callable[..., Any])


PLUGIN = "--plugin"
"""The option that names a plug-in."""
PluginOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        PLUGIN,
        metavar="FILE|MODULE",
        help="Your own primitives, tasks, strategies, ... to know too; may be repeated.",
    ),
]
_PLUGINS = inspect.Parameter(
    "plugins", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=PluginOption
)
"""The option that every command has besides its own."""


def command(function: F) -> F:
    """Declare the decorated function as a command, under its own name; of two words where that has
    two underscores between them: `primitives__check` is called by `stepsmith primitives check`."""
    name = function.__name__.replace("__", " ").replace("_", "-")
    COMMANDS.declare(name, _reporting(function))
    return function


def _reporting(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command with `--plugin`, and errors of its user printed as their message."""

    @functools.wraps(function)
    def run(*args: Any, plugins: list[str] | None = None, **kwargs: Any) -> Any:
        with _errors_as_messages():
            load_named(plugins or (), _prepare)
            return function(*args, **kwargs)

    own = inspect.signature(function, eval_str=True)
    vars(run)["__signature__"] = own.replace(parameters=[*own.parameters.values(), _PLUGINS])
    return run


def load_plugins(names: Sequence[str]) -> None:
    """Load plug-ins before it is known which command is asked for."""
    with _errors_as_messages():
        load_named(names, _prepare)


_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""The errors of a disk that is full or failing."""
_FULL = "see whether the disk is full or failing"


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    """Print what a user's error says, and end with its status."""
    try:
        yield
        sys.stdout.flush()
    except Exception as error:
        said = blamed(error) or error
        status, text = _exit_status(said), str(said)
        if status is None and isinstance(said, OSError) and said.errno in _DISK:
            _drop_output()
            where = said.filename or "the output"
            status, text = 1, f"{where} cannot be written: {said.strerror}\nhelp: {_FULL}"
        if status is None:
            raise
        typer.echo(text, err=True)
        raise typer.Exit(status) from None


def _drop_output() -> None:
    """Let what is still to be written go nowhere, lest Python fails at it once more at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _prepare() -> None:
    """Make this process one that computes: a plug-in may import JAX."""
    from evaluators.training.environment import prepare_process

    prepare_process()


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
