"""The form of a program that is hashed and compared.

Two programs with the same canonical form compute the same thing in the same way: dead code and dead
slots gone, equal values computed once, slots that always hold the same value merged, commutative
arguments sorted, statements in one fixed order, locals unnamed and slots renamed `s0, s1, ...`
(less the names of hyperparameters, which keep theirs and their defaults: they are part of what a
program is).
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from dsl.identity import hashed
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Local, Name, Program, Statement
from dsl.program.listing import listing
from dsl.program.walk import Rewriter, post_order, remap
from dsl.rewrite.prune import prune


@lru_cache(maxsize=4096)
def canonical(program: Program) -> Program:
    """The canonical form; `canonical(canonical(p)) == canonical(p)`. Its name is `rule`."""
    program = prune(program)
    return _laid_out(program, ValueKeys.of(program))


def canonical_hash(program: Program) -> str:
    """Hex digest (16 digits) of the canonical form, hyperparameters and their defaults included;
    see `dsl.identity`."""
    return hashed("canonical", listing(canonical(program)))


@dataclass(frozen=True)
class ValueKeys:
    """Keys of a program's slots and values; what shares one is the same at every step."""

    slots: dict[str, str]
    values: list[str]

    @staticmethod
    def of(program: Program) -> "ValueKeys":
        """The coarsest keys that tell apart what may differ.

        Starts from the initialisers and refines by what each slot is updated with until nothing
        splits: partition refinement, as for merging the states of an automaton.
        """
        keys = _with_values(
            program, {slot: _hash("slot", str(init)) for slot, init in program.slots.items()}
        )
        classes = len(set(keys.slots.values()))
        while True:
            finer = {
                slot: _hash(keys.slots[slot], keys.key(arg))
                for slot, arg in program.next_values.items()
            }
            keys = _with_values(program, finer)
            refined = len(set(finer.values()))
            if refined == classes:
                return keys
            classes = refined

    def key(self, arg: Arg) -> str:
        """The key of an argument; that of a number is its text."""
        if isinstance(arg, Local):
            return self.values[arg.index]
        if isinstance(arg, Name):
            return self.slots.get(arg.id, arg.id)
        return format_number(arg.value)

    def ordered(self, statement: Statement) -> tuple[Arg, ...]:
        """The arguments; those that may change places in the order of their keys."""
        args = statement.args
        if PRIMITIVES[statement.op].commutative and self.key(args[1]) < self.key(args[0]):
            return args[1], args[0], *args[2:]
        return args


def _with_values(program: Program, slots: dict[str, str]) -> ValueKeys:
    """Keys of values that follow from those of slots."""
    keys = ValueKeys(slots, [])
    for statement in program.statements:
        keys.values.append(_hash(statement.op, *map(keys.key, keys.ordered(statement))))
    return keys


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _laid_out(program: Program, keys: ValueKeys) -> Program:
    """The program written out again, depth first from the result, then from each slot met."""
    first: dict[str, Arg] = {}

    def merged(arg: Arg) -> Arg:
        return first.setdefault(keys.key(arg), arg)

    read: dict[Arg, tuple[Arg, ...]] = {}
    """The arguments of each statement that is met, in their new order."""

    def follow(arg: Arg) -> Iterable[Arg]:
        if isinstance(arg, Local):
            read[arg] = tuple(map(merged, keys.ordered(program.statements[arg.index])))
            return read[arg]
        return ()

    slots: dict[str, str] = {}
    """The new names of slots, in the order in which they are met."""

    def roots() -> Iterator[Arg]:
        yield merged(program.result)
        met = 0
        while met < len(slots):
            yield merged(program.next_values[list(slots)[met]])
            met += 1

    made = Rewriter(program)
    defaults = program.hyperparameters
    fresh = (name for i in itertools.count() if (name := f"s{i}") not in defaults)
    names: list[str] = []
    for arg in post_order(roots(), follow):
        if isinstance(arg, Local):
            op = program.statements[arg.index].op
            made.place[arg] = made.put(op, *map(made.moved, read[arg]))
        elif isinstance(arg, Name):
            if arg.id in keys.slots:
                slots[arg.id] = next(fresh)
                made.place[arg] = Name(slots[arg.id])
            else:
                names.append(arg.id)
    nexts = {new: made.moved(merged(program.next_values[old])) for old, new in slots.items()}
    for slot, value in nexts.items():
        if isinstance(value, Local):
            statement = made.statements[value.index]
            made.statements[value.index] = replace(statement, name=statement.name or slot)
    return Program(
        name="rule",
        inputs=("w", "g", *sorted(set(names) - {"w", "g", *defaults})),
        slots={new: program.slots[old] for old, new in slots.items()},
        hyperparameters={name: defaults[name] for name in names if name in defaults},
        statements=tuple(made.statements),
        next_values=nexts,
        result=made.moved(merged(program.result)),
    )


def shared(program: Program) -> Program:
    """The program with equal values computed once and equal slots kept once; names are kept."""
    keys = ValueKeys.of(program)
    first: dict[str, Arg] = {}
    values: list[Arg] = [Local(index) for index in range(len(program.statements))]
    for arg in [*map(Name, program.slots), *values]:
        first.setdefault(keys.key(arg), arg)
    return prune(remap(program, lambda arg: first.get(keys.key(arg), arg)))
