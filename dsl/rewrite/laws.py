"""Rewriting by the laws that primitives declare, one forward pass over the statements.

A law `lhs => rhs` is written in the language, its left side a pattern. The pass meets a statement
after its arguments, so a match is a walk down from it.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

import numpy as np

from dsl.declare import until_declared
from dsl.language.registry import PRIMITIVES, Domain, Law, Scope
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter
from dsl.rewrite.pattern import Pattern, parse_law

Laws = dict[str, list[tuple[Pattern, Program]]]
"""Both sides of laws, by the outermost primitive of the left one."""


@until_declared
@lru_cache(maxsize=2)
def laws_within(domain: Domain) -> Laws:
    """The laws that hold in a domain.

    Those that would add statements where the left side's own are read elsewhere too are left out.
    """
    table: Laws = {}
    domains = (Domain.EXACT,) if domain is Domain.EXACT else (Domain.EXACT, domain)
    for law in chain.from_iterable(map(declared_laws, domains)):
        lhs, rhs = parse_law(law.text)
        if len(rhs.statements) <= 1:
            pattern = Pattern(lhs)
            table.setdefault(pattern.root.op, []).append((pattern, rhs))
    return table


def declared_laws(domain: Domain) -> Iterator[Law]:
    """Every law of a domain: primitives by name, the laws of each as it declares them."""
    for primitive in PRIMITIVES.values():
        yield from (law for law in primitive.laws if law.domain is domain)


def apply_laws(program: Program, domain: Domain = Domain.EXACT) -> Program:
    """The program with the laws of a domain applied and arithmetic on numbers folded."""
    made = Rewriter(program)
    laws = laws_within(domain)
    for index, statement in enumerate(program.statements):
        args = tuple(map(made.moved, statement.args))
        made.place[Local(index)] = _make(made, laws, Statement(statement.op, args, statement.name))
    return made.finish()


def _make(made: Rewriter[Program], laws: Laws, statement: Statement) -> Arg:
    """The value of a statement: folded, by a law, or of the statement as it stands."""
    folded = _fold(statement.op, statement.args)
    if folded is not None:
        return folded
    for lhs, rhs in laws.get(statement.op, ()):
        match = lhs.match(statement, made.statements)
        if match is not None:
            value: dict[Arg, Arg] = {Name(name): arg for name, arg in match.bound.items()}
            for index, each in enumerate(rhs.statements):
                args = tuple(value.get(arg, arg) for arg in each.args)
                value[Local(index)] = _make(made, laws, Statement(each.op, args))
            return value.get(rhs.result, rhs.result)
    return made.put(statement.op, *statement.args, name=statement.name)


def _fold(op: str, args: tuple[Arg, ...]) -> Const | None:
    """The number that `op` makes of numbers, if it is finite; computed in float64."""
    primitive = PRIMITIVES[op]
    elementwise = primitive.signature.elementwise or primitive.lazy
    values = [arg.value for arg in args if isinstance(arg, Const)]
    if not elementwise or primitive.scope is Scope.STEP or len(values) < len(args):
        return None
    with np.errstate(all="ignore"):
        value = float(primitive.meaning(np, *map(np.float64, values)))
    return Const(value + 0.0) if math.isfinite(value) else None
