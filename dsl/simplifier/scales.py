"""Slots and their scales: one that is a multiple of another, one that is kept in another unit."""

import itertools
from collections.abc import Iterator

import numpy as np

from dsl.language.closed_form import Leaves
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import Domain
from dsl.program import Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter
from dsl.run.fingerprint import Probe, without_signed_zeros
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.simplifier.costs import program_cost
from dsl.simplifier.graph import Graph
from dsl.simplifier.programs import load
from dsl.simplifier.saturate import Saturation
from dsl.simplifier.whole import RewrittenProgram, Shorter, instead, no_longer, without

_STEPS = 3
"""Steps after which a multiple is guessed from what slots hold."""
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
    held = _held(program)
    for at, other in enumerate(slots):
        for slot in slots[at + 1 :]:
            x, y = held[other], held[slot]
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


def _held(program: Program) -> dict[str, np.ndarray]:
    """All that the slots of whole tensors hold over a few steps."""
    probe = Probe(0, joined=False)
    w: Leaves = [leaf.copy() for leaf in probe.start]
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    seen: dict[str, list[np.ndarray]] = {name: [] for name in slots}
    with np.errstate(all="ignore"):
        for t in range(_STEPS):
            probe.at(t, w)
            inputs = {"w": w, "g": probe.gradients[t], "t": np.float64(t + 1), "T": 100.0}
            inputs |= {"loss": probe.losses[t], **program.hyperparameters}
            move, slots = run_step(program, inputs, slots, probe, without_signed_zeros)
            w = [leaf - step for leaf, step in zip(w, move, strict=True)]
            for name, init in program.slots.items():
                if init.kind is Kind.TENSOR:
                    seen[name] += [np.ravel(leaf) for leaf in slots[name]]
    return {name: np.concatenate(parts) for name, parts in seen.items() if parts}


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
    """A slot that takes fewer statements if a multiple of it is kept."""
    left = _ATTEMPTS if len(program.statements) <= _LONG else 1
    for slot in program.slots:
        for factor in _factors_beside(program, slot)[:left]:
            left -= 1
            made = _rescaled(program, slot, factor)
            least = None if made is None else shorter(made)
            if made is None or least is None or not no_longer(least, program):
                continue
            if program_cost(least) < program_cost(program) - _ROUNDING:
                text = f"{format_number(factor)} * {slot}"
                return RewrittenProgram("a slot kept at another scale", slot, text, made)
    return None


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
