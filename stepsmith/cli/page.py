"""`stepsmith page`: a generated page of the documentation."""

from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import ForceOption, OutOption
from stepsmith.errors import UsageError
from stepsmith.output import put


@command
def page(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A page; without one they are listed.")
    ] = "",
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Print a page of the documentation that is made from declarations, or list them.

    The language and its primitives, the keys of a config, the tables of a ledger, the zoo: as they
    are in this installation.

    Example: stepsmith page config
    """
    from dsl.errors import did_you_mean, listed
    from stepsmith.pages import pages
    from stepsmith.table import print_table

    known = pages()

    if not name:
        print_table(("page", "what"), [(each.name, each.about) for each in known.values()])
    elif name in known:
        put(known[name].text(), out, force=force)
    else:
        raise UsageError(
            f"unknown page '{name}'{did_you_mean(name, known)}\nhelp: {listed(name, known)}"
        )
