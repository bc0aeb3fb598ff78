"""One random change of a program: a statement in, out or altered; a constant; a slot.

The kinds of change are those of "Symbolic Discovery of Optimization Algorithms" (Chen et al. 2023)
on the flat list of statements, dead ones included: they are the stepping stones of later changes.
Every child is a program of the language by construction, differs from its parent, and stays within
the limits of the campaign.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dsl.language.initialisers import Init
from dsl.language.kinds import Kind, lifts
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Const, Local, Name, Program
from search.errors import CampaignFailed
from search.mutation.editor import Draft
from search.mutation.sampling import (
    Palette,
    Weighted,
    chance,
    changed_constant,
    changed_default,
    common_kind,
    fresh_constant,
    pick,
)

_ATTEMPTS = 1000
_TAKES_PLACE = 0.8
_READS_WHAT_IT_REPLACES = 0.6
_CONSTANT = 0.5
_BYPASS = 0.5
_EMA = 0.6


@dataclass(frozen=True)
class Mutation:
    """What was done to the parent: the kind of change and its detail, for people."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Limits:
    """The largest program that a mutation may make."""

    statements: int
    slots: int


@dataclass
class Mutator:
    """Draws changes: `kinds` weighs the kinds of change, `palette` the primitives."""

    palette: Palette
    limits: Limits
    kinds: Mapping[str, float]
    _kinds: Weighted[str] = field(init=False)

    def __post_init__(self) -> None:
        self._kinds = Weighted(sorted(self.kinds.items()))

    def mutate(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        """A child of `parent` called `name`, a function of the parent and of `rng`."""
        for _ in range(_ATTEMPTS):
            kind = self._kinds.draw(rng)
            draft = Draft(parent)
            detail = CHANGES[kind](self, draft, rng)
            if detail is None:
                continue
            child = draft.program(name)
            if not child.same_rule(parent):
                return child, Mutation(kind, detail)
        raise CampaignFailed(
            f"no change of {', '.join(self._kinds.items)} fits the program\n{parent}",
            help="raise mutation.max_statements or allow other kinds of mutation",
        )

    def argument(self, draft: Draft, rng: np.random.Generator, at: int, wanted: Kind) -> Arg:
        """A name, earlier value or number that fits; a number only where a Global is wanted."""
        if wanted is Kind.GLOBAL and chance(rng, _CONSTANT):
            return Const(fresh_constant(rng))
        same = draft.visible(at, wanted, exactly=True)
        return pick(rng, same or draft.visible(at, wanted) or [Const(fresh_constant(rng))])

    def arguments(
        self, draft: Draft, rng: np.random.Generator, at: int, primitive: Primitive
    ) -> list[Arg]:
        """Arguments for `primitive` before statement `at`."""
        free = common_kind(rng)
        wanted = [kind or free for kind in primitive.signature.params]
        args = [self.argument(draft, rng, at, kind) for kind in wanted]
        if all(isinstance(arg, Const) for arg in args):
            position = int(rng.integers(len(args)))
            values = draft.visible(at, wanted[position])
            args[position] = pick(rng, values) if values else args[position]
        return args


def _insert(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """A new statement, whose value stays free or takes the place of one of its kind."""
    if len(draft.statements) >= self.limits.statements:
        return None
    at = int(rng.integers(len(draft.statements) + 1))
    primitive = self.palette.all.draw(rng)
    args = self.arguments(draft, rng, at, primitive)
    over = None
    if chance(rng, _TAKES_PLACE):
        over = _replaced(draft, rng, at, primitive, args)
    draft.insert(at, primitive.name, tuple(args), over)
    shown = f"%{at} = {_call(primitive.name, args)}"
    return f"{shown} for {_text(over)}" if over is not None else shown


def _replaced(
    draft: Draft, rng: np.random.Generator, at: int, primitive: Primitive, args: list[Arg]
) -> Arg | None:
    """A value that is read later and that the new one may stand for; often made an argument."""
    wanted, kind = primitive.signature.bind(tuple(map(draft.kind_of, args)))
    read = draft.read_from(at)
    values = [value for value in draft.visible(at, kind, exactly=True) if value in read]
    if not values:
        return None
    over = pick(rng, values)
    if chance(rng, _READS_WHAT_IT_REPLACES) and over not in args:
        fitting = [i for i, want in enumerate(wanted) if lifts(kind, want)]
        if fitting:
            args[pick(rng, fitting)] = over
    return over


def _delete(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """A statement less; its readers fall back on one of its arguments or another such value."""
    if len(draft.statements) < 2:
        return None
    at = int(rng.integers(len(draft.statements)))
    gone = draft.statements[at]
    kind = draft.kinds[at]
    own = [arg for arg in gone.args if lifts(draft.kind_of(arg), kind)]
    values = [arg for arg in own if not isinstance(arg, Const)] or own
    if not values or not chance(rng, _BYPASS):
        values = draft.visible(at, kind, exactly=True) or draft.visible(at, kind) or values
    instead = pick(rng, values) if values else Const(1.0)
    draft.delete(at, instead)
    return f"%{at} = {_call(gone.op, gone.args)}, read {_text(instead)}"


def _argument(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """One argument of a statement, or what a slot becomes, replaced by another value."""
    sites = list(draft.sites())
    choice = int(rng.integers(len(sites) + len(draft.updates))) if sites or draft.updates else -1
    if choice < 0:
        return None
    if choice >= len(sites):
        slot = choice - len(sites)
        name, init = draft.state[slot]
        value = pick(rng, draft.visible(len(draft.statements), init.kind, True))
        draft.replace_update(slot, value)
        return f"{name} becomes {_text(draft.updates[slot])}"
    at, position = sites[choice]
    statement = draft.statements[at]
    kinds = tuple(map(draft.kind_of, statement.args))
    wanted = PRIMITIVES[statement.op].signature.bind(kinds)[0][position]
    arg = self.argument(draft, rng, at, wanted)
    draft.replace_argument(at, position, arg)
    return f"%{at} reads {_text(arg)} for {_text(statement.args[position])}"


def _constant(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """A number in a statement, the default of a hyperparameter, or a slot's start changed."""
    numbers = [(i, p) for i, p in draft.sites() if isinstance(draft.statements[i].args[p], Const)]
    starts = [i for i, (_, init) in enumerate(draft.state) if init.args]
    total = len(numbers) + len(draft.hypers) + len(starts)
    if not total:
        return None
    choice = int(rng.integers(total))
    if choice < len(numbers):
        at, position = numbers[choice]
        old = draft.statements[at].args[position]
        assert isinstance(old, Const)
        new = Const(changed_constant(rng, old.value))
        draft.replace_argument(at, position, new)
        return f"%{at} reads {new.value:g} for {old.value:g}"
    choice -= len(numbers)
    if choice < len(draft.hypers):
        name, default = draft.hypers[choice]
        draft.hypers[choice] = (name, changed_default(rng, default))
        return f"{name}={draft.hypers[choice][1]:g} for {default:g}"
    name, init = draft.state[starts[choice - len(draft.hypers)]]
    changed = Init(init.rule, tuple(changed_constant(rng, value) for value in init.args))
    draft.state[starts[choice - len(draft.hypers)]] = (name, changed)
    return f"{name} starts as {changed} for {init}"


def _primitive(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """Another primitive of the same signature."""
    if not draft.statements:
        return None
    at = int(rng.integers(len(draft.statements)))
    old = draft.statements[at].op
    others = self.palette.alike(old)
    if not others:
        return None
    new = others.draw(rng)
    draft.replace_primitive(at, new)
    return f"%{at} applies {new} for {old}"


def _add_slot(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """A new slot: the running average of a tensor, read in its place, or a tensor's last value."""
    if len(draft.state) >= self.limits.slots:
        return None
    name = next(n for i in range(99) if (n := f"s{i}") not in draft.name_kinds)
    zeros = Init("zeros")
    at = int(rng.integers(len(draft.statements) + 1))
    room = len(draft.statements) < self.limits.statements
    if room and self.palette.weights.get("interp") and chance(rng, _EMA):
        value = pick(rng, draft.visible(at, Kind.TENSOR, exactly=True))
        rate = Const(1.0 - abs(fresh_constant(rng)) if chance(rng, 0.2) else 0.9)
        draft.add_slot(name, zeros, Name(name))
        new = draft.insert(at, "interp", (value, Name(name), rate), over=value)
        draft.updates[-1] = new
        return f"{name}, the average of {_text(value)} at %{at}"
    value = pick(rng, draft.visible(len(draft.statements), Kind.TENSOR, exactly=True))
    draft.add_slot(name, zeros, value)
    readers = [s for s in draft.sites() if _wants_tensor(draft, *s)]
    if readers:
        draft.replace_argument(*pick(rng, readers), Name(name))
    return f"{name}, the last value of {_text(value)}"


def _remove_slot(self: Mutator, draft: Draft, rng: np.random.Generator) -> str | None:
    """A slot less; its readers read another value of its kind."""
    if not draft.state:
        return None
    name, init = pick(rng, draft.state)
    others = [v for v in draft.visible(0, init.kind) if v != Name(name)]
    instead = pick(rng, others) if others else Const(1.0)
    draft.remove_slot(name, instead)
    return f"{name}, read {_text(instead)}"


CHANGES = {
    "insert": _insert,
    "delete": _delete,
    "argument": _argument,
    "constant": _constant,
    "primitive": _primitive,
    "add_slot": _add_slot,
    "remove_slot": _remove_slot,
}


def _wants_tensor(draft: Draft, at: int, position: int) -> bool:
    statement = draft.statements[at]
    kinds = tuple(map(draft.kind_of, statement.args))
    return PRIMITIVES[statement.op].signature.bind(kinds)[0][position] is Kind.TENSOR


def _call(op: str, args: list[Arg] | tuple[Arg, ...]) -> str:
    return f"{op}({', '.join(map(_text, args))})"


def _text(arg: Arg | None) -> str:
    match arg:
        case Name(id):
            return id
        case Const(value):
            return f"{value:g}"
        case Local(index):
            return f"%{index}"
    return "nothing"
