"""`stepsmith primitives check`: words of a plug-in held to what their declarations state."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption

if TYPE_CHECKING:
    from dsl.checks import Checked
    from dsl.language.initialisers import Initialiser
    from dsl.language.registry import Primitive


@command
def primitives__check(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|NAME]...",
            help="A plug-in, or a primitive or initialiser; by default those of all plug-ins.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Test primitives and initialisers of a plug-in as those of Stepsmith are tested.

    By number, on random arguments: the signature in NumPy and in JAX, laws and equations, the sign,
    and the files for Optax and PyTorch that a rule with it is exported to. Exit status 1 if
    something does not hold.

    Example: stepsmith primitives check my_primitive.py
    """
    from evaluators.training.environment import prepare_process

    prepare_process()
    from dsl.checks import check_initialiser, check_primitive
    from dsl.language.initialisers import INITIALISERS
    from dsl.language.registry import PRIMITIVES

    found: dict[str, list[Checked]] = {}
    for name in _chosen(words or ()):
        if name in PRIMITIVES:
            found[name] = list(check_primitive(PRIMITIVES[name]))
        else:
            found[name] = list(check_initialiser(INITIALISERS[name]))
    wrong = sum(bool(each.fault) for checks in found.values() for each in checks)
    if as_json:
        plain = {name: [asdict(each) for each in checks] for name, checks in found.items()}
        typer.echo(json.dumps(plain, indent=2))
    else:
        for name, checks in found.items():
            typer.echo("\n".join([_place(name), *map(_line, checks)]))
    if wrong:
        held = "statement does" if wrong == 1 else "statements do"
        typer.echo(f"{wrong} {held} not hold", err=True)
        raise typer.Exit(1)


def _chosen(words: Iterable[str]) -> list[str]:
    """The primitives and initialisers that are meant, in the order of the arguments."""
    from dsl.errors import UnknownName, did_you_mean
    from dsl.language.initialisers import INITIALISERS
    from dsl.language.registry import PRIMITIVES
    from dsl.plugins import Plugin, load, loaded
    from stepsmith.errors import UsageError

    def brought(plugin: Plugin) -> list[str]:
        return [*plugin.names("primitive"), *plugin.names("initialiser")]

    known = (*PRIMITIVES, *INITIALISERS)
    names: list[str] = []
    for word in words:
        if word in known:
            names.append(word)
        elif word.endswith(".py") or Path(word).exists() or "." in word or "/" in word:
            names += brought(load(word))
        else:
            raise UnknownName(
                f"unknown primitive '{word}'{did_you_mean(word, known)}",
                help="or give the path of a plug-in",
            )
    names = names if words else [name for plugin in loaded() for name in brought(plugin)]
    if not names:
        raise UsageError(
            "there is no primitive or initialiser to check\n"
            "help: give the path of a plug-in that declares one, or a name"
        )
    return list(dict.fromkeys(names))


def _place(name: str) -> str:
    """A word with the place of its declaration."""
    from dsl.language.initialisers import INITIALISERS
    from dsl.language.registry import PRIMITIVES

    word: Primitive | Initialiser = PRIMITIVES[name] if name in PRIMITIVES else INITIALISERS[name]
    function = word.meaning if name in PRIMITIVES else word.fill  # pyright: ignore
    code = getattr(function, "__wrapped__", function).__code__
    return f"{name}  ({code.co_filename}:{code.co_firstlineno})"


def _line(checked: "Checked") -> str:
    if checked.fault:
        return f"  FAILS  {checked.what}: {checked.fault}"
    if checked.skipped:
        return f"  -      {checked.what}: not checked, {checked.skipped}"
    return f"  holds  {checked.what}"
