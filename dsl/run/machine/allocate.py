"""Registers for the values of a straight line of instructions.

One pass: a register is free again after the last instruction that reads its value. A slot's next
value is made in the slot's own register where nothing still reads the old one, else copied there
at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsl.run.machine.registers import FIRST, DoesNotFit


@dataclass(frozen=True, eq=False)
class Value:
    """A value that instructions make or read; `number` or `fixed` is its place from the start."""

    fixed: int | None = None
    number: int | None = None


@dataclass(frozen=True)
class Instruction:
    """An operation on values; it may be left out on steps where the number at `guard` is 0."""

    op: int
    args: tuple[Value, ...]
    to: Value
    guard: int | None = None


@dataclass(frozen=True)
class Allocation:
    """The instructions, copies included, and the place of every value in them."""

    code: list[Instruction]
    place: Mapping[Value, int]
    result: Value


def allocate(
    code: Sequence[Instruction],
    starts: Sequence[Value],
    ends: Sequence[Value],
    result: Value,
    copy: int,
    registers: int,
) -> Allocation:
    """Registers for `code`; slot `i` starts as `starts[i]` and has to end as `ends[i]` in its
    place.

    **Arguments:** `copy`: the opcode that copies a register. `registers`: how many there are.
    **Raises:** DoesNotFit if they are too few.
    """
    code = list(code)
    homes = dict(zip(starts, ends, strict=True))
    last = {arg: at for at, step in enumerate(code) for arg in step.args}
    last.update(dict.fromkeys((*ends, result), len(code)))
    free = list(range(FIRST, registers))
    place: dict[Value, int] = {}

    def take(value: Value) -> None:
        if value.number is not None:
            place[value] = value.number
        elif value.fixed is not None:
            place[value] = value.fixed
        elif free:
            place[value] = free.pop(0)
        else:
            raise DoesNotFit(f"more than {registers} tensors are alive at once")

    for start in starts:
        take(start)
    settled: set[Value] = set()
    for at, step in enumerate(code):
        for arg in step.args:
            if arg not in place:
                take(arg)
        home = next(
            (
                start
                for start, end in homes.items()
                if end is step.to and start not in settled and last.get(start, -1) <= at
            ),
            None,
        )
        dead = {a for a in step.args if last[a] == at and a not in homes and _movable(a)}
        free[:0] = sorted(place[arg] for arg in dead)
        if home is not None:
            place[step.to] = place[home]
            settled.add(home)
        else:
            take(step.to)
    for value in (*ends, result):
        if value not in place:
            take(value)
    moves = [(s, e) for s, e in homes.items() if s not in settled and s is not e]
    overwritten = {place[start] for start, _ in moves}

    def copied(value: Value, to: Value) -> Value:
        code.append(Instruction(copy, (value,), to))
        return to

    def saved(value: Value) -> Value:
        """The value where no move overwrites it."""
        if place[value] not in overwritten:
            return value
        fresh = Value()
        take(fresh)
        return copied(value, fresh)

    kept = [(start, saved(end)) for start, end in moves]
    result = saved(result)
    for start, end in kept:
        copied(end, start)
    return Allocation(code, place, result)


def _movable(value: Value) -> bool:
    return value.fixed is None and value.number is None
