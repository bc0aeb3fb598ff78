"""A combinator is declared once, by the piece of program that it adds.

    @before("g", numbers={"c": Hyper("largest norm that a gradient keeps")})
    def clipped_by_global_norm(g, *, c=1.0):
        return clip_by_global_norm(g, c)

    @after("u")
    def cautious(g, u=zeros):
        ...

`before(name)` puts the piece in front of a program, which then reads its result as `name`: an input
or a hyperparameter, whose former value the piece may read under the same name. `after(slot)` puts
it behind: the slot stands for what the program would have subtracted from the parameters. `numbers`
say what each hyperparameter that the piece adds means, and where it may lie.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from dsl.combine.graph import follow, substitute
from dsl.declare import Registry
from dsl.errors import FormError
from dsl.language.hyperparameters import Hyper
from dsl.language.numbers import checked
from dsl.program import Program, check_hyperparameters
from dsl.program.stated import check_within
from dsl.program.trace import program as trace


@dataclass(frozen=True)
class Combinator:
    """Called with a program and numbers, gives the program with `piece` put `where` at `name`.

    `function` spells the piece. `shared` are hyperparameters that are those of the program, if it
    has them.
    """

    function: Callable[..., Any]
    where: Literal["before", "after"]
    name: str
    shared: tuple[str, ...] = ()
    numbers: Mapping[str, Hyper] = field(default_factory=dict)

    @cached_property
    def piece(self) -> Program:
        """The statements that it adds, as a program; traced when it is first read."""
        return replace(trace(self.function), meanings=self.numbers)

    def __call__(self, program: Program, **numbers: float) -> Program:
        """The combined program; `numbers` are defaults of hyperparameters that the piece adds.

        It has the name, the docstring and the hyperparameters of `program`, those of the piece
        after them. UnknownName for a number that the piece does not have, FormError for one that is
        the program's or out of its range, UnknownName if there is nothing that the piece could take
        the place of.
        """
        for number in numbers:
            if number in (self.name, *self.shared) and number in program.hyperparameters:
                raise FormError(
                    f"'{number}' is the program's own in '{self.piece.name}'",
                    help=f"use program.with_hyperparameters({number}=...)",
                )
        check_hyperparameters(self.piece, numbers)
        check_numbers(self.piece.name, self.numbers, numbers)
        return self.put(self.piece.with_hyperparameters(**numbers), program)

    def put(self, piece: Program, program: Program) -> Program:
        """`program` with another piece in the place of this one."""
        if self.where == "before":
            return substitute(program, self.name, piece, self.shared)
        return follow(program, piece, self.name, self.shared)


COMBINATORS: Registry[Combinator] = Registry("combinator")


def before(
    name: str, *, shared: tuple[str, ...] = (), numbers: Mapping[str, Hyper] | None = None
) -> Callable[[Callable[..., Any]], Combinator]:
    """Declare the decorated function as what a program shall read as `name`.

    `shared` are hyperparameters that are those of the program, if it has them; `numbers` say of
    those that it adds what they mean and where they may lie.
    """
    return lambda function: _declared(function, "before", name, shared, numbers or {})


def after(
    slot: str, *, shared: tuple[str, ...] = (), numbers: Mapping[str, Hyper] | None = None
) -> Callable[[Callable[..., Any]], Combinator]:
    """Declare the decorated function as what becomes of a program's result, its `slot`.

    `shared` are hyperparameters that are those of the program, if it has them; `numbers` say of
    those that it adds what they mean and where they may lie.
    """
    return lambda function: _declared(function, "after", slot, shared, numbers or {})


def check_numbers(name: str, numbers: Mapping[str, Hyper], given: Mapping[str, float]) -> None:
    """FormError for the first number given to the combinator of that name which is out of its
    range, with what it means."""
    for number, value in given.items():
        if number in numbers:
            check_within(number, checked(value), numbers[number], f"{name} takes")


def _declared(
    function: Callable[..., Any],
    where: Literal["before", "after"],
    name: str,
    shared: tuple[str, ...],
    numbers: Mapping[str, Hyper],
) -> Combinator:
    combinator = Combinator(function, where, name, shared, numbers)
    return COMBINATORS.declare(function.__name__, combinator)
