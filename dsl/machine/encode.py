"""A program as instructions: choosing opcodes, and what can be computed before the steps.

Statements become instructions in order, over values that have no register yet;
`dsl.machine.allocate` gives them registers. A Global that depends on the step, the rate and
numbers alone is early: it is computed once for all steps. What only the `new` of a `when` with an
early flag reads is guarded by the flag: on other steps its instructions are left out, and an oracle
among them is not paid. (Under a flag that is known only during the step both branches of a `when`
run, and one is taken.)
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dsl.initialisers import Init
from dsl.kinds import Kind
from dsl.lower import spelled_out
from dsl.machine.allocate import Instruction, Value, allocate
from dsl.machine.files import (
    FIRST_NUMBER,
    GRADIENT,
    HORIZON,
    PARAMETERS,
    RATE,
    STEP,
    Capacity,
    DoesNotFit,
)
from dsl.machine.idioms import IDIOMS, Match, find
from dsl.machine.opcodes import (
    COPY,
    FILL,
    LOSS,
    NUMBER,
    OPERANDS,
    REGISTER,
    form_of,
    in_register,
    opcodes,
)
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.prune import prune
from dsl.registry import PRIMITIVES, Primitive, Scope

Slots = tuple[tuple[int, Init], ...]
"""The register of each slot, and how it starts."""


class EarlyStep(NamedTuple):
    """A primitive applied to numbers before the steps; places among the numbers."""

    primitive: Primitive
    args: tuple[int, ...]
    to: int


class Encoded(NamedTuple):
    """A program for the machine: its instructions, its numbers, and how its slots start."""

    op: np.ndarray
    """int32 [length]"""
    args: np.ndarray
    """uint32 [length, OPERANDS]: registers or numbers, as the opcode's form says."""
    to: np.ndarray
    """uint32 [length]: registers."""
    guard: tuple[int | None, ...]
    """For each instruction the number that is 0 on steps where nothing reads what it makes."""
    result: int
    """The register that is subtracted from the parameters."""
    numbers: tuple[float, ...]
    """Constants and hyperparameters in their places; 0 where a value is computed."""
    early: tuple[EarlyStep, ...]
    slots: Slots


@lru_cache(maxsize=1024)
def encode(program: Program, primitives: tuple[str, ...], capacity: Capacity) -> Encoded:
    """The instructions of a program for a machine that carries `primitives`.

    **Raises:** DoesNotFit if it has too many instructions or live values, or another primitive.
    """
    return _Encoder(prune(spelled_out(program)), primitives, capacity).encoded()


@lru_cache(maxsize=64)
def _numbering(primitives: tuple[str, ...]) -> dict[tuple[str, str], int]:
    return {(op.name, op.form): number for number, op in enumerate(opcodes(primitives))}


class _Encoder:
    def __init__(self, program: Program, primitives: tuple[str, ...], capacity: Capacity):
        self.program = program
        self.capacity = capacity
        self.primitives = primitives
        self.opcode = _numbering(primitives)
        self.numbers = [0.0] * FIRST_NUMBER
        self.early: dict[Arg, int] = {Name("t"): STEP, Name("T"): HORIZON, Name("lr"): RATE}
        self.early_steps: list[EarlyStep] = []
        self.code: list[Instruction] = []
        self.values: dict[Arg, Value] = {
            Name("w"): Value(fixed=PARAMETERS),
            Name("g"): Value(fixed=GRADIENT),
        }
        self.values.update({Name(slot): Value() for slot in program.slots})

    def encoded(self) -> Encoded:
        for kind in (*self.program.kinds, *(init.kind for _, init in self.program.state)):
            if not in_register(kind):
                raise DoesNotFit(f"no register holds a {kind}")
        late = []
        for index, statement in enumerate(self.program.statements):
            if self.is_early(statement, self.program.kinds[index]):
                self.add_early(Local(index), statement)
            else:
                late.append(index)
        guards = _guards(self.program)
        carried = [idiom for idiom in IDIOMS if idiom.primitives <= set(self.primitives)]
        whole = find(self.program, late, carried, self.known_early)
        inside = {index for match in whole.values() for index in match.inner}
        for index in late:
            flag = guards.get(index)
            guard = None if flag is None else self.early.get(flag)
            if index in whole:
                self.values[Local(index)] = self.add_idiom(whole[index], guard)
            elif index not in inside:
                self.values[Local(index)] = self.add(self.program.statements[index], guard)
        starts = [self.values[Name(slot)] for slot in self.program.slots]
        ends = [self.register(self.value(arg)) for arg in self.program.updates]
        result = self.register(self.value(self.program.result))
        final = allocate(
            self.code, starts, ends, result, self.opcode[COPY, REGISTER], self.capacity.registers
        )
        length, room = len(final.code), self.capacity.instructions
        if length > room:
            raise DoesNotFit(f"{length} instructions, the machine holds {room}")
        args = np.zeros((length, OPERANDS), np.uint32)
        for row, step in enumerate(final.code):
            args[row, : len(step.args)] = [final.place[arg] for arg in step.args]
        slots = zip(starts, self.program.slots.values(), strict=True)
        return Encoded(
            op=np.asarray([step.op for step in final.code], np.int32),
            args=args,
            to=np.asarray([final.place[step.to] for step in final.code], np.uint32),
            guard=tuple(step.guard for step in final.code),
            result=final.place[final.result],
            numbers=tuple(self.numbers),
            early=tuple(self.early_steps),
            slots=tuple((final.place[start], init) for start, init in slots),
        )

    def is_early(self, statement: Statement, kind: Kind) -> bool:
        pure = PRIMITIVES[statement.op].scope is not Scope.STEP
        return kind is Kind.GLOBAL and pure and all(map(self.known_early, statement.args))

    def known_early(self, arg: Arg) -> bool:
        number = isinstance(arg, Name) and arg.id in self.program.hyperparameters
        return isinstance(arg, Const) or number or arg in self.early

    def number(self, arg: Arg) -> int:
        """The place of an early argument among the numbers."""
        if arg not in self.early:
            match arg:
                case Const(value):
                    self.early[arg] = self.new_number(value)
                case Name(id):
                    self.early[arg] = self.new_number(self.program.hyperparameters[id])
                case Local(index):
                    raise AssertionError(f"statement %{index} is not early")
        return self.early[arg]

    def new_number(self, value: float = 0.0) -> int:
        if len(self.numbers) == self.capacity.numbers:
            raise DoesNotFit(f"more than {self.capacity.numbers} numbers")
        self.numbers.append(value)
        return len(self.numbers) - 1

    def add_early(self, here: Local, statement: Statement) -> None:
        if statement.op not in self.primitives:
            raise DoesNotFit(f"the machine does not carry '{statement.op}'")
        args = tuple(map(self.number, statement.args))
        self.early[here] = self.new_number()
        step = EarlyStep(PRIMITIVES[statement.op], args, self.early[here])
        self.early_steps.append(step)

    def add(self, statement: Statement, guard: int | None) -> Value:
        """Append the instruction of a statement; its value."""
        primitive = PRIMITIVES[statement.op]
        args = [self.value(arg) for arg in statement.args]
        if len(args) == 2 and primitive.commutative and args[1].number is None:
            args.sort(key=lambda arg: arg.number is not None)
        for form in _fitting(args, primitive):
            if (statement.op, form) in self.opcode:
                filled = [
                    arg if file == NUMBER else self.register(arg, guard)
                    for arg, file in zip(args, form, strict=True)
                ]
                return self.emit(self.opcode[statement.op, form], tuple(filled), guard)
        raise DoesNotFit(f"the machine does not carry '{statement.op}'")

    def add_idiom(self, match: Match, guard: int | None) -> Value:
        """Append the instruction of an idiom; its value."""
        opcode = self.opcode[match.idiom.text, form_of(match.idiom)]
        return self.emit(opcode, tuple(map(self.value, match.args)), guard)

    def register(self, value: Value, guard: int | None = None) -> Value:
        """The value in a register, filled if it is a number."""
        if value.number is None:
            return value
        return self.emit(self.opcode[FILL, NUMBER], (value,), guard)

    def value(self, arg: Arg) -> Value:
        if arg not in self.values:
            if arg == Name("loss"):
                self.values[arg] = self.emit(self.opcode[LOSS, ""], (), None)
            else:
                self.values[arg] = Value(number=self.number(arg))
        return self.values[arg]

    def emit(self, op: int, args: tuple[Value, ...], guard: int | None) -> Value:
        made = Value()
        self.code.append(Instruction(op, args, made, guard))
        return made


def _fitting(args: list[Value], primitive: Primitive) -> list[str]:
    """Forms that could take the arguments; the first fills no register, the last all."""
    exact = [REGISTER if arg.number is None else NUMBER for arg in args]
    globals_only = [
        file if kind is Kind.GLOBAL else REGISTER
        for file, kind in zip(exact, primitive.signature.params, strict=True)
    ]
    return ["".join(form) for form in (exact, globals_only, [REGISTER] * len(args))]


def _guards(program: Program) -> dict[int, Arg]:
    """The flag of the one `when` whose `new` is all that reads a statement, where there is one."""
    demand: dict[int, set[Arg | None]] = {}

    def ask(arg: Arg, by: set[Arg | None]) -> None:
        if isinstance(arg, Local):
            demand.setdefault(arg.index, set()).update(by)

    for arg in (*program.updates, program.result):
        ask(arg, {None})
    for index in reversed(range(len(program.statements))):
        statement = program.statements[index]
        for position, arg in enumerate(statement.args):
            chosen = statement.op == "when" and position == 1
            ask(arg, {statement.args[0]} if chosen else demand[index])
    single = {index: next(iter(by)) for index, by in demand.items() if len(by) == 1}
    return {index: flag for index, flag in single.items() if flag is not None}
