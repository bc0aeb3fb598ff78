"""The form of a program that is hashed and compared.

Two programs with the same canonical form compute the same thing in the same way: dead code and dead
slots gone, equal values computed once, slots that always hold the same value merged, commutative
arguments sorted, statements in one fixed order, locals unnamed and slots renamed `s0, s1, ...`, no
point where that is the parameters (less the names of hyperparameters, which keep theirs and their
defaults: they are part of what a program is).
"""

import hashlib
import itertools
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from dsl.identity import hashed
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Local, Name, Program, Statement
from dsl.program.listing import arg_text, listing
from dsl.program.walk import remap
from dsl.rewrite.liveness import live
from dsl.rewrite.point import after_step, point_of
from dsl.rewrite.prune import prune


@lru_cache(maxsize=4096)
def canonical(program: Program) -> Program:
    """The canonical form; `canonical(canonical(p)) == canonical(p)`. Its name is `rule`."""
    part = live(program)
    keys = ValueKeys.of(program, part.slots, part.statements)
    return _laid_out(program, keys, part.names)


def canonical_hash(program: Program) -> str:
    """Hex digest (16 digits) of the canonical form, hyperparameters and their defaults included;
    see `dsl.identity`."""
    return hashed("canonical", listing(canonical(program)))


class ValueKeys(dict[Arg, str]):
    """Keys of arguments; what shares one is the same at every step.

    Those of slots and values are hashes. Other names are their own keys, as are the texts of
    numbers; they come in as they are asked for.
    """

    def __missing__(self, arg: Arg) -> str:
        key = self[arg] = arg_text(arg)
        return key

    @staticmethod
    def of(program: Program, slots: Collection[str], statements: Iterable[int]) -> "ValueKeys":
        """The coarsest keys that tell apart what may differ, for the part of a program that these
        slots and statements are.

        Starts from the initialisers and refines by what each slot is updated with until nothing
        splits: partition refinement, as for merging the states of an automaton.
        """
        calls = [(Local(index), program.statements[index]) for index in statements]
        held = {slot: _hash("slot", str(program.slots[slot])) for slot in slots}
        classes = 0
        while True:
            keys = ValueKeys((Name(slot), key) for slot, key in held.items())
            for value, statement in calls:
                keys[value] = keys.of_call(statement)
            refined = len(set(held.values()))
            if refined == classes:
                return keys
            classes = refined
            held = {slot: _hash(key, keys[program.next_values[slot]]) for slot, key in held.items()}

    def of_call(self, statement: Statement) -> str:
        """The key of a statement's value."""
        read = [self[arg] for arg in statement.args]
        if len(read) > 1 and read[1] < read[0] and PRIMITIVES[statement.op].commutative:
            read[:2] = read[1], read[0]
        return _hash(statement.op, *read)

    def ordered(self, statement: Statement) -> tuple[Arg, ...]:
        """The arguments; those that may change places in the order of their keys."""
        op, args = statement.op, statement.args
        if len(args) > 1 and self[args[1]] < self[args[0]] and PRIMITIVES[op].commutative:
            return args[1], args[0], *args[2:]
        return args


@lru_cache(maxsize=32768)
def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _laid_out(program: Program, keys: ValueKeys, names: Collection[str]) -> Program:
    """The program written out again, depth first from the result, then from the point if there is
    one, then from each slot met. `names` are those that are read."""
    layout = _Layout(program, keys, names)
    result = layout.put(program.result)
    point = point_of(program)
    if point is not None and keys[point] == keys.of_call(after_step(program)):
        point = None
    point = point and layout.put(point)
    nexts: dict[str, Arg] = {}
    while len(nexts) < len(layout.slots):
        new, old = list(layout.slots.items())[len(nexts)]
        nexts[new] = layout.put(program.next_values[old])
    names, defaults = layout.names, program.hyperparameters
    return Program.known(
        layout.kinds,
        name="rule",
        inputs=("w", "g", *sorted(set(names) - {"w", "g", *defaults})),
        slots={new: program.slots[old] for new, old in layout.slots.items()},
        hyperparameters={name: defaults[name] for name in names if name in defaults},
        statements=_named(layout.statements, nexts),
        next_values=nexts,
        result=result,
        doc="",
        meanings={},
        point=point,
    )


class _Layout:
    """Statements written out again: each after all that it reads, equal ones once."""

    def __init__(self, program: Program, keys: ValueKeys, names: Collection[str]):
        self.program = program
        self.keys = keys
        self.statements: list[Statement] = []
        self.kinds: list[Kind] = []
        self.slots: dict[str, str] = {}
        """The slots that were met, by their new names."""
        self.names: list[str] = []
        """The other names that were met."""
        taken = program.hyperparameters.keys() & names
        self._fresh = (name for i in itertools.count() if (name := f"s{i}") not in taken)
        self._made: dict[str, Arg] = {}
        """The stand-ins of arguments, by their keys."""

    def put(self, root: Arg) -> Arg:
        """The stand-in of an argument, which is written out unless it was before."""
        keys, made, kinds = self.keys, self._made, self.program.kinds
        outer: list[tuple[Iterator[Arg], int, str, tuple[Arg, ...]]] = []
        ahead = iter((root,))
        while True:
            for arg in ahead:
                key = keys[arg]
                if key in made:
                    continue
                if isinstance(arg, Local):
                    statement = self.program.statements[arg.index]
                    args = keys.ordered(statement)
                    outer.append((ahead, arg.index, key, args))
                    ahead = iter(args)
                    break
                made[key] = self._met(arg) if isinstance(arg, Name) else arg
            else:
                if not outer:
                    return made[keys[root]]
                ahead, index, key, args = outer.pop()
                made[key] = Local(len(self.statements))
                op = self.program.statements[index].op
                self.statements.append(Statement(op, tuple([made[keys[arg]] for arg in args])))
                self.kinds.append(kinds[index])

    def _met(self, name: Name) -> Name:
        if name.id not in self.program.slots:
            self.names.append(name.id)
            return name
        new = next(self._fresh)
        self.slots[new] = name.id
        self.names += filter(None, self.program.slots[name.id].names)
        return Name(new)


def _named(statements: list[Statement], nexts: dict[str, Arg]) -> tuple[Statement, ...]:
    """The statements; those that make the next value of a slot are called as the first of them."""
    for slot, value in reversed(nexts.items()):
        if isinstance(value, Local):
            op, args = statements[value.index].op, statements[value.index].args
            statements[value.index] = Statement(op, args, slot)
    return tuple(statements)


def shared(program: Program) -> Program:
    """The program with equal values computed once and equal slots kept once; names are kept."""
    values = range(len(program.statements))
    keys = ValueKeys.of(program, program.slots, values)
    first: dict[str, Arg] = {}
    for arg in [*map(Name, program.slots), *map(Local, values)]:
        first.setdefault(keys[arg], arg)
    return prune(remap(program, lambda arg: first.get(keys[arg], arg)))
