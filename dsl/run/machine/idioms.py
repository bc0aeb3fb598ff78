"""Super-instructions: expressions that programs contain so often that one branch does them whole.

An instruction is a pass over the registers that it reads and makes, whatever it does, so a quotient
of Adam in one instead of five is felt. Each is written in the language; the list holds
what populations bred from the zoo contain most, largest first, and may be changed freely: it moves
costs, not results.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Local, Name, Program, Statement
from dsl.program.parse import parse

REGISTERS, NUMBERS = ("x", "y"), ("j", "k", "l")
"""The names in an idiom: values in registers, and numbers known before the step."""

_TEXTS = (
    "x / k / (sqrt(y / l) + j)",
    "x / k / (sqrt(y) + j)",
    "x / (sqrt(y) + j)",
    "k * (x + l * y)",
    "k * (x + y)",
    "x + k * y",
    "sqrt(x / k) + j",
    "x / k / y",
    "interp(square(x), y, k)",
    "sign(interp(x, y, k))",
)


@dataclass(frozen=True)
class Idiom:
    """An expression over registers and numbers."""

    text: str

    @cached_property
    def program(self) -> Program:
        """The expression as a program with a slot for each register."""
        slots = ", ".join(f"{name}=zeros" for name in REGISTERS)
        numbers = ", ".join(f"{name}=0" for name in NUMBERS)
        return parse(f"def idiom(w, g, {slots}, *, {numbers}):\n    return {self.text}")

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """Its names, registers first."""
        read = {arg.id for s in self.program.statements for arg in s.args if isinstance(arg, Name)}
        return tuple(name for name in (*REGISTERS, *NUMBERS) if name in read)

    @property
    def primitives(self) -> frozenset[str]:
        """What it applies."""
        return frozenset(statement.op for statement in self.program.statements)

    @cached_property
    def outermost(self) -> str:
        """The primitive that makes its value."""
        assert isinstance(self.program.result, Local)
        return self.program.statements[self.program.result.index].op

    def meaning(self, xp: Any, *operands: Any) -> Any:
        """The value of the expression."""
        values: dict[Arg, Any] = dict(zip(map(Name, self.operands), operands, strict=True))
        for index, (op, args) in enumerate((s.op, s.args) for s in self.program.statements):
            values[Local(index)] = PRIMITIVES[op].meaning(xp, *(values[arg] for arg in args))
        return values[self.program.result]

    def match(
        self, statements: tuple[Statement, ...], root: int, is_number: Callable[[Arg], bool]
    ) -> "Match | None":
        """How statement `root` is this expression, if it is.

        **Arguments:** `is_number(arg)`: whether a value is known before the step.
        """
        found: dict[str, Arg] = {}
        inner: set[int] = set()

        def fits(pattern: Arg, arg: Arg) -> bool:
            if isinstance(pattern, Name):
                known = found.setdefault(pattern.id, arg) == arg
                return known and is_number(arg) == (pattern.id in NUMBERS)
            assert isinstance(pattern, Local)
            if not isinstance(arg, Local) or is_number(arg):
                return False
            wanted, met = self.program.statements[pattern.index], statements[arg.index]
            if wanted.op != met.op:
                return False
            inner.add(arg.index)
            pairs = [tuple(zip(wanted.args, met.args, strict=True))]
            if PRIMITIVES[met.op].commutative:
                pairs.append(tuple(zip(wanted.args, met.args[::-1], strict=True)))
            return any(attempt(pair) for pair in pairs)

        def attempt(pairs: tuple[tuple[Arg, Arg], ...]) -> bool:
            nonlocal found, inner
            before = found, inner
            found, inner = dict(found), set(inner)
            if all(fits(pattern, arg) for pattern, arg in pairs):
                return True
            found, inner = before
            return False

        if not fits(self.program.result, Local(root)):
            return None
        return Match(self, tuple(found[name] for name in self.operands), inner - {root})


@dataclass(frozen=True)
class Match:
    """An idiom met in a program: its operands, and the statements that it swallows."""

    idiom: Idiom
    args: tuple[Arg, ...]
    inner: Collection[int]


IDIOMS = tuple(map(Idiom, _TEXTS))


def find(
    program: Program,
    late: Collection[int],
    carried: Mapping[str, Sequence[Idiom]],
    is_number: Callable[[Arg], bool],
) -> Mapping[int, Match]:
    """The idioms in a program by their last statement; none shares a statement with another.

    **Arguments:** `late`: the statements that are not known before the step. `carried`: the idioms
    to look for by their outermost primitive, the preferred first.
    """
    readers: dict[int, int] = {}
    args = [arg for index in late for arg in program.statements[index].args]
    for arg in (*args, *program.updates, program.result):
        if isinstance(arg, Local):
            readers[arg.index] = readers.get(arg.index, 0) + 1
    swallowed: set[int] = set()
    found: dict[int, Match] = {}
    for root in sorted(late, reverse=True):
        if root in swallowed:
            continue
        for idiom in carried.get(program.statements[root].op, ()):
            match = idiom.match(program.statements, root, is_number)
            if match and all(readers[index] == 1 for index in match.inner):
                found[root] = match
                swallowed.update(match.inner)
                break
    return found
