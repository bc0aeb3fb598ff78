"""Rewriting by the laws that primitives declare, one forward pass over the statements.

A law `lhs => rhs` is written in the language; its free names match any value, a name that occurs
twice matches the same value twice. The pass meets a statement after its arguments, so a match is a
walk down from it.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import chain

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Domain, Law, Scope
from dsl.program import Arg, Const, Local, Name, Program, Statement, result_kind
from dsl.rewrite.patterns import parse_law

Bindings = dict[str, Arg]


@lru_cache(maxsize=2)
def laws_within(domain: Domain) -> dict[str, list[tuple[Program, Program]]]:
    """Patterns of the laws that hold in a domain by the primitive at the root of their left side.

    Those that would add statements where the left side's own are read elsewhere too are left out.
    """
    table: dict[str, list[tuple[Program, Program]]] = {}
    domains = (Domain.EXACT,) if domain is Domain.EXACT else (Domain.EXACT, domain)
    for law in chain.from_iterable(map(declared_laws, domains)):
        lhs, rhs = parse_law(law.text)
        assert isinstance(lhs.result, Local)
        if len(rhs.statements) > 1:
            continue
        table.setdefault(lhs.statements[lhs.result.index].op, []).append((lhs, rhs))
    return table


def declared_laws(domain: Domain) -> Iterator[Law]:
    """Every law of a domain: primitives by name, the laws of each as it declares them."""
    for primitive in PRIMITIVES.values():
        yield from (law for law in primitive.laws if law.domain is domain)


def apply_laws(program: Program, domain: Domain = Domain.EXACT) -> Program:
    """The program with the laws of a domain applied and arithmetic on numbers folded."""
    pass_ = _Pass(program, laws_within(domain))
    for index, statement in enumerate(program.statements):
        pass_.values[index] = pass_.rewrite(statement)
    return replace(
        program,
        statements=tuple(pass_.statements),
        updates=tuple(map(pass_.moved, program.updates)),
        result=pass_.moved(program.result),
    )


class _Pass:
    def __init__(self, program: Program, laws: dict[str, list[tuple[Program, Program]]]):
        self.program = program
        self.laws = laws
        self.statements: list[Statement] = []
        self.kinds: list[Kind] = []
        self.values: dict[int, Arg] = {}

    def moved(self, arg: Arg) -> Arg:
        return self.values[arg.index] if isinstance(arg, Local) else arg

    def rewrite(self, statement: Statement) -> Arg:
        args = tuple(map(self.moved, statement.args))
        return self.make(statement.op, args, statement.name)

    def make(self, op: str, args: tuple[Arg, ...], name: str | None = None) -> Arg:
        """The value of `op(*args)`: by a law, folded, or as a new statement."""
        folded = _fold(op, args)
        if folded is not None:
            return folded
        for lhs, rhs in self.laws.get(op, ()):
            root = lhs.result
            assert isinstance(root, Local)
            for swapped in _orders(op, args):
                bound: Bindings = {}
                if self.match_args(lhs, lhs.statements[root.index].args, swapped, bound):
                    return self.instantiate(rhs, rhs.result, bound)
        self.statements.append(Statement(op, args, name))
        self.kinds.append(result_kind(op, tuple(self.kind_of(arg) for arg in args)))
        return Local(len(self.statements) - 1)

    def kind_of(self, arg: Arg) -> Kind:
        return self.kinds[arg.index] if isinstance(arg, Local) else self.program.kind_of(arg)

    def match_args(
        self, pattern: Program, wanted: tuple[Arg, ...], met: tuple[Arg, ...], bound: Bindings
    ) -> bool:
        return all(self.match(pattern, w, m, bound) for w, m in zip(wanted, met, strict=True))

    def match(self, pattern: Program, wanted: Arg, met: Arg, bound: Bindings) -> bool:
        match wanted:
            case Const():
                return wanted == met
            case Name(id):
                return bound.setdefault(id, met) == met
            case Local(index):
                if not isinstance(met, Local):
                    return False
                inner, found = pattern.statements[index], self.statements[met.index]
                return inner.op == found.op and self.match_args(
                    pattern, inner.args, found.args, bound
                )

    def instantiate(self, pattern: Program, arg: Arg, bound: Bindings) -> Arg:
        match arg:
            case Name(id):
                return bound[id]
            case Local(index):
                inner = pattern.statements[index]
                return self.make(
                    inner.op, tuple(self.instantiate(pattern, a, bound) for a in inner.args)
                )
        return arg


def _orders(op: str, args: tuple[Arg, ...]) -> list[tuple[Arg, ...]]:
    if PRIMITIVES[op].commutative:
        return [args, (args[1], args[0], *args[2:])]
    return [args]


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
