"""The published kinds of change, each declared once with its default weight.

They are those of "Symbolic Discovery of Optimization Algorithms" (Chen et al. 2023) on the flat
list of statements, dead ones included: they are the stepping stones of later changes. With a prior
half of what they insert follows it (`search.mutation.informed`), and what they put in the place of
a value has its parity.
"""

import numpy as np

from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import KINDS, Kind, lifts
from dsl.language.registry import Primitive
from dsl.program import Arg, Const, Local, Name
from search.mutation.arguments import (
    arg_text,
    call_text,
    drawn_argument,
    drawn_arguments,
    number_for,
    tensors_at,
)
from search.mutation.change import SearchSpace, change
from search.mutation.editor import Editor
from search.mutation.informed import insert_as_known
from search.mutation.sampling import (
    chance,
    changed_constant,
    changed_default,
    fresh_constant,
    pick,
    start_at_zero,
)

_TAKES_PLACE = 0.8
"""A new statement mostly takes the place of a value: one that nothing reads changes no step."""
_READS_WHAT_IT_REPLACES = 0.6
"""It mostly reads what it replaces too, and so comes between a value and its readers."""
_BYPASS = 0.5
"""Readers of a deleted statement read one of its arguments as often as any other value."""
_AVERAGE = 0.6
"""A new slot is a running average more often than a last value, as in the rules of the zoo."""
_AS_KNOWN_RULES = 0.5
"""With a prior half of the new statements follow it, the others the weights of primitives."""
_DECAY, _OTHER_DECAY = 0.9, 0.2
"""An average fades as most momentum does, unless another decay is drawn."""


@change(weight=1.0)
def insert(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A new statement, whose value stays free or takes the place of one of its kind."""
    if len(editor.statements) >= space.statements:
        return None
    at = int(rng.integers(len(editor.statements) + 1))
    if space.prior is not None and chance(rng, _AS_KNOWN_RULES):
        return insert_as_known(editor, rng, space, space.prior, at)
    op = space.primitives.draw(rng)
    args = drawn_arguments(editor, rng, at, op)
    over = _replaced(editor, rng, at, op, args) if chance(rng, _TAKES_PLACE) else None
    editor.insert(at, op.name, tuple(args), over)
    shown = f"%{at} = {call_text(op.name, args)}"
    return f"{shown} for {arg_text(over)}" if over is not None else shown


def _replaced(
    editor: Editor, rng: np.random.Generator, at: int, op: Primitive, args: list[Arg]
) -> Arg | None:
    """A value that is read later and that the new one may stand for; often made an argument.

    One of the same kind, or else one that the new one is broadcast to.
    """
    wanted, kind = op.signature.bind(tuple(map(editor.kind_of, args)))
    read = editor.read_from(at)
    values = [value for value in editor.visible(at, kind, exactly=True) if value in read]
    if not values and kind is not Kind.GLOBAL:
        wider = [each for each in KINDS.values() if lifts(kind, each) and each is not kind]
        every = [value for each in wider for value in editor.visible(at, each, exactly=True)]
        values = [value for value in every if value in read]
    if not values:
        return None
    over = pick(rng, values)
    if chance(rng, _READS_WHAT_IT_REPLACES) and over not in args:
        own = editor.kind_of(over)
        fitting = [position for position, want in enumerate(wanted) if lifts(own, want)]
        if fitting:
            args[pick(rng, fitting)] = over
    return over


@change(weight=1.0)
def delete(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A statement less; its readers fall back on one of its arguments or another such value."""
    if len(editor.statements) < 2:
        return None
    at = int(rng.integers(len(editor.statements)))
    gone = editor.statements[at]
    kind = editor.kinds.values[at]
    own = [arg for arg in gone.args if lifts(editor.kind_of(arg), kind)]
    values = [arg for arg in own if not isinstance(arg, Const)] or own
    if not values or not chance(rng, _BYPASS):
        same = editor.visible(at, kind, exactly=True)
        values = same or editor.visible(at, kind) or values
    if space.prior is not None:
        values = editor.mirrored_alike(values, Local(at))
    instead = pick(rng, values) if values else number_for(kind, 1.0)
    editor.delete(at, instead)
    return f"%{at} = {call_text(gone.op, gone.args)}, read {arg_text(instead)}"


@change(weight=0.5)
def argument(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """One argument of a statement, or what a slot becomes, replaced by another value."""
    sites, slots = editor.sites(), list(editor.slots)
    if not sites and not slots:
        return None
    choice = int(rng.integers(len(sites) + len(slots)))
    if choice >= len(sites):
        slot = slots[choice - len(sites)]
        end, kind = len(editor.statements), editor.slots[slot].kind
        value = pick(rng, editor.visible(end, kind, exactly=True))
        editor.replace_next_value(slot, value)
        return f"{slot} becomes {arg_text(value)}"
    at, position = sites[choice]
    old, wanted = editor.statements[at].args[position], editor.wanted(at)[position]
    arg = drawn_argument(editor, rng, at, wanted)
    if space.prior is not None and not isinstance(arg, Const):
        fitting = editor.visible(at, wanted, exactly=True) or editor.visible(at, wanted)
        arg = pick(rng, editor.mirrored_alike(fitting, old))
    editor.replace_argument((at, position), arg)
    return f"%{at} reads {arg_text(arg)} for {arg_text(old)}"


@change(weight=0.5)
def constant(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A number in a statement, the default of a hyperparameter, or a slot's start changed."""
    numbers = editor.constants()
    lengths = {init.length for init in editor.slots.values()}
    hypers = [each for each in editor.hyperparameters.items() if each[0] not in lengths]
    starts = [
        (slot, init)
        for slot, init in editor.slots.items()
        if init.args and not init.names and not INITIALISERS[init.rule].kind.sized
    ]
    total = len(numbers) + len(hypers) + len(starts)
    if not total:
        return None
    choice = int(rng.integers(total))
    if choice < len(numbers):
        site, old = numbers[choice]
        new = changed_constant(rng, old.value)
        editor.replace_argument(site, Const(new))
        return f"%{site[0]} reads {new:g} for {old.value:g}"
    choice -= len(numbers)
    if choice < len(hypers):
        hyper, default = hypers[choice]
        new = editor.within(hyper, changed_default(rng, default))
        editor.hyperparameters[hyper] = new
        return f"{hyper}={new:g} for {default:g}"
    slot, init = starts[choice - len(hypers)]
    changed = Init(init.rule, tuple(changed_constant(rng, value) for value in init.args))
    editor.slots[slot] = changed
    return f"{slot} starts as {changed} for {init}"


@change(weight=0.25)
def primitive(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """Another primitive of the same signature."""
    if not editor.statements:
        return None
    at = int(rng.integers(len(editor.statements)))
    old = editor.statements[at].op
    others = space.primitives.alike(old)
    if not others:
        return None
    new = others.draw(rng)
    editor.replace_primitive(at, new)
    return f"%{at} applies {new} for {old}"


@change(weight=0.05)
def add_slot(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A new slot: the running average of a tensor, or of numbers for its rows, columns or whole,
    read in its place; or a tensor's last value."""
    if len(editor.slots) >= space.slots:
        return None
    (name,) = editor.fresh_slots(1)
    end = len(editor.statements)
    at = int(rng.integers(end + 1))
    may_average = end < space.statements and "interp" in space.primitives
    if may_average and chance(rng, _AVERAGE):
        value = pick(rng, tensors_at(editor, rng, at))
        decay = 1.0 - abs(fresh_constant(rng)) if chance(rng, _OTHER_DECAY) else _DECAY
        editor.add_slot(name, start_at_zero(editor.kind_of(value)), Name(name))
        args = (value, Name(name), Const(decay))
        editor.replace_next_value(name, editor.insert(at, "interp", args, over=value))
        return f"{name}, the average of {arg_text(value)} at %{at}"
    value = pick(rng, editor.visible(end, Kind.TENSOR, exactly=True))
    editor.add_slot(name, start_at_zero(Kind.TENSOR), value)
    sites = [site for site in editor.sites() if editor.wanted(site[0])[site[1]] is Kind.TENSOR]
    if sites:
        editor.replace_argument(pick(rng, sites), Name(name))
    return f"{name}, the last value of {arg_text(value)}"


@change(weight=0.05)
def remove_slot(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A slot less; its readers read another value of its kind."""
    if not editor.slots:
        return None
    name = pick(rng, list(editor.slots))
    kind = editor.slots[name].kind
    others = [arg for arg in editor.visible(0, kind) if arg != Name(name)]
    instead = pick(rng, others) if others else number_for(kind, 1.0)
    editor.remove_slot(name, instead)
    return f"{name}, read {arg_text(instead)}"
