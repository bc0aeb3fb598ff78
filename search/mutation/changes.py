"""The kinds of change, each declared once with its default weight.

They are those of "Symbolic Discovery of Optimization Algorithms" (Chen et al. 2023) on the flat
list of statements, dead ones included: they are the stepping stones of later changes. A config has
a key for the weight of each kind.

    @change(weight=0.25)
    def primitive(editor, rng, space):
        ...

A change edits the program and says in words what it did; it returns None, or raises NothingFits,
where it cannot apply.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dsl.declare import Registry
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import KINDS, Kind, lifts
from dsl.language.registry import Primitive
from dsl.program import Arg, Const, Local, Name
from search.mutation.editor import Editor
from search.mutation.prior import Hole, MacroArg, OwnSlot, Prior, maker_of
from search.mutation.sampling import (
    PrimitiveSampler,
    chance,
    changed_constant,
    changed_default,
    common_kind,
    fresh_constant,
    pick,
    start_at_zero,
)

_TAKES_PLACE = 0.8
"""A new statement mostly takes the place of a value: one that nothing reads changes no step."""
_READS_WHAT_IT_REPLACES = 0.6
"""It mostly reads what it replaces too, and so comes between a value and its readers."""
_NUMBER = 0.5
"""Where a Global is wanted a number is as likely as a value: there are few Globals to read."""
_SELDOM_READ, _SELDOM = ("T", "loss"), 0.1
"""A Global that is no number is one of these inputs this often, whether the program reads them yet
or not: the horizon suits few rules, and the loss is a pass over the batch."""
_REDUCED = 0.25
"""Where a Tensor is wanted, numbers per row, column or tensor stand this often if there are any."""
_BYPASS = 0.5
"""Readers of a deleted statement read one of its arguments as often as any other value."""
_AVERAGE = 0.6
"""A new slot is a running average more often than a last value, as in the rules of the zoo."""
_AS_KNOWN_RULES = 0.5
"""With a prior half of the new statements follow it, the others the weights of primitives."""
_DECAY, _OTHER_DECAY = 0.9, 0.2
"""An average fades as most momentum does, unless another decay is drawn."""


@dataclass(frozen=True)
class SearchSpace:
    """The programs that changes may make: new statements apply `primitives`; `statements` and
    `slots` are the largest numbers of them. `prior` is what known rules do, if changes may go by
    it."""

    primitives: PrimitiveSampler
    statements: int
    slots: int
    prior: Prior | None = None


Make = Callable[[Editor, np.random.Generator, SearchSpace], str | None]


@dataclass(frozen=True)
class Change:
    """A kind of change; `weight` is its relative chance unless a config says otherwise. One that
    is `informed` needs a prior."""

    name: str
    weight: float
    make: Make
    informed: bool = False


class NothingFits(Exception):
    """The program has no value of a kind that a change needs."""


CHANGES: Registry[Change] = Registry("kind of mutation")


def change(weight: float, *, informed: bool = False) -> Callable[[Make], Change]:
    """Declare the decorated function as a kind of change, under its own name."""

    def register(make: Make) -> Change:
        return CHANGES.declare(make.__name__, Change(make.__name__, weight, make, informed))

    return register


@change(weight=1.0)
def insert(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A new statement, whose value stays free or takes the place of one of its kind."""
    if len(editor.statements) >= space.statements:
        return None
    at = int(rng.integers(len(editor.statements) + 1))
    if space.prior is not None and chance(rng, _AS_KNOWN_RULES):
        return _insert_as_known(editor, rng, space, space.prior, at)
    op = space.primitives.draw(rng)
    args = _arguments(editor, rng, at, op)
    over = _replaced(editor, rng, at, op, args) if chance(rng, _TAKES_PLACE) else None
    editor.insert(at, op.name, tuple(args), over)
    shown = f"%{at} = {_call(op.name, args)}"
    return f"{shown} for {_text(over)}" if over is not None else shown


def _insert_as_known(
    editor: Editor, rng: np.random.Generator, space: SearchSpace, prior: Prior, at: int
) -> str | None:
    """A new statement between a tensor and its later readers, as often of each primitive as known
    rules apply it to a value so made."""
    read = editor.read_from(at)
    values = [arg for arg in editor.visible(at, Kind.TENSOR, exactly=True) if arg in read]
    if not values:
        return None
    over = pick(rng, values)
    known = prior.after(maker_of(editor.slots, [each.op for each in editor.statements], over))
    if known is None:
        return None
    op = known.draw(rng)
    args = _arguments(editor, rng, at, op)
    wanted, kind = op.signature.bind(tuple(map(editor.kind_of, args)))
    fitting = [place for place, want in enumerate(wanted) if lifts(Kind.TENSOR, want)]
    if kind is Kind.GLOBAL or not lifts(kind, Kind.TENSOR) or not fitting:
        return None
    args[pick(rng, fitting)] = over
    editor.insert(at, op.name, tuple(args), over)
    return f"%{at} = {_call(op.name, args)} for {_text(over)}, as in known rules"


@change(weight=0.5, informed=True)
def macro(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A few statements that several known rules have, between a tensor and its later readers."""
    assert space.prior is not None
    if not space.prior.macros:
        return None
    made = space.prior.macros.draw(rng)
    if len(editor.statements) + len(made.statements) > space.statements:
        return None
    if len(editor.slots) + len(made.slots) > space.slots:
        return None
    at = int(rng.integers(len(editor.statements) + 1))
    read = editor.read_from(at)
    values = [arg for arg in editor.visible(at, Kind.TENSOR, exactly=True) if arg in read]
    holes = sorted({arg for _, args in made.statements for arg in args if isinstance(arg, Hole)})
    open_to = [hole for hole in holes if hole.kind is Kind.TENSOR]
    if not values or not open_to:
        return None
    over, first = pick(rng, values), pick(rng, open_to)
    filled: dict[Hole | OwnSlot, Arg] = {
        hole: over if hole is first else _argument(editor, rng, at, hole.kind) for hole in holes
    }
    names = editor.fresh_slots(len(made.slots))
    for number, (name, (init, _)) in enumerate(zip(names, made.slots, strict=True)):
        filled[OwnSlot(number)] = Name(name)
        editor.add_slot(name, init, Name(name))
    last = len(made.statements) - 1
    for offset, (op, args) in enumerate(made.statements):
        placed = tuple(_placed(arg, at, filled) for arg in args)
        editor.insert(at + offset, op, placed, over if offset == last else None)
    for name, (_, place) in zip(names, made.slots, strict=True):
        editor.replace_next_value(name, Local(at + place))
    return f"%{at} = {made} on {_text(over)}"


def _placed(arg: MacroArg, at: int, filled: Mapping[Hole | OwnSlot, Arg]) -> Arg:
    """An argument of a macro that is inserted before statement `at`."""
    if isinstance(arg, Hole | OwnSlot):
        return filled[arg]
    return Local(at + arg.index) if isinstance(arg, Local) else arg


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
    instead = pick(rng, values) if values else _number(kind, 1.0)
    editor.delete(at, instead)
    return f"%{at} = {_call(gone.op, gone.args)}, read {_text(instead)}"


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
        return f"{slot} becomes {_text(value)}"
    at, position = sites[choice]
    old, wanted = editor.statements[at].args[position], editor.wanted(at)[position]
    arg = _argument(editor, rng, at, wanted)
    if space.prior is not None and not isinstance(arg, Const):
        fitting = editor.visible(at, wanted, exactly=True) or editor.visible(at, wanted)
        arg = pick(rng, editor.mirrored_alike(fitting, old))
    editor.replace_argument((at, position), arg)
    return f"%{at} reads {_text(arg)} for {_text(old)}"


@change(weight=0.5)
def constant(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A number in a statement, the default of a hyperparameter, or a slot's start changed."""
    numbers = [
        (site, arg)
        for site in editor.sites()
        if isinstance(arg := editor.statements[site[0]].args[site[1]], Const)
    ]
    hypers = list(editor.hyperparameters.items())
    starts = [
        (slot, init)
        for slot, init in editor.slots.items()
        if init.args and not INITIALISERS[init.rule].kind.sized
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
        new = changed_default(rng, default)
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
        value = pick(rng, _tensors(editor, rng, at))
        decay = 1.0 - abs(fresh_constant(rng)) if chance(rng, _OTHER_DECAY) else _DECAY
        editor.add_slot(name, start_at_zero(editor.kind_of(value)), Name(name))
        args = (value, Name(name), Const(decay))
        editor.replace_next_value(name, editor.insert(at, "interp", args, over=value))
        return f"{name}, the average of {_text(value)} at %{at}"
    value = pick(rng, editor.visible(end, Kind.TENSOR, exactly=True))
    editor.add_slot(name, start_at_zero(Kind.TENSOR), value)
    sites = [site for site in editor.sites() if editor.wanted(site[0])[site[1]] is Kind.TENSOR]
    if sites:
        editor.replace_argument(pick(rng, sites), Name(name))
    return f"{name}, the last value of {_text(value)}"


@change(weight=0.05)
def remove_slot(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A slot less; its readers read another value of its kind."""
    if not editor.slots:
        return None
    name = pick(rng, list(editor.slots))
    kind = editor.slots[name].kind
    others = [arg for arg in editor.visible(0, kind) if arg != Name(name)]
    instead = pick(rng, others) if others else _number(kind, 1.0)
    editor.remove_slot(name, instead)
    return f"{name}, read {_text(instead)}"


def _arguments(editor: Editor, rng: np.random.Generator, at: int, op: Primitive) -> list[Arg]:
    """Arguments for `op` before statement `at`; not all of them numbers, if there is a value."""
    free = common_kind(rng)
    wanted = [kind or free for kind in op.signature.params]
    args = [_argument(editor, rng, at, kind) for kind in wanted]
    if all(isinstance(arg, Const) for arg in args):
        position = int(rng.integers(len(args)))
        values = editor.visible(at, wanted[position])
        args[position] = pick(rng, values) if values else args[position]
    return args


def _argument(editor: Editor, rng: np.random.Generator, at: int, wanted: Kind) -> Arg:
    """A name, earlier value or number that fits; a number only where a Global is wanted."""
    if wanted is Kind.GLOBAL:
        if chance(rng, _NUMBER):
            return Const(fresh_constant(rng))
        if chance(rng, _SELDOM):
            return Name(pick(rng, _SELDOM_READ))
    if wanted is Kind.TENSOR:
        return pick(rng, _tensors(editor, rng, at))
    fitting = editor.visible(at, wanted, exactly=True) or editor.visible(at, wanted)
    return pick(rng, fitting) if fitting else _number(wanted, fresh_constant(rng))


def _number(wanted: Kind, value: float) -> Const:
    """A number where no value fits; NothingFits where none can stand."""
    if not lifts(Kind.GLOBAL, wanted):
        raise NothingFits
    return Const(value)


def _tensors(editor: Editor, rng: np.random.Generator, at: int) -> list[Arg]:
    """The Tensors that statement `at` may read, or numbers per row, column or tensor."""
    if chance(rng, _REDUCED):
        lifting = editor.visible(at, Kind.TENSOR)
        whole = (Kind.TENSOR, Kind.GLOBAL)
        reduced = [arg for arg in lifting if editor.kind_of(arg) not in whole]
        if reduced:
            return reduced
    return editor.visible(at, Kind.TENSOR, exactly=True)


def _call(op: str, args: list[Arg] | tuple[Arg, ...]) -> str:
    return f"{op}({', '.join(map(_text, args))})"


def _text(arg: Arg) -> str:
    match arg:
        case Name(id):
            return id
        case Const(value):
            return f"{value:g}"
        case Local(index):
            return f"%{index}"
