"""Slots that hold, step by step, what another one held before: up to a factor."""

from collections.abc import Iterator

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import Domain
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import Rewriter, needed, within_step
from dsl.rewrite.prune import prune
from dsl.simplifier.costs import program_cost
from dsl.simplifier.graph import Graph
from dsl.simplifier.held import held
from dsl.simplifier.programs import load
from dsl.simplifier.saturate import Saturation
from dsl.simplifier.whole import RewrittenProgram, no_longer

_ROUNDING = 1e-9


def delayed_slot(program: Program) -> RewrittenProgram | None:
    """A slot whose next value is what another slot holds still, as an average of the last gradients
    is that of the gradients one step before."""
    for slot, other, factor in _guesses(program):
        if not _proved(program, slot, other, factor):
            continue
        made = _read_from(program, slot, other, factor)
        if no_longer(made, program) and program_cost(made) < program_cost(program):
            text = other if factor == 1 else f"{format_number(factor)} * {other}"
            return RewrittenProgram("a slot that is another one a step later", slot, text, made)
    return None


def _guesses(program: Program) -> Iterator[tuple[str, str, float]]:
    """Pairs of slots of which the one held for a few steps what the other one had held before."""
    slots = [name for name, init in program.slots.items() if init.kind is Kind.TENSOR]
    worked_out = [slot for slot in slots if isinstance(program.next_values[slot], Local)]
    if len(slots) < 2 or not _kept(program):
        return
    values = held(program)
    for slot in worked_out:
        for other in slots:
            x, y = values[other][:-1], values[slot][1:]
            some = x != 0
            if other == slot or not some.any() or not np.isfinite([x, y]).all():
                continue
            ratios = y[some] / x[some]
            factor = float(f"{np.median(ratios):.10g}")
            if factor and np.all(np.abs(y - factor * x) <= _ROUNDING * np.abs(y)):
                yield slot, other, factor


def _proved(program: Program, slot: str, other: str, factor: float) -> bool:
    """True if a slot that is at a step what another one was before it is so at the next step, and
    at the first one.

    The step before is the function of `other`, with what is kept of it: `slot` for what `other`
    was, and for an input or a slot the one that it went to.
    """
    source = program.next_values[other]
    before = _kept(program)
    reads = needed(program, [source], within_step(program))
    names = {arg.id for arg in reads if isinstance(arg, Name)} - {other, *program.hyperparameters}
    start = program.slots[other].number
    if not names <= before.keys() or start is None:
        return False
    first = held(program)[slot][0]
    if np.any(np.abs(first - factor * start) > _ROUNDING * abs(factor * start)):
        return False
    graph = Graph(program.name_kinds, arithmetic=True)
    loaded = load(graph, program)
    given = {}
    for name in (other, *names):
        kept, by = (slot, factor) if name == other else before[name]
        was = graph.add("mul", (graph.num(1 / by), graph.name(kept)))
        assert was is not None
        given[name] = was
    earlier = load(graph, program, given)
    following = graph.add("mul", (graph.num(factor), earlier.nexts[other]))
    assert following is not None
    Saturation(graph, Domain.FINITE, program.hyperparameters, {}).run()
    return graph.same(following, loaded.nexts[slot])


def _kept(program: Program) -> dict[str, tuple[str, float]]:
    """The names of which a slot keeps the value for the next step, with that slot, and the number
    that it is multiplied by there."""
    found: dict[str, tuple[str, float]] = {}
    for slot, value in program.next_values.items():
        factor = 1.0
        if isinstance(value, Local):
            statement = program.statements[value.index]
            numbers = [arg.value for arg in statement.args if isinstance(arg, Const)]
            names = [arg for arg in statement.args if isinstance(arg, Name)]
            if statement.op != "mul" or len(numbers) != 1 or len(names) != 1 or not numbers[0]:
                continue
            (factor,), (value,) = numbers, names
        if not isinstance(value, Name) or value.id == slot:
            continue
        if program.name_kinds[value.id] is program.name_kinds[slot]:
            found.setdefault(value.id, (slot, factor))
    return found


def _read_from(program: Program, slot: str, other: str, factor: float) -> Program:
    """The program that reads a slot from another one."""
    value = program.next_values[slot]
    assert isinstance(value, Local)
    written = Rewriter(program)
    written.copy(range(value.index))
    made: Arg = Name(other)
    if factor != 1:
        made = written.put("mul", Const(factor), made)
    written.place[value] = made
    written.copy(range(value.index + 1, len(program.statements)))
    return prune(written.finish())
