"""`stepsmith nearest`: the known rules that behave most like a rule."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption, RuleArgument

if TYPE_CHECKING:
    from dsl.behaviour.nearest import Neighbour
    from dsl.behaviour.traits import Traits

_NOTHING = "no finite steps to tell by"


@command
def nearest(
    rule: RuleArgument,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Rules to list.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List the known optimizers whose steps are most like those of a rule, and how it behaves.

    Distance is measured on a fixed stream of 32 gradients: 0 for the same steps up to one factor,
    such as the learning rate, 0.71 for steps at right angles, 1 for opposite ones. A rule is called
    a known one with other constants if changing its numbers makes it that one.

    Example: stepsmith nearest quickstart --count 5
    """
    from stepsmith.api.rules import nearest as neighbours

    found = neighbours(rule, count)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
        return
    typer.echo(f"{found.rule.name}: {found.known_as}\n")
    _print_neighbours(found.neighbours)
    typer.echo()
    _print_traits(found.traits)


def _print_neighbours(found: "Sequence[Neighbour]") -> None:
    from dsl.zoo import ENTRIES
    from stepsmith.table import print_table

    head = ("rule", "distance", "relation", "idea")
    rows = [
        (each.name, f"{each.distance:.4f}", each.relation, ENTRIES[each.name].idea)
        for each in found
    ]
    print_table(head, rows, right=head[1:2], whole=head[:3])


def _print_traits(behaviour: "Traits") -> None:
    """The behaviour of the rule, a line for each trait."""
    from dsl.errors import counted
    from stepsmith.table import print_table

    facts = {
        "size of a step": _power("the gradient's scale", behaviour.scaling),
        "over time": _power("the number of steps along one gradient", behaviour.growth),
        "over entries": _correlation(behaviour.rank_correlation),
        "one gradient lasts": _steps(behaviour.remembers),
        "follows a turn within": _steps(behaviour.turns),
        "a gradient moves": behaviour.reach,
        "reads": ", ".join(behaviour.reads) or "nothing",
        "state": f"{counted(behaviour.memory, 'number')} per parameter",
    }
    print_table(("", ""), list(facts.items()))


def _power(of: str, power: float | None) -> str:
    return _NOTHING if power is None else f"follows {of} to the power {round(power, 2) + 0.0:.2f}"


def _steps(count: int | None) -> str:
    from dsl.behaviour.traits import SEEN
    from dsl.errors import counted

    if count is None:
        return _NOTHING
    return f"{SEEN} steps or more" if count == SEEN else counted(count, "step")


def _correlation(value: float | None) -> str:
    return (
        _NOTHING
        if value is None
        else f"rank correlation with the gradient {round(value, 2) + 0.0:.2f}"
    )
