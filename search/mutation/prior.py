"""A prior over changes: what known rules do, counted over their families.

`follows` says how often a primitive is applied to a value that another one made; `macros` are
groups of two to four statements that occur in several families, with the slots that they update.
Rules of one family count once. A rule of the zoo that a campaign leaves out is not counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from dsl.declare import until_declared
from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import INPUTS, Arg, Const, Local, Name, Program
from dsl.rewrite.canonical import canonical
from dsl.rewrite.family import family
from dsl.rewrite.liveness import live
from search.mutation.sampling import Weighted

FEWEST, SMALLEST, LARGEST = 3, 2, 4
"""Families that a macro occurs in, and statements that it has: at least, and at most."""
_RATE = "lr"


class Hole(NamedTuple):
    """An argument of a macro that is left open; equal numbers are the same value."""

    number: int
    kind: Kind


class OwnSlot(NamedTuple):
    """A slot that a macro brings along and updates."""

    number: int


MacroArg: TypeAlias = Local | Const | Name | Hole | OwnSlot
"""A value of the macro itself, a number, an input, or what is filled in when it is inserted."""


@dataclass(frozen=True)
class Macro:
    """A few statements, the last of which makes its value; `slots` have their start and the place
    of the statement that is their next value."""

    statements: tuple[tuple[str, tuple[MacroArg, ...]], ...]
    slots: tuple[tuple[Init, int], ...] = ()

    def __str__(self) -> str:
        """As calls inside one another; numbers are written as `#`."""
        return self._text(len(self.statements) - 1)

    def _text(self, index: int) -> str:
        op, args = self.statements[index]
        return f"{op}({', '.join(map(self._arg_text, args))})"

    def _arg_text(self, arg: MacroArg) -> str:
        match arg:
            case Local(index):
                return self._text(index)
            case Const():
                return "#"
            case Name(id):
                return id
            case Hole(number, kind):
                return f"{kind}{number}"
            case OwnSlot(number):
                init, index = self.slots[number]
                return f"slot{number}={init}->{index}"


class Prior:
    """The habits of `programs`, restricted to the primitives with a weight."""

    def __init__(self, programs: Iterable[Program], weights: dict[str, float]):
        allowed = {name for name, weight in weights.items() if weight > 0}
        by_family = {family(program): program for program in programs}
        follows: dict[str, Counter[str]] = {}
        macros: Counter[str] = Counter()
        first: dict[str, Macro] = {}
        for key in sorted(by_family):
            program = canonical(by_family[key])
            for maker, op in sorted(set(_pairs(program, allowed))):
                follows.setdefault(maker, Counter())[op] += 1
            found = {str(each): each for each in _macros(program, allowed)}
            macros.update(found.keys())
            for text in sorted(found):
                first.setdefault(text, found[text])
        self._follows = {
            maker: Weighted[Primitive]((PRIMITIVES[op], n) for op, n in sorted(counts.items()))
            for maker, counts in sorted(follows.items())
        }
        common = [(first[text], float(n)) for text, n in sorted(macros.items()) if n >= FEWEST]
        self.macros = Weighted[Macro](common)

    def after(self, maker: str) -> Weighted[Primitive] | None:
        """Primitives by how often they read a value of `maker`: a primitive, an input, or `slot`;
        None where no rule does."""
        return self._follows.get(maker)


@until_declared
@lru_cache(maxsize=4)
def prior_of(programs: tuple[Program, ...], weights: tuple[tuple[str, float], ...]) -> Prior:
    """The habits of programs; those of the whole zoo take a second to find."""
    return Prior(programs, dict(weights))


def maker_of(program_slots: Iterable[str], ops: Sequence[str], arg: Arg) -> str:
    """The maker of a value, as `Prior.after` names it."""
    match arg:
        case Local(index):
            return ops[index]
        case Name(id):
            return "slot" if id in program_slots else id if id in INPUTS else "number"
        case Const():
            return "number"


def _pairs(program: Program, allowed: set[str]) -> Iterator[tuple[str, str]]:
    """(maker, primitive) for every argument of a live statement that is no number."""
    ops = [statement.op for statement in program.statements]
    for index in live(program).statements:
        statement = program.statements[index]
        if statement.op in allowed:
            for arg in statement.args:
                maker = maker_of(program.slots, ops, arg)
                if maker != "number":
                    yield maker, statement.op


def _macros(program: Program, allowed: set[str]) -> Iterator[Macro]:
    """Every connected group of statements whose last one is a tensor made of the others."""
    fits = {i for i, each in enumerate(program.statements) if each.op in allowed}
    for root in sorted(i for i in fits if program.kinds[i] is Kind.TENSOR):
        groups = {frozenset((root,))}
        for _ in range(LARGEST - 1):
            grown = {
                group | {arg.index}
                for group in groups
                for index in group
                for arg in program.statements[index].args
                if isinstance(arg, Local) and arg.index in fits and arg.index not in group
            }
            for group in sorted(grown, key=sorted):
                made = _macro(program, sorted(group))
                if made is not None:
                    yield made
            groups = grown


def _macro(program: Program, group: Sequence[int]) -> Macro | None:
    """The macro of some statements, the last its value; None if it reads the rate, or nothing."""
    place = {index: Local(at) for at, index in enumerate(group)}
    nexts = {slot: arg.index for slot, arg in program.next_values.items() if isinstance(arg, Local)}
    holes: dict[Arg, Hole] = {}
    own: dict[str, OwnSlot] = {}

    def moved(arg: Arg) -> MacroArg:
        if isinstance(arg, Local) and arg.index in place:
            return place[arg.index]
        if isinstance(arg, Const):
            return arg
        if isinstance(arg, Name):
            if arg.id in program.hyperparameters:
                return Const(program.hyperparameters[arg.id])
            if arg.id in ("t", "T", "loss"):
                return arg
            if nexts.get(arg.id) in place:
                return own.setdefault(arg.id, OwnSlot(len(own)))
        return holes.setdefault(arg, Hole(len(holes), program.kind_of(arg)))

    if any(Name(_RATE) in program.statements[index].args for index in group):
        return None
    statements = tuple(
        (program.statements[index].op, tuple(map(moved, program.statements[index].args)))
        for index in group
    )
    if not holes:
        return None
    return Macro(statements, tuple((program.slots[s], place[nexts[s]].index) for s in own))
