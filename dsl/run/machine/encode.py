"""A program as instructions: choosing opcodes, and what can be computed before the steps.

Statements become instructions in order, over values that have no register yet;
`dsl.run.machine.allocate` gives them registers. A Global that depends on the step, the rate and
numbers alone is early: it is computed once for all steps. What only the `new` of a `when` with an
early flag reads is guarded by the flag: on other steps its instructions are left out, and an oracle
among them is not paid. (Under a flag that is known only during the step both branches of a `when`
run, and one is taken.)
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, UInt32

from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Local, Name, Program, Statement
from dsl.program.walk import Read, readers
from dsl.rewrite.lower import in_other_words, spelled_out
from dsl.rewrite.point import keeping_point
from dsl.rewrite.precomputed import STEP, Early, Numbers
from dsl.rewrite.prune import prune
from dsl.run.capacity import Capacity
from dsl.run.machine.allocate import Instruction, Value, allocate
from dsl.run.machine.idioms import IDIOMS, Idiom, IdiomMatch, find
from dsl.run.machine.opcodes import (
    COPY,
    EITHER,
    FILL,
    LOSS,
    NUMBER,
    OPERANDS,
    REGISTER,
    form_of,
    in_register,
    opcodes,
)
from dsl.run.machine.registers import (
    GRADIENT,
    PARAMETERS,
    DoesNotFit,
)
from dsl.run.values import initial


class RegisterStart(NamedTuple):
    """The start of a slot, in its register: `offset + scale * w`."""

    register: int
    offset: float
    scale: float


class Encoded(NamedTuple):
    """A program for the machine: its instructions, its numbers, and the starts of its slots."""

    op: Int32[np.ndarray, " instructions"]
    """Opcodes."""
    args: UInt32[np.ndarray, "instructions operands"]
    """Registers or places in `carried`, as the opcode's form says; where it takes either, registers
    come after all numbers that the machine holds."""
    to: UInt32[np.ndarray, " instructions"]
    """The register that each fills."""
    entrywise: Bool[np.ndarray, " instructions"]
    """True where the opcode works entry by entry."""
    guard: tuple[int | None, ...]
    """For each instruction the number that is 0 on steps where nothing reads what it makes."""
    result: int
    """The register that is subtracted from the parameters."""
    point: int
    """The register that holds the point of evaluation after a step, that of the parameters if there
    is none."""
    numbers: Numbers
    carried: tuple[int, ...]
    """Those of the numbers that instructions read, in the order in which they lie on the tape; the
    step count is first."""
    starts: tuple[RegisterStart, ...]


@lru_cache(maxsize=1024)
def encode(program: Program, primitives: tuple[str, ...], capacity: Capacity) -> Encoded:
    """The instructions of a program for a machine that carries `primitives`.

    The last 1,024 are remembered: those who ask whether a program fits, what it costs and for its
    run get the same object.

    **Raises:** DoesNotFit if it has too many instructions or live values, or another primitive.
    """
    plain = in_other_words(spelled_out(program))
    kept = keeping_point(prune(plain))
    return _Encoder(kept.program, primitives, capacity).encoded(kept.slot)


@lru_cache(maxsize=64)
def _numbering(primitives: tuple[str, ...]) -> dict[tuple[str, str], int]:
    return {(op.name, op.form): number for number, op in enumerate(opcodes(primitives))}


@lru_cache(maxsize=64)
def _idioms(primitives: tuple[str, ...]) -> dict[str, list[Idiom]]:
    """The idioms over `primitives` by what makes their value, the preferred first."""
    by_op: dict[str, list[Idiom]] = {}
    for idiom in IDIOMS:
        if idiom.pattern.primitives <= set(primitives):
            by_op.setdefault(idiom.pattern.root.op, []).append(idiom)
    return by_op


class _Encoder:
    def __init__(self, program: Program, primitives: tuple[str, ...], capacity: Capacity):
        self.program = program
        self.capacity = capacity
        self.primitives = primitives
        self.opcode = _numbering(primitives)
        self.early = Early(program)
        self.code: list[Instruction] = []
        self.values: dict[Arg, Value] = {
            Name("w"): Value(fixed=PARAMETERS),
            Name("g"): Value(fixed=GRADIENT),
        }
        self.values.update({Name(slot): Value() for slot in program.slots})

    def encoded(self, point: str | None) -> Encoded:
        """The program with its point in a slot, if it has one."""
        for kind in {*self.program.kinds, *(init.kind for init in self.program.slots.values())}:
            if not in_register(kind):
                raise DoesNotFit(f"no register holds a {kind}")
        every = range(len(self.program.statements))
        late = [index for index in every if not self.early.known(Local(index))]
        guards = _guards(self.program) if self.chooses() else {}
        whole = find(self.program, late, _idioms(self.primitives), self.early.known)
        inside = {index for match in whole.values() for index in match.inner}
        for index in late:
            flag = guards.get(index)
            guard = None
            if flag is not None and self.early.known(flag):
                guard = self.early.place(flag)
            if index in whole:
                self.values[Local(index)] = self.add_idiom(whole[index], guard)
            elif index not in inside:
                self.values[Local(index)] = self.add(self.program.statements[index], guard)
        starts = [self.values[Name(slot)] for slot in self.program.slots]
        ends = [self.register(self.value(arg)) for arg in self.program.next_values.values()]
        result = self.register(self.value(self.program.result))
        final = allocate(
            self.code, starts, ends, result, self.opcode[COPY, REGISTER], self.capacity.registers
        )
        length, room = len(final.code), self.capacity.instructions
        if length > room:
            raise DoesNotFit(f"{length} instructions, the machine holds {room}")
        read = {v.number for step in final.code for v in step.args if v.number is not None}
        on_tape = (STEP, *sorted(read - {STEP}))
        if len(on_tape) > self.capacity.numbers:
            raise DoesNotFit(f"{len(on_tape)} numbers, more than {self.capacity.numbers}")
        known = opcodes(self.primitives)
        args = np.zeros((length, OPERANDS), np.uint32)
        for row, step in enumerate(final.code):
            args[row, : len(step.args)] = [
                on_tape.index(value.number)
                if value.number is not None
                else final.place[value] + (file == EITHER) * self.capacity.numbers
                for value, file in zip(step.args, known[step.op].form, strict=True)
            ]
        slots = zip(starts, (init for init in self.program.slots.values()), strict=True)
        return Encoded(
            op=np.asarray([step.op for step in final.code], np.int32),
            args=args,
            to=np.asarray([final.place[step.to] for step in final.code], np.uint32),
            entrywise=np.asarray([known[step.op].entrywise for step in final.code], bool),
            guard=tuple(step.guard for step in final.code),
            result=final.place[final.result],
            point=PARAMETERS if point is None else final.place[self.values[Name(point)]],
            numbers=self.early.numbers,
            carried=on_tape,
            starts=tuple(
                RegisterStart(final.place[start], *_affine(init)) for start, init in slots
            ),
        )

    def chooses(self) -> bool:
        """True if the program has a `when`, without which nothing is guarded."""
        return any(PRIMITIVES[statement.op].lazy for statement in self.program.statements)

    def add(self, statement: Statement, guard: int | None) -> Value:
        """Append the instruction of a statement; its value."""
        primitive = PRIMITIVES[statement.op]
        args = [self.value(arg) for arg in statement.args]
        if len(args) == 2 and primitive.commutative and args[1].number is None:
            args.sort(key=lambda arg: arg.number is not None)
        for form in _fitting(args, primitive):
            if (statement.op, form) in self.opcode:
                filled = [
                    self.register(arg, guard) if file == REGISTER else arg
                    for arg, file in zip(args, form, strict=True)
                ]
                return self.emit(self.opcode[statement.op, form], tuple(filled), guard)
        raise DoesNotFit(f"the machine does not carry '{statement.op}'")

    def add_idiom(self, match: IdiomMatch, guard: int | None) -> Value:
        """Append the instruction of an idiom; its value."""
        opcode = self.opcode[match.idiom.text, form_of(match.idiom)]
        return self.emit(opcode, tuple(map(self.value, match.args)), guard)

    def register(self, value: Value, guard: int | None = None) -> Value:
        """The value in a register, filled if it is a number."""
        if value.number is None:
            return value
        return self.emit(self.opcode[FILL, NUMBER], (value,), guard)

    def value(self, arg: Arg) -> Value:
        value = self.values.get(arg)
        if value is None:
            if arg == Name("loss"):
                value = self.emit(self.opcode[LOSS, ""], (), None)
            else:
                value = Value(number=self.early.place(arg))
            self.values[arg] = value
        return value

    def emit(self, op: int, args: tuple[Value, ...], guard: int | None) -> Value:
        made = Value()
        self.code.append(Instruction(op, args, made, guard))
        return made


@lru_cache(maxsize=1024)
def _affine(init: Init) -> tuple[float, float]:
    """Offset and scale of what a slot starts as; DoesNotFit if that is not affine in the
    parameters."""
    zero, one, two = (
        float(np.asarray(initial(init, [np.asarray(float(at))], np)).item()) for at in range(3)
    )
    if two - one != one - zero:
        raise DoesNotFit(f"no slot of the machine starts as '{init}'")
    return zero, one - zero


def _fitting(args: list[Value], primitive: Primitive) -> list[str]:
    """Forms that could take the arguments; the first fills no register, the last all."""
    is_global = [kind is Kind.GLOBAL for kind in primitive.signature.params]
    exact = [REGISTER if arg.number is None else NUMBER for arg in args]
    globals_only = [
        file if taken else REGISTER for file, taken in zip(exact, is_global, strict=True)
    ]
    either = [EITHER if taken else REGISTER for taken in is_global]
    return ["".join(form) for form in (exact, globals_only, either, [REGISTER] * len(args))]


def _guards(program: Program) -> dict[int, Arg]:
    """The flag of the one choice whose `new` is all that reads a statement, where there is one."""
    read = readers(program)
    demand: dict[int, set[Arg | None]] = {}

    def asked_by(place: Read) -> set[Arg | None]:
        """The flags that let a place read its value; None stands for every step."""
        if place.by == len(program.statements):
            return {None}
        statement = program.statements[place.by]
        new = PRIMITIVES[statement.op].lazy[:1]
        return {statement.args[0]} if place.at in new else demand[place.by]

    for index in reversed(range(len(program.statements))):
        places = read.get(Local(index), ())
        demand[index] = {flag for place in places for flag in asked_by(place)}
    single = {index: next(iter(flags)) for index, flags in demand.items() if len(flags) == 1}
    return {index: flag for index, flag in single.items() if flag is not None}
