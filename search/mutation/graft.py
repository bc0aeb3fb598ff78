"""Grafts: a value of one program, with all that it needs, put into another program.

The donor's statements, slots and updates of slots come along; its constants are written out, and
its `lr` is the receiver's where that has one. What was cut takes the place of a tensor of the same
parity (`dsl.run.parity`): a direction that of the gradient or of another direction, a magnitude
that of a magnitude. In place of a direction it mostly reads what it replaces where it read the
gradient, so that one follows the other. A tensor takes the place of a tensor, so a child is valid
by construction.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dsl.declare import until_declared
from dsl.language.kinds import Kind
from dsl.language.registry import Domain
from dsl.program import INPUTS, Arg, Const, Local, Name, Program
from dsl.program.walk import Rewriter, dependants, remap
from dsl.rewrite.family import family
from dsl.rewrite.liveness import live
from dsl.rewrite.prune import prune
from dsl.rewrite.simplify import simplify
from dsl.run.parity import Parity, parities
from search.mutation.sampling import chance, pick

_COMPOSED = 0.6
"""A part that takes the place of a tensor mostly reads that tensor for its gradient."""
_BEFORE = 0.4
"""A part often takes the place of the gradient: it comes before all that the receiver does."""
_WITH_PARITY = (Parity.ODD, Parity.EVEN)
_GRADIENT, _RATE = Name("g"), Name("lr")


class DonorPart(NamedTuple):
    """A tensor of a donor: its name, what computes it, as a program with that as its result, and
    its parity, odd or even."""

    donor: str
    program: Program
    parity: Parity


def graft(
    receiver: Program,
    part: DonorPart,
    rng: np.random.Generator,
    name: str,
    statements: int,
    slots: int,
) -> tuple[Program, str] | None:
    """A child called `name`, and what was done, for people; None where it would be too large.

    **Arguments:** `statements`, `slots`: the most that a child may have.
    """
    receiver = prune(receiver)
    places = tensors(receiver, part.parity)
    directed = part.parity is Parity.ODD
    before = directed and (not places or chance(rng, _BEFORE))
    if not before and not places:
        return None
    over = _GRADIENT if before else pick(rng, places)
    composed = before or (directed and chance(rng, _COMPOSED))
    child = put(receiver, part.program, over, over if composed else _GRADIENT, name)
    if len(child.statements) > statements or len(child.slots) > slots:
        return None
    made = f"{part.donor}'s {_maker(part.program, part.program.result)} for "
    made += _maker(receiver, over)
    return child, made if composed else f"{made}, from the gradient"


def drawn_part(donor: Program, rng: np.random.Generator) -> DonorPart | None:
    """A part of a program, each of its tensors as likely; None if it has none with a parity."""
    found = [(arg, parity) for parity in _WITH_PARITY for arg in tensors(donor, parity)]
    if not found:
        return None
    value, parity = pick(rng, found)
    return DonorPart(donor.name, cut(donor, value), parity)


@until_declared
@lru_cache(maxsize=4)
def parts_of(donors: tuple[Program, ...]) -> tuple[DonorPart, ...]:
    """The parts of known rules, each family of parts once, without what their constants undo."""
    found: dict[str, DonorPart] = {}
    for donor in donors:
        for parity in _WITH_PARITY:
            for value in tensors(donor, parity):
                program = simplify(cut(donor, value), Domain.FINITE)
                if isinstance(program.result, Local):
                    found.setdefault(family(program), DonorPart(donor.name, program, parity))
    return tuple([found[key] for key in sorted(found)])


@lru_cache(maxsize=4096)
def tensors(program: Program, parity: Parity) -> tuple[Local, ...]:
    """The live tensors of this parity that depend on the gradient and not on the rate: directions,
    magnitudes, and what they are made of. Where all depend on the rate, those."""
    known = parities(program)
    directed, rated = (dependants(program, name) for name in (_GRADIENT, _RATE))
    found = [
        arg
        for arg in map(Local, live(program).statements)
        if program.kind_of(arg) is Kind.TENSOR and arg in directed and known[arg] is parity
    ]
    return tuple([arg for arg in found if arg not in rated] or found)


@lru_cache(maxsize=4096)
def cut(donor: Program, value: Arg) -> Program:
    """The part of a program that computes `value`, as a program with that as its result;
    hyperparameters but `lr` are written out as numbers."""
    part = prune(replace(donor, result=value, point=None, doc=""))
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


def _maker(program: Program, arg: Arg) -> str:
    """The maker of a value, for people."""
    if isinstance(arg, Local):
        return program.statements[arg.index].op
    return arg.id if isinstance(arg, Name) else f"{arg.value:g}"
