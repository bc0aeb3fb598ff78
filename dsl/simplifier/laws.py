"""The laws of the registry, made ready to be looked for in a graph.

A law whose left side is a product or a quotient of several things is looked for among the factors
of a class, whatever their order and brackets; any other where it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from dsl.declare import until_declared
from dsl.language.registry import PRIMITIVES, Domain, Law
from dsl.program import Arg, Const, Local, Name, Program
from dsl.rewrite.pattern import parse_law


@dataclass(frozen=True)
class Free:
    """A free name."""

    name: str


@dataclass(frozen=True)
class Number:
    """A number that stands for itself."""

    value: float


@dataclass(frozen=True)
class CallPattern:
    """A primitive applied to patterns."""

    op: str
    args: "tuple[Shape, ...]"


Shape: TypeAlias = Free | Number | CallPattern


@dataclass(frozen=True)
class Ready:
    """A law with both sides as patterns; `factors` are those of a left side that is a product,
    `numbers` and `signs` what the law asks of names."""

    law: Law
    left: CallPattern
    right: Shape
    factors: tuple[tuple[Shape, int], ...]
    numbers: frozenset[str]
    signs: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The name of the law."""
        return self.law.title


def all_laws(domain: Domain) -> Iterator[Law]:
    """The laws that hold in a domain: primitives by name, those of each as it declares them."""
    for primitive in PRIMITIVES.values():
        for law in (*primitive.laws, *primitive.equations):
            if domain is Domain.FINITE or law.domain is Domain.EXACT:
                yield law


@until_declared
@lru_cache(maxsize=2)
def laws_by_op(domain: Domain) -> dict[str, list[Ready]]:
    """The laws that are looked for where they stand, by the outermost primitive."""
    table: dict[str, list[Ready]] = {}
    for each in _ready(domain):
        table.setdefault(each.left.op, []).append(each)
    return table


@until_declared
@lru_cache(maxsize=2)
def standing_laws(domain: Domain) -> dict[str, list[Ready]]:
    """Those of `laws_by_op` that arithmetic leaves to be looked for there: it knows products of
    products by their factors."""
    table = laws_by_op(domain)
    if domain is Domain.EXACT:
        return table
    return {op: [each for each in laws if not _is_nested(each)] for op, laws in table.items()}


def _is_nested(law: Ready) -> bool:
    """True for a product of products."""
    ops = [part.op for part in law.left.args if isinstance(part, CallPattern)]
    return law.left.op == "mul" and "mul" in ops


@until_declared
@lru_cache(maxsize=2)
def product_laws(domain: Domain) -> list[Ready]:
    """The laws that are looked for among factors."""
    if domain is Domain.EXACT:
        return []
    return [each for each in _ready(domain) if each.factors]


@until_declared
@lru_cache(maxsize=2)
def _ready(domain: Domain) -> list[Ready]:
    return [ready(law) for law in all_laws(domain)]


def ready(law: Law) -> Ready:
    """A law made ready."""
    lhs, rhs = parse_law(law.text, law.numbers)
    left, right = shape(lhs, lhs.result), shape(rhs, rhs.result)
    assert isinstance(left, CallPattern), "the left side of a law applies a primitive"
    factors = _factors(left) if law.domain is Domain.FINITE else ()
    return Ready(law, left, right, factors, law.numbers, law.signs)


def shape(program: Program, arg: Arg) -> Shape:
    """A value of a program whose free names are its slots, as a pattern."""
    match arg:
        case Const(value):
            return Number(value)
        case Name(id):
            return Free(id)
        case Local(index):
            statement = program.statements[index]
            return CallPattern(statement.op, tuple(shape(program, each) for each in statement.args))


def _factors(left: CallPattern) -> tuple[tuple[Shape, int], ...]:
    """The factors of a product of at least one call with something else; calls come first."""
    found: dict[Shape, int] = {}

    def collect(part: Shape, power: int) -> None:
        if isinstance(part, CallPattern) and part.op in ("mul", "div"):
            collect(part.args[0], power)
            collect(part.args[1], power if part.op == "mul" else -power)
        else:
            found[part] = found.get(part, 0) + power

    if left.op not in ("mul", "div"):
        return ()
    collect(left, 1)
    calls = [(part, power) for part, power in found.items() if isinstance(part, CallPattern)]
    others = [(part, power) for part, power in found.items() if not isinstance(part, CallPattern)]
    if not calls or any(isinstance(part, Number) for part, _ in others):
        return ()
    return (*calls, *others)
