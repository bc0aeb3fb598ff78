"""Slots that stay what they were at the start: a number instead of them."""

import math

import numpy as np

from dsl.errors import DslError
from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Domain
from dsl.program import Const, Local, Name, Program
from dsl.program.walk import Rewriter, readers
from dsl.rewrite.prune import prune
from dsl.simplifier.graph import Graph
from dsl.simplifier.held import held
from dsl.simplifier.programs import load
from dsl.simplifier.saturate import Saturation
from dsl.simplifier.whole import RewrittenProgram

_ROUNDING = 1e-12
_ATTEMPTS = 2
"""Proofs that are tried at most."""
_KINDS = (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL)


def steady_slot(program: Program, domain: Domain) -> RewrittenProgram | None:
    """A slot that is a number at the start, and at every step if it was so before: one that is not
    written, or for `Domain.FINITE` one whose next value comes to that number."""
    left = _ATTEMPTS
    for slot, init in program.slots.items():
        value = init.number
        if value is None or not math.isfinite(value) or init.kind not in _KINDS:
            continue
        unwritten = program.next_values[slot] == Name(slot)
        if not unwritten and (domain is Domain.EXACT or not _seems(program, slot, value)):
            continue
        made = _with_number(program, slot, value) if left or unwritten else None
        left -= made is not None and not unwritten
        if made is None or not (unwritten or _proved(made, slot, value, domain)):
            continue
        slots = {name: each for name, each in made.slots.items() if name != slot}
        nexts = {name: each for name, each in made.next_values.items() if name != slot}
        written = Rewriter(made)
        written.copy()
        shorter = prune(written.finish(slots=slots, next_values=nexts))
        text = format_number(value)
        return RewrittenProgram("a slot that stays what it was at the start", slot, text, shorter)
    return None


def _seems(program: Program, slot: str, value: float) -> bool:
    """True if the slot was that number for a few steps."""
    return bool(np.all(np.abs(held(program)[slot] - value) <= _ROUNDING * abs(value)))


def _with_number(program: Program, slot: str, value: float) -> Program | None:
    """The program that reads a number instead of a slot, which is still kept; None where something
    that sees shapes would read it then: the sum of a number is not that of a tensor."""
    written = Rewriter(program, {Name(slot): Const(value)})
    try:
        written.copy()
        made = written.finish()
    except DslError:
        return None
    read = readers(program)
    changed = list(read.get(Name(slot), []))
    for at, (before, after) in enumerate(zip(program.kinds, made.kinds, strict=True)):
        if before is not after:
            changed += read.get(Local(at), [])
    inside = [place.by for place in changed if place.by < len(program.statements)]
    ops = [PRIMITIVES[program.statements[by].op] for by in inside]
    return made if all(op.signature.elementwise for op in ops) else None


def _proved(program: Program, slot: str, value: float, domain: Domain) -> bool:
    """True if the next value of a slot is that number, where it was so before."""
    graph = Graph(program.name_kinds, arithmetic=True)
    loaded = load(graph, program)
    Saturation(graph, domain, program.hyperparameters, {}).run()
    number = graph.number.get(graph.find(loaded.nexts[slot]))
    return number is not None and abs(number - value) <= _ROUNDING * abs(value)
