"""Super-instructions: expressions that programs contain so often that one branch does them whole.

An instruction is a pass over the registers that it reads and makes, whatever it does, so a quotient
of Adam in one instead of five is felt. Each is written in the language; the list holds
what populations bred from the zoo contain most, largest first, and may be changed freely: it moves
costs, not results.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Local, Name, Program
from dsl.program.parse import parse
from dsl.program.walk import arguments
from dsl.rewrite.pattern import Pattern

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
    def pattern(self) -> Pattern:
        """The expression with a slot for each register, a hyperparameter for each number."""
        slots = ", ".join(f"{name}=zeros" for name in REGISTERS)
        numbers = ", ".join(f"{name}=0" for name in NUMBERS)
        return Pattern(parse(f"def idiom(w, g, {slots}, *, {numbers}):\n    return {self.text}"))

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """Its names, registers first."""
        return tuple(name for name in (*REGISTERS, *NUMBERS) if name in self.pattern.names)

    def meaning(self, xp: Any, *operands: Any) -> Any:
        """The value of the expression."""
        program = self.pattern.program
        values: dict[Arg, Any] = dict(zip(map(Name, self.operands), operands, strict=True))
        for index, (op, args) in enumerate((s.op, s.args) for s in program.statements):
            values[Local(index)] = PRIMITIVES[op].meaning(xp, *(values[arg] for arg in args))
        return values[program.result]


@dataclass(frozen=True)
class IdiomMatch:
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
) -> Mapping[int, IdiomMatch]:
    """The idioms in a program by their last statement; none shares a statement with another.

    **Arguments:** `late`: the statements that are not known before the step. `carried`: the idioms
    to look for by their outermost primitive, the preferred first. `is_number(arg)`: a value is
    known before the step.
    """
    reads = Counter(arguments(program, late))

    def accepts(name: str, arg: Arg) -> bool:
        return is_number(arg) == (name in NUMBERS)

    def enters(arg: Local) -> bool:
        return not is_number(arg)

    swallowed: set[int] = set()
    found: dict[int, IdiomMatch] = {}
    for root in sorted(late, reverse=True):
        if root in swallowed:
            continue
        statement = program.statements[root]
        for idiom in carried.get(statement.op, ()):
            match = idiom.pattern.match(
                statement, program.statements, accepts=accepts, enters=enters
            )
            if match and all(reads[Local(index)] == 1 for index in match.inner):
                args = tuple(match.bound[name] for name in idiom.operands)
                found[root] = IdiomMatch(idiom, args, match.inner)
                swallowed.update(match.inner)
                break
    return found
