"""Hyperparameters that occur in one product only: they take its numbers in."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dsl.language.numbers import format_number
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import Read, Rewriter, readers
from dsl.rewrite.prune import prune
from dsl.simplifier.whole import RewrittenProgram

_NAME = "a hyperparameter that occurs in one product only"

Readers = dict[Arg, list[Read]]


class _Factor(NamedTuple):
    """Argument `at` of statement `by`, a factor of a product, or a divisor where `power` is -1."""

    arg: Arg
    by: int
    at: int
    power: int


def one_product(program: Program) -> RewrittenProgram | None:
    """The program where a hyperparameter, the rate aside, takes in another factor of the product
    that it is in: a number, or a hyperparameter that is read there alone too."""
    read = readers(program)
    for name, value in program.hyperparameters.items():
        if not value or not _free(program, read, name):
            continue
        factors = list(_factors(program, read, _top(program, read, read[Name(name)][0].by), 1))
        (own,) = (each for each in factors if each.arg == Name(name))
        for factor in factors:
            number = _number(program, read, factor.arg)
            beside = program.statements[factor.by].args
            above = program.statements[factor.by].op == "div" and factor.at == 0
            if factor == own or not number or above or len(beside) != 2:
                continue
            same = factor.power == own.power
            with np.errstate(all="ignore"):
                taken = float(np.float64(value) * number if same else np.float64(value) / number)
            if not np.isfinite(taken) or taken == 0:
                continue
            written = Rewriter(program)
            written.copy(range(factor.by))
            written.place[Local(factor.by)] = written.moved(beside[1 - factor.at])
            written.copy(range(factor.by + 1, len(program.statements)))
            hypers = {**program.hyperparameters, name: taken}
            made = prune(written.finish(hyperparameters=hypers))
            before = f"{name} {'*' if same else '/'} {_text(factor.arg)}"
            return RewrittenProgram(_NAME, before, name, made)
    return None


def _free(program: Program, read: Readers, name: str) -> bool:
    """True for a hyperparameter that is read once, by a product, and is not the rate."""
    places = read.get(Name(name), [])
    return (
        name != "lr"
        and name not in program.starts_from
        and len(places) == 1
        and places[0].by < len(program.statements)
        and program.statements[places[0].by].op in ("mul", "div")
    )


def _top(program: Program, read: Readers, at: int) -> int:
    """The statement that the whole product is, which a product is part of."""
    while True:
        places = read.get(Local(at), [])
        if len(places) != 1 or places[0].by == len(program.statements):
            return at
        if program.statements[places[0].by].op not in ("mul", "div", "neg"):
            return at
        at = places[0].by


def _factors(program: Program, read: Readers, by: int, power: int) -> Iterator[_Factor]:
    """The factors of a product; those of one that is read elsewhere too are not looked for."""
    statement = program.statements[by]
    for at, arg in enumerate(statement.args):
        here = -power if statement.op == "div" and at == 1 else power
        if (
            isinstance(arg, Local)
            and len(read[arg]) == 1
            and program.statements[arg.index].op in ("mul", "div", "neg")
        ):
            yield from _factors(program, read, arg.index, here)
        else:
            yield _Factor(arg, by, at, here)


def _number(program: Program, read: Readers, arg: Arg) -> float | None:
    """The number that a factor is: one that is written, or a hyperparameter that is read once."""
    if isinstance(arg, Const):
        return arg.value
    if isinstance(arg, Name) and arg.id in program.hyperparameters and _free(program, read, arg.id):
        return program.hyperparameters[arg.id]
    return None


def _text(arg: Arg) -> str:
    return format_number(arg.value) if isinstance(arg, Const) else str(getattr(arg, "id", "..."))
