"""Expressions with free names, and where a program contains them.

A pattern is written in the language: `x / (sqrt(y) + k)`. Its free names match any value, one that
occurs twice matches the same value twice, a number matches itself. Arguments that may swap are
tried in both orders.
"""

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from dsl.errors import DslError, FormError
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES
from dsl.plugins.loader import after_loading
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.parse import parse
from dsl.syntax import syntax_tree


class Match(NamedTuple):
    """A pattern met in a program.

    `bound` has the value that each free name stands for, `inner` the statements that the pattern
    covers besides its outermost one.
    """

    bound: Mapping[str, Arg]
    inner: frozenset[int]


@dataclass(frozen=True)
class Pattern:
    """An expression; its free names are the slots and hyperparameters of `program`, whose result it
    is."""

    program: Program

    @cached_property
    def root(self) -> Statement:
        """The statement that makes the value of the expression."""
        assert isinstance(self.program.result, Local), "a pattern applies a primitive"
        return self.program.statements[self.program.result.index]

    @cached_property
    def names(self) -> frozenset[str]:
        """The free names that occur."""
        read = (arg for statement in self.program.statements for arg in statement.args)
        return frozenset(arg.id for arg in read if isinstance(arg, Name))

    @cached_property
    def primitives(self) -> frozenset[str]:
        """The primitives that it applies."""
        return frozenset(statement.op for statement in self.program.statements)

    def match(
        self,
        statement: Statement,
        statements: Sequence[Statement],
        *,
        accepts: Callable[[str, Arg], bool] | None = None,
        enters: Callable[[Local], bool] | None = None,
    ) -> Match | None:
        """The match whose outermost statement is `statement`, which reads `statements`.

        **Arguments:** `accepts(name, arg)`: a free name may stand for a value. `enters(arg)`: a
        value may be looked into, to match more than a free name. None stands for always.
        """
        inside = self.program.statements

        def value(wanted: Arg, met: Arg, so_far: Match) -> Match | None:
            if isinstance(wanted, Local):
                if (
                    not isinstance(met, Local)
                    or inside[wanted.index].op != statements[met.index].op
                ):
                    return None
                if enters is not None and not enters(met):
                    return None
                covered = Match(so_far.bound, so_far.inner | {met.index})
                return call(inside[wanted.index], statements[met.index], covered)
            if isinstance(wanted, Const):
                return so_far if wanted == met else None
            if wanted.id in so_far.bound:
                return so_far if so_far.bound[wanted.id] == met else None
            if accepts is not None and not accepts(wanted.id, met):
                return None
            return Match({**so_far.bound, wanted.id: met}, so_far.inner)

        def call(wanted: Statement, met: Statement, so_far: Match) -> Match | None:
            for args in _orders(met):
                found: Match | None = so_far
                for each, arg in zip(wanted.args, args, strict=True):
                    found = value(each, arg, found)
                    if found is None:
                        break
                else:
                    return found
            return None

        return call(self.root, statement, _NOTHING) if self.root.op == statement.op else None


_NOTHING = Match({}, frozenset())


def _orders(statement: Statement) -> list[tuple[Arg, ...]]:
    """The arguments as they stand, then swapped if they may be."""
    args = statement.args
    if PRIMITIVES[statement.op].commutative:
        return [args, (args[1], args[0], *args[2:])]
    return [args]


def parse_law(text: str, numbers: Collection[str] = ()) -> tuple[Program, Program]:
    """The two sides of a law `lhs => rhs` as programs whose free names are slots.

    A name that stands where a primitive wants a Global, or that is one of `numbers`, is a Global
    slot, any other a Tensor.

    **Raises:** FormError for a text that is no law.
    """
    try:
        lhs, rhs = _sides(text, numbers)
    except KeyError as error:
        raise FormError(f"the law {text} applies {error}, which is no primitive") from None
    except DslError as error:
        raise FormError(f"the law {text} cannot be read: {error.message}") from None
    except (SyntaxError, ValueError) as error:
        message = f"the law {text} cannot be read: {error}"
        raise FormError(message, help="a law is `expression => expression`") from None
    if not isinstance(lhs.result, Local):
        raise FormError(f"the left side of the law {text} applies no primitive")
    return lhs, rhs


def check_laws(brings: Sequence[tuple[str, str]]) -> None:
    """FormError if a law of a plug-in's primitives is none."""
    for sort, name in brings:
        if sort == PRIMITIVES.noun:
            for law in (*PRIMITIVES[name].laws, *PRIMITIVES[name].equations):
                parse_law(law.text, law.numbers)


after_loading(check_laws)


def _sides(text: str, numbers: Collection[str]) -> tuple[Program, Program]:
    sides = text.split("=>")
    kinds: dict[str, str] = dict.fromkeys(numbers, "number(0)")
    for node in ast.walk(syntax_tree(sides[0].strip())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            params = PRIMITIVES[node.func.id].signature.params
            for param, arg in zip(params, node.args, strict=True):
                if isinstance(arg, ast.Name) and param is Kind.GLOBAL:
                    kinds[arg.id] = "number(0)"
            kinds.setdefault(node.func.id, "")
        elif isinstance(node, ast.Name):
            kinds.setdefault(node.id, "zeros")
    slots = "".join(f", {name}={init}" for name, init in kinds.items() if init)
    lhs, rhs = (parse(f"def law(w, g{slots}):\n    return {side.strip()}") for side in sides)
    return lhs, rhs
