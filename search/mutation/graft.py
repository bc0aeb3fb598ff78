"""Grafts: a value of one program, with all that it needs, put into another program.

The donor's statements, slots and updates of slots come along; its constants are written out, and
its `lr` is the receiver's where that has one. What was cut takes the place of the gradient, or of a
tensor that the receiver computes; in the second case it mostly reads what it replaces where it read
the gradient, so that one follows the other. A tensor takes the place of a tensor, so a child is
valid by construction.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from dsl.language.kinds import Kind
from dsl.program import INPUTS, Arg, Const, Local, Name, Program
from dsl.program.walk import Rewriter, dependants, remap
from dsl.rewrite.liveness import live
from dsl.rewrite.prune import prune
from search.mutation.sampling import chance, pick

_COMPOSED = 0.6
"""A part that takes the place of a tensor mostly reads that tensor for its gradient."""
_ATTEMPTS = 8
"""Places and values that are drawn for one child at most, until one is small enough."""
_GRADIENT, _RATE = Name("g"), Name("lr")


def graft(
    receiver: Program,
    donor: Program,
    rng: np.random.Generator,
    name: str,
    statements: int,
    slots: int,
) -> tuple[Program, str] | None:
    """A child called `name`, and what was done, for people; None where nothing small enough came of
    a few attempts.

    **Arguments:** `statements`, `slots`: the most that a child may have.
    """
    receiver = prune(receiver)
    values, places = tensors(donor), (_GRADIENT, *tensors(receiver))
    if not values:
        return None
    for _ in range(_ATTEMPTS):
        part = cut(donor, pick(rng, values))
        over = pick(rng, places)
        composed = over == _GRADIENT or chance(rng, _COMPOSED)
        child = put(receiver, part, over, over if composed else _GRADIENT, name)
        if len(child.statements) <= statements and len(child.slots) <= slots:
            made = f"{_shown(donor, part.result, part)} for {_shown(receiver, over)}"
            return child, made if composed else f"{made}, from the gradient"
    return None


@lru_cache(maxsize=4096)
def tensors(program: Program) -> tuple[Local, ...]:
    """The live tensors of a program that depend on the gradient and not on its rate: directions,
    and what they are made of. Where all depend on the rate, those."""
    directed, rated = (dependants(program, name) for name in (_GRADIENT, _RATE))
    alive = map(Local, live(program).statements)
    found = [each for each in alive if each in directed and program.kind_of(each) is Kind.TENSOR]
    return tuple([each for each in found if each not in rated] or found)


@lru_cache(maxsize=4096)
def cut(donor: Program, value: Arg) -> Program:
    """The part of a program that computes `value`, as a program with that as its result;
    hyperparameters but `lr` are written out as numbers."""
    part = prune(replace(donor, result=value, doc=""))
    written: dict[Arg, Arg] = {
        Name(n): Const(v) for n, v in part.hyperparameters.items() if n != _RATE.id
    }
    rate = {n: v for n, v in part.hyperparameters.items() if n == _RATE.id}
    return remap(part, lambda arg: written.get(arg, arg), hyperparameters=rate)


def put(receiver: Program, part: Program, over: Arg, reads: Arg, name: str) -> Program:
    """The receiver with the result of `part` in place of `over`, without what nothing reads then;
    `part` reads `reads`, a value of the receiver not after `over`, for its gradient."""
    at = over.index + 1 if isinstance(over, Local) else 0
    own = Rewriter(receiver)
    own.copy(range(at))
    names = _free_names(receiver)
    slots = {slot: next(names) for slot in part.slots}
    guest = Rewriter(part, {Name(old): Name(new) for old, new in slots.items()}, own.statements)
    guest.place[_GRADIENT] = own.moved(reads)
    if _RATE.id in part.hyperparameters and _RATE.id not in receiver.hyperparameters:
        guest.place[_RATE] = Const(part.hyperparameters[_RATE.id])
    guest.copy()
    own.place[over] = guest.moved(part.result)
    own.copy(range(at, len(receiver.statements)))
    own_next = {slot: own.moved(arg) for slot, arg in receiver.next_values.items()}
    guest_next = {slots[slot]: guest.moved(arg) for slot, arg in part.next_values.items()}
    child = own.finish(
        name=name,
        doc="",
        inputs=tuple(each for each in INPUTS if each in {*receiver.inputs, *part.inputs}),
        slots={**receiver.slots, **{new: part.slots[old] for old, new in slots.items()}},
        next_values={**own_next, **guest_next},
    )
    return prune(child)


def _free_names(program: Program) -> Iterator[str]:
    taken = {*program.inputs, *program.slots, *program.hyperparameters}
    return (name for i in itertools.count() if (name := f"s{i}") not in taken)


def _shown(program: Program, arg: Arg, part: Program | None = None) -> str:
    """A value for people: what makes it, and whose it is."""
    if isinstance(arg, Name):
        return arg.id
    assert isinstance(arg, Local)
    made = (part or program).statements[arg.index]
    return f"{program.name}'s {made.op}" if part else f"%{arg.index} = {made.op}"
