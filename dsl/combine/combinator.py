"""A combinator is declared once, by the piece of program that it adds.

    @before("g")
    def clipped_by_global_norm(g, *, c=1.0):
        return clip_by_global_norm(g, c)

    @after("u")
    def cautious(g, u=zeros):
        ...

`before(name)` puts the piece in front of a program, which then reads its result as `name`: an input
or a hyperparameter, whose former value the piece may read under the same name. `after(slot)` puts
it behind: the slot stands for what the program would have subtracted from the parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from dsl.combine.graph import follow, substitute
from dsl.declare import Registry
from dsl.errors import FormError
from dsl.program import Program, check_hyperparameters, check_ranges
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

    @cached_property
    def piece(self) -> Program:
        """The statements that it adds, as a program; traced when it is first read."""
        return trace(self.function)

    def __call__(self, program: Program, **numbers: float) -> Program:
        """The combined program; `numbers` are defaults of hyperparameters that the piece adds.

        It has the name, the docstring and the hyperparameters of `program`, those of the piece
        after them. UnknownName for a number that the piece does not have, FormError for one that is
        the program's, UnknownName if there is nothing that the piece could take the place of.
        """
        for number in numbers:
            if number in (self.name, *self.shared) and number in program.hyperparameters:
                raise FormError(
                    f"'{number}' is the program's own in '{self.piece.name}'",
                    help=f"use program.with_hyperparameters({number}=...)",
                )
        check_hyperparameters(self.piece, numbers)
        check_ranges(self.piece, numbers)
        return self.put(self.piece.with_hyperparameters(**numbers), program)

    def put(self, piece: Program, program: Program) -> Program:
        """`program` with another piece in the place of this one."""
        if self.where == "before":
            return substitute(program, self.name, piece, self.shared)
        return follow(program, piece, self.name, self.shared)


COMBINATORS: Registry[Combinator] = Registry("combinator")


def before(
    name: str, *, shared: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Combinator]:
    """Declare the decorated function as what a program shall read as `name`.

    `shared` are hyperparameters that are those of the program, if it has them.
    """
    return lambda function: _declared(function, "before", name, shared)


def after(slot: str, *, shared: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Combinator]:
    """Declare the decorated function as what becomes of a program's result, its `slot`.

    `shared` are hyperparameters that are those of the program, if it has them.
    """
    return lambda function: _declared(function, "after", slot, shared)


def _declared(
    function: Callable[..., Any],
    where: Literal["before", "after"],
    name: str,
    shared: tuple[str, ...],
) -> Combinator:
    combinator = Combinator(function, where, name, shared)
    return COMBINATORS.declare(function.__name__, combinator)
