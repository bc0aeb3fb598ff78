"""Slots and their scales: one that is a multiple of another, one that is kept in another unit."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import Domain
from dsl.program import Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter
from dsl.simplifier.costs import program_cost
from dsl.simplifier.graph import Graph
from dsl.simplifier.held import held
from dsl.simplifier.hypers import one_product
from dsl.simplifier.programs import load
from dsl.simplifier.saturate import Saturation
from dsl.simplifier.whole import RewrittenProgram, Shorter, instead, no_longer, without

_ROUNDING = 1e-9
_ATTEMPTS, _LONG = 6, 60
"""Proofs that are tried for one law at most; of a program of more statements than these, one."""


def multiple_of_a_slot(program: Program, shorter: Shorter) -> RewrittenProgram | None:
    """Two slots that are updated alike up to a factor."""
    for slot, other, factor in itertools.islice(_guesses(program), _ATTEMPTS):
        if not _proved(program, slot, other, factor):
            continue
        if factor == 1:
            made = without(program, slot, Name(other))
            return RewrittenProgram("a slot that is another one", slot, other, made)
        made = instead(program, slot, Statement("mul", (Const(factor), Name(other))))
        least = shorter(made) or made
        if program_cost(least) < program_cost(program) and no_longer(least, program):
            text = f"{format_number(factor)} * {other}"
            return RewrittenProgram("a slot that is a multiple of another", slot, text, made)
    return None


def _guesses(program: Program) -> Iterator[tuple[str, str, float]]:
    """Pairs of slots that were multiples of one another for a few steps."""
    slots = [slot for slot, init in program.slots.items() if init.kind is Kind.TENSOR]
    if len(slots) < 2:
        return
    values = held(program)
    for at, other in enumerate(slots):
        for slot in slots[at + 1 :]:
            x, y = values[other], values[slot]
            some = np.abs(x) > 0
            if not some.any() or not (np.isfinite(x).all() and np.isfinite(y).all()):
                continue
            with np.errstate(all="ignore"):
                ratios = y[some] / x[some]
            factor = float(np.median(ratios))
            if not np.isfinite(factor) or factor == 0 or np.any(y[~some]):
                continue
            if np.all(np.abs(ratios - factor) <= _ROUNDING * abs(factor)):
                yield slot, other, float(f"{factor:.10g}")


def _proved(program: Program, slot: str, other: str, factor: float) -> bool:
    """True if a slot that is a multiple of another stays one."""
    one, two = program.slots[other].number, program.slots[slot].number
    if one is None or two is None or abs(two - factor * one) > _ROUNDING * abs(two):
        return False
    graph = Graph(program.name_kinds, arithmetic=True)
    assumed = graph.add("mul", (graph.num(factor), graph.name(other)))
    assert assumed is not None
    loaded = load(graph, program, {slot: assumed})
    following = graph.add("mul", (graph.num(factor), loaded.nexts[other]))
    assert following is not None
    Saturation(graph, Domain.FINITE, program.hyperparameters, {}).run()
    return graph.same(following, loaded.nexts[slot])


def other_scale(program: Program, shorter: Shorter) -> RewrittenProgram | None:
    """A slot that takes fewer statements if a multiple of it is kept, alone or with others that
    hold powers of what it holds: Adam's of a gradient that is a multiple."""
    left = _ATTEMPTS if len(program.statements) <= _LONG else 1
    for slot in program.slots:
        for factor in _factors_beside(program, slot)[:left]:
            left -= 1
            for factors in ({slot: factor}, _together(program, slot, factor)):
                made = _all_rescaled(program, factors)
                least = None if made is None else shorter(made)
                while least is not None and (taken := one_product(least)) is not None:
                    least = taken.program
                if made is None or least is None or not no_longer(least, program):
                    continue
                if program_cost(least) < program_cost(program) - _ROUNDING:
                    text = ", ".join(f"{format_number(by)} * {of}" for of, by in factors.items())
                    names = ", ".join(factors)
                    return RewrittenProgram("a slot kept at another scale", names, text, made)
    return None


def _together(program: Program, slot: str, factor: float) -> dict[str, float]:
    """The factors of all slots that go with one of a slot, by the power of the gradient that each
    of them is; none where the slot is no power, or the only one."""
    degrees = _degrees(program)
    if not degrees.get(slot) or len(degrees) < 2 or (factor < 0 and degrees[slot] % 2 == 0):
        return {}
    root = float(np.sign(factor) * np.abs(factor) ** (1 / degrees[slot]))
    return {name: root**degree for name, degree in degrees.items() if root**degree != 1}


def _degrees(program: Program) -> dict[str, int]:
    """The slots that are a power of the gradient, by what they hold if gradients are twice as
    large, with that power."""
    once, twice = held(program), held(program, 2.0)
    found = {}
    for name, init in program.slots.items():
        if init.kind is not Kind.TENSOR or not np.all(np.isfinite(twice[name])):
            continue
        for degree in (1, 2, 3):
            apart = np.abs(twice[name] - 2.0**degree * once[name])
            if np.any(once[name]) and np.all(apart <= _ROUNDING * np.abs(twice[name])):
                found[name] = degree
    return found


def _all_rescaled(program: Program, factors: Mapping[str, float]) -> Program | None:
    """The program that keeps multiples of what slots held; None where there is none."""
    made: Program | None = program if factors else None
    for slot, factor in factors.items():
        made = None if made is None else _rescaled(made, slot, factor)
    return made


def _rescaled(program: Program, slot: str, factor: float) -> Program | None:
    """The program that keeps a multiple of what a slot held."""
    init = program.slots[slot]
    value = init.number
    if value is None:
        return None
    written = Rewriter(program)
    written.place[Name(slot)] = written.put("mul", Const(1 / factor), Name(slot))
    written.copy()
    kept = written.put("mul", Const(factor), written.moved(program.next_values[slot]))
    if value * factor != value:
        init = Init(INITIALISERS[init.rule].general, (value * factor,))
    return written.finish(
        slots={**program.slots, slot: init},
        next_values={**written.finish().next_values, slot: kept},
    )


def _factors_beside(program: Program, slot: str) -> list[float]:
    """The numbers that a slot is multiplied by where it is read, or divided by where it is kept,
    and what is beside it there."""
    following, kind = program.next_values[slot], program.slots[slot].kind
    around = [
        index
        for index, statement in enumerate(program.statements)
        if Name(slot) in statement.args or following in statement.args
    ]
    around += [following.index] if isinstance(following, Local) else []
    inside = [arg for at in around for arg in program.statements[at].args]
    around += [arg.index for arg in inside if isinstance(arg, Local)]
    found: list[float] = []
    for at in dict.fromkeys(around):
        statement = program.statements[at]
        factor = -1.0 if statement.op == "sub" else _factor(statement)
        if program.kinds[at] is kind and factor is not None and factor not in (0, 1):
            found += [factor, 1 / factor]
    return list(dict.fromkeys(found))


def _factor(statement: Statement) -> float | None:
    """The number that a statement multiplies its other argument by, if it does."""
    if statement.op == "neg":
        return -1.0
    if statement.op == "add" and statement.args[0] == statement.args[1]:
        return 2.0
    numbers = [arg.value for arg in statement.args if isinstance(arg, Const)]
    if statement.op not in ("mul", "div") or len(numbers) != 1:
        return None
    if statement.op == "mul":
        return numbers[0]
    return 1 / numbers[0] if statement.args[1] == Const(numbers[0]) and numbers[0] else None
