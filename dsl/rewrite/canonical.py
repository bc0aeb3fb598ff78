"""The form of a program that is hashed and compared.

Two programs with the same canonical form compute the same thing in the same way: dead code and dead
slots gone, equal values computed once, slots that always hold the same value merged, commutative
arguments sorted, statements in one fixed order, locals unnamed and slots renamed `s0, s1, ...`
(less the names of hyperparameters, which keep theirs and their defaults: they are part of what a
program is).
"""

import hashlib
import itertools
from dataclasses import replace
from functools import lru_cache

from dsl.identity import hashed
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Local, Name, Program, Statement
from dsl.program.listing import listing
from dsl.rewrite.prune import prune


@lru_cache(maxsize=4096)
def canonical(program: Program) -> Program:
    """The canonical form; `canonical(canonical(p)) == canonical(p)`. Its name is `rule`."""
    program = prune(program)
    return _Layout(program, slot_keys(program)).program()


def canonical_hash(program: Program) -> str:
    """Hex digest (16 digits) of the canonical form, hyperparameters and their defaults included;
    see `dsl.identity`."""
    return hashed("canonical", listing(canonical(program)))


def slot_keys(program: Program) -> dict[str, str]:
    """A key per slot; slots with the same key hold the same value at every step.

    Starts from the initialisers and refines by what each slot is updated with until nothing splits:
    partition refinement, as for merging the states of an automaton.
    """
    keys = {name: _hash("slot", str(init)) for name, init in program.state}
    classes = len(set(keys.values()))
    while True:
        values = _value_keys(program, keys)
        keys = {
            name: _hash(keys[name], _arg_key(arg, keys, values))
            for name, arg in zip(program.slots, program.updates, strict=True)
        }
        refined = len(set(keys.values()))
        if refined == classes:
            return keys
        classes = refined


def _value_keys(program: Program, slots: dict[str, str]) -> list[str]:
    """A key per statement: same key, same value."""
    keys: list[str] = []
    for statement in program.statements:
        args = _keyed(statement, slots, keys)
        keys.append(_hash(statement.op, *(key for key, _ in args)))
    return keys


def _keyed(statement: Statement, slots: dict[str, str], values: list[str]) -> list[tuple[str, Arg]]:
    """The arguments with their keys; those that may change places in the order of their keys."""
    args = [(_arg_key(arg, slots, values), arg) for arg in statement.args]
    if PRIMITIVES[statement.op].commutative and args[1][0] < args[0][0]:
        args[:2] = args[1], args[0]
    return args


def _arg_key(arg: Arg, slots: dict[str, str], values: list[str]) -> str:
    if isinstance(arg, Local):
        return values[arg.index]
    if isinstance(arg, Name):
        return slots.get(arg.id, arg.id)
    return format_number(arg.value)


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


class _Layout:
    """Writes the live graph out again, depth first from the result, then from each slot met."""

    def __init__(self, source: Program, slots: dict[str, str]):
        self.source = source
        self.slot_keys = slots
        self.value_keys = _value_keys(source, slots)
        self.statements: list[Statement] = []
        self.placed: dict[str, Arg] = {}
        self.names: list[str] = []
        self.slots: list[str] = []
        self.hypers = source.hyperparameters
        self.slot_names: list[str] = []
        self.fresh = (f"s{index}" for index in itertools.count())

    def program(self) -> Program:
        result = self.place(self.source.result)
        final = dict(zip(self.source.slots, self.source.updates, strict=True))
        updates: list[Arg] = []
        for index, slot in enumerate(self.slots):  # grows while it is walked
            value = self.place(final[slot])
            updates.append(value)
            if isinstance(value, Local):
                made = self.statements[value.index]
                self.statements[value.index] = replace(
                    made, name=made.name or self.slot_names[index]
                )
        state = self.source.slots
        defaults = self.hypers
        return Program(
            name="rule",
            inputs=("w", "g", *sorted(set(self.names) - {"w", "g", *defaults})),
            state=tuple(zip(self.slot_names, map(state.__getitem__, self.slots), strict=True)),
            hypers=tuple((n, defaults[n]) for n in self.names if n in defaults),
            statements=tuple(self.statements),
            updates=tuple(updates),
            result=result,
        )

    def place(self, root: Arg) -> Arg:
        """The value of `root` in the new program, written down with what it reads."""
        of_root = _arg_key(root, self.slot_keys, self.value_keys)
        stack = [(of_root, root)]
        while stack:
            key, arg = stack[-1]
            if key not in self.placed:
                made: Arg
                if isinstance(arg, Local):
                    statement = self.source.statements[arg.index]
                    args = _keyed(statement, self.slot_keys, self.value_keys)
                    missing = [keyed for keyed in args if keyed[0] not in self.placed]
                    if missing:
                        stack.extend(reversed(missing))
                        continue
                    placed = tuple(self.placed[key] for key, _ in args)
                    self.statements.append(Statement(statement.op, placed))
                    made = Local(len(self.statements) - 1)
                else:
                    made = self.named(arg) if isinstance(arg, Name) else arg
                self.placed[key] = made
            stack.pop()
        return self.placed[of_root]

    def named(self, name: Name) -> Name:
        """A name that is met for the first time."""
        if name.id not in self.slot_keys:
            self.names.append(name.id)
            return name
        self.slots.append(name.id)
        self.slot_names.append(next(fresh for fresh in self.fresh if fresh not in self.hypers))
        return Name(self.slot_names[-1])


def shared(program: Program) -> Program:
    """The program with equal values computed once and equal slots kept once; names are kept."""
    keys = slot_keys(program)
    first_slot: dict[str, str] = {}
    for slot, key in keys.items():
        first_slot.setdefault(key, slot)
    values = _value_keys(program, keys)
    first: dict[str, Arg] = {}
    for index, key in enumerate(values):
        first.setdefault(key, Local(index))

    def merge(arg: Arg) -> Arg:
        match arg:
            case Name(id) if id in keys:
                return Name(first_slot[keys[id]])
            case Local(index):
                return first[values[index]]
        return arg

    merged = replace(
        program,
        statements=tuple(
            Statement(s.op, tuple(map(merge, s.args)), s.name) for s in program.statements
        ),
        updates=tuple(map(merge, program.updates)),
        result=merge(program.result),
    )
    return prune(merged)
