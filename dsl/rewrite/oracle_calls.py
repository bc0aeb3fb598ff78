"""Oracle calls: what a program asks of the data besides the gradient, and on which steps.

A choice (`when`) computes only what it chooses, so an oracle behind one is asked on the steps that
the flag lets it. A flag that is known before the steps, such as `every`, says which these are; one
that depends on the data leaves only bounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dsl.language.cost import Cost
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Local, Program
from dsl.program.walk import Read, readers
from dsl.rewrite.liveness import live
from dsl.rewrite.precomputed import Early
from dsl.shapes import Bool, Int

_LONG = 10_000
"""Steps that the long run leaves out at the beginning, and as many that are looked at."""

Flags = Bool[np.ndarray, " steps"]
"""A flag for every step."""


@dataclass(frozen=True)
class OracleCall:
    """An oracle that a program asks: how it is spelled, and what that costs each time.

    `least` and `most` bound the part of all steps on which it is asked in the long run; they are
    equal where the program's numbers decide.
    """

    op: str
    cost: Cost
    least: float
    most: float


@lru_cache(maxsize=4096)
def oracle_calls(program: Program) -> tuple[OracleCall, ...]:
    """The calls of live oracles, in order, with how often they are made in the long run; none of
    those that are never made."""
    asked = steps_asked(program, 2 * _LONG)
    found = []
    for index, (least, most) in asked.items():
        if not most.any():
            continue
        shares = [_share(np.flatnonzero(steps[_LONG:])) for steps in (least, most)]
        found.append(OracleCall(program.statements[index].op, _cost(program, index), *shares))
    return tuple(found)


def steps_asked(
    program: Program, steps: int, horizon: int | None = None
) -> dict[int, tuple[Flags, Flags]]:
    """The steps 1, 2, ... on which each live statement that asks an oracle does so, surely and at
    most.

    **Arguments:** `horizon`: what `T` is; `steps` if None.
    """
    oracles = [i for i in live(program).statements if PRIMITIVES[program.statements[i].op].oracle]
    if not oracles:
        return {}
    nothing, always = np.zeros(steps, bool), np.ones(steps, bool)
    end = len(program.statements)
    outputs = {slot: at for at, slot in enumerate((*program.slots, None))}
    alive = {outputs[slot] for slot in (*live(program).slots, None)}
    flags = _flags(program, steps, steps if horizon is None else horizon)
    read = readers(program)
    asked: dict[int, tuple[Flags, Flags]] = {}

    def asked_by(place: Read) -> tuple[Flags, Flags]:
        """The steps on which a place reads its value, surely and at most."""
        if place.by == end:
            return (always, always) if place.at in alive else (nothing, nothing)
        surely, perhaps = asked[place.by]
        statement = program.statements[place.by]
        lazy = PRIMITIVES[statement.op].lazy
        if place.at not in lazy:
            return surely, perhaps
        flag = flags.get(statement.args[0])
        if flag is None:
            return nothing, perhaps
        kept = flag if place.at == lazy[0] else ~flag
        return surely & kept, perhaps & kept

    for index in reversed(range(end)):
        places = [asked_by(place) for place in read.get(Local(index), ())]
        surely, perhaps = nothing, nothing
        for on, maybe in places:
            surely, perhaps = surely | on, perhaps | maybe
        asked[index] = surely, perhaps
    return {index: asked[index] for index in oracles}


def gradients_asked(program: Program, sizes: Mapping[str, float]) -> float:
    """The most that a step asks of oracles, as a number of gradients that take as long.

    **Arguments:** `sizes`: those that the costs depend on, by the letters of
    `dsl.language.cost.SIZES`.
    """
    return sum(call.most * call.cost.gradients(sizes) for call in oracle_calls(program))


def calls_text(program: Program) -> str:
    """The calls of a step in words, `"1 gradient, 2 gradients every 10 steps"`, or no text."""
    often: dict[tuple[float, float], dict[str, Cost]] = {}
    for call in oracle_calls(program):
        units = often.setdefault((call.least, call.most), {})
        unit = call.cost.unit.name
        units[unit] = units[unit].plus(call.cost) if unit in units else call.cost
    return ", ".join(
        " and ".join(map(str, units.values())) + _frequency(*bounds)
        for bounds, units in often.items()
    )


def _cost(program: Program, index: int) -> Cost:
    """The cost of a statement that asks an oracle, with the sizes that its arguments have."""
    statement = program.statements[index]
    oracle = PRIMITIVES[statement.op].oracle
    assert oracle is not None, f"'{statement.op}' asks nothing"
    lengths = [program.kind_of(arg).length for arg in statement.args]
    known = next((length for length in lengths if length is not None), None)
    return oracle.costs if known is None else oracle.costs.given({"k": known})


def _flags(program: Program, steps: int, horizon: int) -> dict[Arg, Flags]:
    """The flags of choices that are known before the steps."""
    early = Early(program)
    chosen = {s.args[0] for s in program.statements if PRIMITIVES[s.op].lazy}
    places = {arg: early.place(arg) for arg in chosen if early.known(arg)}
    lr = np.full((steps, 1), program.hyperparameters.get("lr", 1.0))
    table = early.numbers.table(lr, horizon)
    return {arg: table[place, :, 0] != 0 for arg, place in places.items()}


def _share(steps: Int[np.ndarray, " asked"]) -> float:
    """The part of all steps that these are, as far as a window shows it; exact if they are evenly
    spaced."""
    gaps = np.diff(steps)
    even = gaps.size and np.all(gaps == gaps[0])
    return 1 / int(gaps[0]) if even else len(steps) / _LONG


def _frequency(least: float, most: float) -> str:
    if least < most:
        return _frequency(most, most) + " at most"
    if most in (0, 1):
        return "" if most else " at first"
    spacing = 1 / most
    if abs(spacing - round(spacing)) < 1e-9:
        return f" every {round(spacing)} steps"
    return f" on {format_number(round(100 * most, 2))} % of steps"
