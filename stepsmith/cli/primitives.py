"""`stepsmith primitives`: the words of the language, from their declarations."""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption

if TYPE_CHECKING:
    from dsl.language.initialisers import Initialiser
    from dsl.language.registry import Primitive


@command
def primitives(
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these; all of the language by default.")
    ] = None,
    laws: Annotated[
        bool, typer.Option("--laws", help="The laws that `simplify` uses, as a table in Markdown.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the primitives that a rule may call, and how its slots may start.

    A kind says what a value holds: a Tensor like the parameters, a Scalar per tensor, a Global for
    the model. K stands for any of them; lower kinds are broadcast to higher ones.

    Example: stepsmith primitives interp norm
    """
    from dsl.errors import UnknownName, did_you_mean, listed
    from dsl.language.initialisers import INITIALISERS
    from dsl.language.registry import PRIMITIVES
    from dsl.plugins import HINT

    words = [*map(_primitive, PRIMITIVES.values()), *map(_initialiser, INITIALISERS.values())]
    known = {word["name"]: word for word in words}
    for name in names or ():
        if name not in known:
            raise UnknownName(
                f"unknown primitive '{name}'{did_you_mean(name, known)}",
                help=f"{listed(name, known)}; {HINT}",
            )
    chosen = [known[name] for name in names] if names else words
    if laws:
        typer.echo(laws_table([word["name"] for word in chosen]), nl=False)
    elif as_json:
        typer.echo(json.dumps(chosen, indent=2))
    else:
        _print_table(chosen)


def laws_table(names: Collection[str]) -> str:
    """The laws of some primitives in Markdown, those of each in the order of its declaration."""
    from dsl.language.registry import PRIMITIVES
    from search.report.markdown import table

    rows = []
    for primitive in PRIMITIVES.values():
        if primitive.name in names:
            for law in (*primitive.laws, *primitive.equations):
                where = ", ".join(f"`{each}`" for each in law.when)
                level = law.domain.name.lower()
                rows.append((f"`{primitive.name}`", f"`{law.text}`", law.title, level, where))
    return table(("primitive", "law", "name", "level", "where"), rows)


def _primitive(primitive: "Primitive") -> dict[str, Any]:
    return {
        "name": primitive.name,
        "call": f"{primitive.name}({', '.join(primitive.params)})",
        "signature": str(primitive.signature),
        "infix": primitive.infix.symbol if primitive.infix else None,
        "oracle": primitive.oracle is not None,
        "costs": str(primitive.oracle.costs) if primitive.oracle else None,
        "laws": [law.text for law in primitive.laws],
        "equations": [law.text for law in primitive.equations],
        "doc": primitive.doc,
    }


def _initialiser(rule: "Initialiser") -> dict[str, Any]:
    return {
        "name": rule.name,
        "call": f"slot={rule.call}",
        "signature": f"starts a {rule.kind} slot",
        "infix": None,
        "oracle": False,
        "costs": None,
        "laws": [],
        "equations": [],
        "doc": rule.doc,
    }


def _print_table(words: list[dict[str, Any]]) -> None:
    from stepsmith.table import print_table

    rows = []
    for word in words:
        first = word["doc"].split("\n\n")[0].replace("\n", " ")
        infix = f"  ({word['infix']})" if word["infix"] else ""
        costs = f" Costs {word['costs']}." if word["costs"] else ""
        rows.append((word["call"] + infix, word["signature"], first + costs))
    print_table(("call", "kinds", "meaning"), rows, whole=("call", "kinds"))
