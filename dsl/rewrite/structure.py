"""A program without its numbers: what of it an engine has to compile.

Everything known before the steps becomes a hyperparameter `n<place>`, and initialisers lose their
numbers. Programs that differ in constants alone, schedules and bias corrections among them, share a
structure.
"""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from dsl.language.initialisers import INITIALISERS, Init
from dsl.program import Arg, Local, Name, Program, Statement
from dsl.rewrite.canonical import canonical
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.precomputed import Early, Numbers


class Structure(NamedTuple):
    """What programs have in common that differ in numbers alone."""

    program: Program
    """Reads `w`, `g`, `loss`, slots and numbers; the numbers are its hyperparameters."""
    places: tuple[int, ...]
    """The place of each hyperparameter among the numbers of the program."""
    by_rate: tuple[bool, ...]
    """Whether each depends on the rate."""


class Split(NamedTuple):
    """A program taken apart into its structure and its numbers."""

    structure: Structure
    numbers: Numbers
    starts: tuple[tuple[float, ...], ...]
    """The numbers of each slot's initialiser."""


@lru_cache(maxsize=256)
def split(program: Program) -> Split:
    """The structure and the numbers of a program."""
    program = spelled_out(canonical(program))
    early = Early(program)
    late = [i for i in range(len(program.statements)) if not early.known(Local(i))]
    new_place = {old: new for new, old in enumerate(late)}
    read: dict[int, None] = {}

    def moved(arg: Arg) -> Arg:
        if early.known(arg):
            place = early.place(arg)
            read[place] = None
            return Name(f"n{place}")
        return Local(new_place[arg.index]) if isinstance(arg, Local) else arg

    statements = tuple(
        Statement(program.statements[i].op, tuple(map(moved, program.statements[i].args)))
        for i in late
    )
    updates, result = tuple(map(moved, program.updates)), moved(program.result)
    places = tuple(read)
    blank = replace(
        program,
        inputs=tuple(name for name in program.inputs if name in ("w", "g", "loss")),
        hypers=tuple((f"n{place}", 0.0) for place in places),
        state=tuple((name, _blank(init)) for name, init in program.state),
        statements=statements,
        updates=updates,
        result=result,
    )
    structure = Structure(blank, places, tuple(map(early.by_rate, places)))
    return Split(structure, early.numbers, tuple(init.args for _, init in program.state))


def _blank(init: Init) -> Init:
    return Init(init.rule, (0.0,) * INITIALISERS[init.rule].arity)
