"""A program without its numbers: the part of it that an engine has to compile.

Everything known before the steps becomes a hyperparameter `n<place>`, and initialisers lose their
numbers. Programs that differ in constants alone, schedules and bias corrections among them, share a
structure.
"""

from functools import lru_cache
from typing import NamedTuple

from dsl.language.initialisers import INITIALISERS, Init
from dsl.program import Local, Name, Program
from dsl.program.walk import Rewriter, arguments
from dsl.rewrite.canonical import canonical
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.point import keeping_point
from dsl.rewrite.precomputed import Early, Numbers


class Structure(NamedTuple):
    """The common part of programs that differ in numbers alone."""

    program: Program
    """Reads `w`, `g`, `loss`, slots and numbers; the numbers are its hyperparameters."""
    places: tuple[int, ...]
    """The place of each hyperparameter among the numbers of the program."""
    by_rate: tuple[bool, ...]
    """For each hyperparameter: it depends on the rate."""
    point: str | None
    """The slot that holds the point of evaluation, where that is not the parameters."""


class Split(NamedTuple):
    """A program taken apart into its structure and its numbers."""

    structure: Structure
    numbers: Numbers
    starts: tuple[tuple[float, ...], ...]
    """The numbers of each slot's initialiser."""


@lru_cache(maxsize=256)
def split(program: Program) -> Split:
    """The structure and the numbers of a program."""
    program, point = keeping_point(spelled_out(canonical(program)))
    early = Early(program)
    late = [i for i in range(len(program.statements)) if not early.known(Local(i))]
    blank = Rewriter(program)
    for arg in arguments(program, late):
        if early.known(arg):
            blank.place[arg] = Name(f"n{early.place(arg)}")
    places = tuple(early.place(arg) for arg in blank.place)
    blank.copy(late)
    structure = blank.finish(
        inputs=tuple(name for name in program.inputs if name in ("w", "g", "loss")),
        hyperparameters={f"n{place}": 0.0 for place in places},
        slots={name: _blank(init) for name, init in program.slots.items()},
    )
    return Split(
        Structure(structure, places, tuple(map(early.by_rate, places)), point),
        early.numbers,
        tuple(init.args for init in program.slots.values()),
    )


def _blank(init: Init) -> Init:
    return Init(init.rule, (0.0,) * INITIALISERS[init.rule].arity)
