"""Rules by what people call them, and the known rules nearest to one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.behaviour.nearest import Neighbour, known_as
from dsl.behaviour.nearest import nearest as neighbours
from dsl.behaviour.traits import Traits, traits
from dsl.program import Program
from search.rules import find
from stepsmith.api.html import paragraph, table
from stepsmith.api.plugins import use_plugins
from stepsmith.errors import UsageError


def load(rule: str | Path | Program) -> Program:
    """The program that a text names: a .rule file, a name of the zoo, the folder or name of a
    campaign or discovered rule (its winner), or RUN:HASH; a program is itself.

    **Raises:** NoSuchRule or NoSuchRun, with the nearest name, if it names none; UsageError for
    what is no text.
    """
    use_plugins()
    if isinstance(rule, Program):
        return rule
    if not isinstance(rule, str | Path):
        raise UsageError(
            f"wanted a rule, met {rule!r}\n"
            "help: give a Program, the name of a rule, a .rule file, a campaign or RUN:HASH; "
            "`dsl.program` makes a Program of a Python function"
        )
    return find(str(rule))


@dataclass(frozen=True, repr=False)
class Nearest:
    """The known rules that behave most like a rule, nearest first.

    `known_as` says what the rule is in their terms, `traits` how it behaves.
    """

    rule: Program
    known_as: str
    neighbours: tuple[Neighbour, ...]
    traits: Traits

    def __iter__(self) -> Iterator[Neighbour]:
        return iter(self.neighbours)

    def __len__(self) -> int:
        return len(self.neighbours)

    def __getitem__(self, at: int) -> Neighbour:
        return self.neighbours[at]

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `stepsmith nearest --json` prints it."""
        return {
            "rule": self.rule.name,
            "known_as": self.known_as,
            "neighbours": [each.to_json() for each in self.neighbours],
            "traits": self.traits.to_json(),
        }

    def __repr__(self) -> str:
        lines = [f"{self.rule.name}: {self.known_as}"]
        for each in self.neighbours:
            lines.append(f"  {each.distance:.4f}  {each.name}  {each.relation}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(each.name, f"{each.distance:.4f}", each.relation) for each in self.neighbours]
        head = ("rule", "distance", "relation")
        return paragraph(f"{self.rule.name}: {self.known_as}") + table(head, rows)


def nearest(rule: str | Path | Program, count: int = 10) -> Nearest:
    """The `count` known optimizers whose steps are most like those of a rule, as
    `stepsmith nearest` lists them.

    Distance is measured on a fixed stream of gradients: 0 for the same steps up to one factor, 0.71
    for steps at right angles, 1 for opposite ones.
    """
    program = load(rule)
    found = tuple(neighbours(program, count))
    return Nearest(program, known_as(program), found, traits(program))
