"""Values that are Python numbers when they are read: hyperparameters, counts, and what is made of
these by operations that never raise.

Python raises where tensors give infinity or NaN, so quotients, powers and roots are of numbers
whose sign is known: decays lie from 0 to below 1, counts begin at 1.
"""

import ast
from dataclasses import dataclass, field

from dsl.export.torch.templates import is_comparison, is_plain
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Arg, Const, Local, Name, Program

_LARGEST = 16
"""The largest exponent, as a magnitude, that a count is raised to: more may be too large."""

_LEAST = 1e-100
"""The least positive number whose products with others like it are above 0."""


def decays(program: Program) -> frozenset[str]:
    """The decays of averages, which lie from 0 to below 1."""
    hypers = program.hyperparameters
    return frozenset(n for n in ("b1", "b2", "b3") if n in hypers and 0 <= hypers[n] < 1)


@dataclass
class PythonNumbers:
    """The names and statements of a program whose values are Python numbers when they are read.

    Of these `positive` are certain to be above 0, `not_negative` not below, and `from_one` at least
    1; `corrections` are decays and what they are raised to by these, which is below 1 even when it
    is rounded, and `fractions` at most 1. `rates` are made of the learning rate, which may be given
    as a tensor, and `flags` are comparisons that nothing but choices reads.
    """

    program: Program
    found: set[Arg] = field(default_factory=set)
    positive: set[Arg] = field(default_factory=set)
    not_negative: set[Arg] = field(default_factory=set)
    from_one: set[Arg] = field(default_factory=set)
    corrections: set[Arg] = field(default_factory=set)
    fractions: set[Arg] = field(default_factory=set)
    rates: set[Arg] = field(default_factory=set)
    flags: set[Arg] = field(default_factory=set)

    def __post_init__(self) -> None:
        program = self.program
        inputs = {Name(name) for name in ("t", "T") if name in program.inputs}
        self.found |= {*map(Name, program.hyperparameters), Name("T"), *inputs}
        self.from_one |= {Name("t")} & inputs
        self.positive |= self.from_one
        self.not_negative |= {*map(Name, decays(program)), *self.positive}
        self.corrections |= {*map(Name, decays(program))}
        self.rates.add(Name("lr"))
        for index, statement in enumerate(program.statements):
            if not all(map(self.is_number, statement.args)):
                continue
            if self._is_one(index):
                self.found.add(Local(index))
                self._note_sign(index)
                self.rates |= {Local(index)} if self.rates & {*statement.args} else set()
            elif self._is_flag(index):
                self.flags.add(Local(index))

    def is_number(self, arg: Arg) -> bool:
        """True if a value is a Python number when it is read."""
        return isinstance(arg, Const) or arg in self.found

    def bound(self, index: int) -> int | None:
        """The argument of `maximum` and `minimum` that is a Python number beside a tensor."""
        statement = self.program.statements[index]
        if statement.op not in ("maximum", "minimum"):
            return None
        numbers = [at for at, arg in enumerate(statement.args) if self.is_number(arg)]
        at = numbers[0] if len(numbers) == 1 else None
        return None if at is None or statement.args[at] in self.rates else at

    def written(self, index: int, operands: list[ast.expr]) -> ast.expr | None:
        """The expression of a statement that is a number, where a declaration has another."""
        op = self.program.statements[index].op
        if Local(index) not in self.found:
            return None
        match op, operands:
            case "power", [x, y]:
                return ast.BinOp(x, ast.Pow(), y)
            case "div", [x, y]:
                return ast.BinOp(x, ast.Div(), y)
            case "square", [x]:
                return ast.BinOp(x, ast.Pow(), ast.Constant(2))
            case "sqrt", [x]:
                return ast.BinOp(x, ast.Pow(), ast.Constant(0.5))
            case "maximum", [x, y]:
                return ast.Call(ast.Name("max"), [x, y], [])
            case "minimum", [x, y]:
                return ast.Call(ast.Name("min"), [x, y], [])
        return None

    def _is_one(self, index: int) -> bool:
        """True if Python never raises at a statement of numbers."""
        statement = self.program.statements[index]
        args, primitive = statement.args, PRIMITIVES[statement.op]
        match statement.op, args:
            case "power", (base, exponent):
                if base in self.corrections and self._is_from_zero(exponent):
                    return True
                return base == Name("t") and self._is_small(exponent)
            case "div", (_, below):
                return self._is_above_zero(below)
            case "sqrt", (of,):
                return self._is_from_zero(of)
            case "square", (of,):
                return of in self.corrections or self._is_small(of)
            case (("maximum" | "minimum"), _):
                return True
        plain = primitive.scope is Scope.LEAF and not primitive.lazy and is_plain(primitive)
        return plain and primitive.signature.elementwise

    def _note_sign(self, index: int) -> None:
        statement, made = self.program.statements[index], Local(index)
        args = statement.args
        above = [self._is_above_zero(arg) for arg in args]
        from_zero = [self._is_from_zero(arg) for arg in args]
        from_one = [self._is_from_one(arg) for arg in args]
        match statement.op, args:
            case "power", (base, exponent):
                self.not_negative.add(made)
                if base in self.corrections:
                    below = self._is_from_one(exponent)
                    (self.corrections if below else self.fractions).add(made)
            case "sub", (Const(1.0), power) if power in self.corrections:
                self.positive.add(made)
            case "sub", (Const(1.0), power) if power in self.fractions:
                self.not_negative.add(made)
            case "sub", (Name("t"), Const(less)) if less <= 1:
                self.not_negative.add(made)
            case "square", _:
                self.not_negative.add(made)
            case "maximum", _:
                self.from_one |= {made} if any(from_one) else set()
                self.positive |= {made} if any(above) else set()
                self.not_negative |= {made} if any(from_zero) else set()
            case "add", _:
                self.from_one |= {made} if any(from_one) and all(from_zero) else set()
                self.positive |= {made} if any(above) and all(from_zero) else set()
                self.not_negative |= {made} if all(from_zero) else set()
            case (("mul" | "div" | "sqrt" | "minimum"), _):
                self.positive |= {made} if all(above) else set()
                self.not_negative |= {made} if all(from_zero) else set()
        self.not_negative |= {made} & self.positive

    def _is_flag(self, index: int) -> bool:
        """True if nothing but choices reads a comparison."""
        flag, statements = Local(index), self.program.statements
        if not is_comparison(PRIMITIVES[statements[index].op]):
            return False
        kept = {*self.program.next_values.values(), self.program.result}
        return flag not in kept and all(
            statement.args[0] == flag and flag not in statement.args[1:] and statement.op == "when"
            for statement in statements
            if flag in statement.args
        )

    def _is_above_zero(self, arg: Arg) -> bool:
        return arg.value > _LEAST if isinstance(arg, Const) else arg in self.positive

    def _is_from_one(self, arg: Arg) -> bool:
        return arg.value >= 1 if isinstance(arg, Const) else arg in self.from_one

    def _is_from_zero(self, arg: Arg) -> bool:
        return arg.value >= 0 if isinstance(arg, Const) else arg in self.not_negative

    def _is_small(self, exponent: Arg) -> bool:
        """True for an exponent that is a number of usual size."""
        match exponent:
            case Const(value):
                return abs(value) <= _LARGEST
            case Name(id) if id in self.program.hyperparameters:
                return abs(self.program.hyperparameters[id]) <= _LARGEST
        return False
