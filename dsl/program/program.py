"""A program: an immutable, typed, flat list of statements.

Each statement applies one primitive to names, numbers and the values of earlier statements. Names
of local values are notes for the reader and take no part in equality; what a name meant is resolved
when a program is built, so a statement can be moved, copied or hashed without looking anything up.

    def lion(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0):
        u = sign(interp(g, m, b1))      #  %0 = interp(g, m, b1)   %1 = sign(%0)
        m = interp(g, m, b2)            #  %2 = interp(g, m, b2)
        return lr * (u + wd * w)        #  %3 = wd * w  %4 = %1 + %3  %5 = lr * %4

    result %5; next value of m: %2

Dead statements are part of a program (search steps over them); `dsl.rewrite.canonical` removes
them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import dsl.primitives  # noqa: F401  (declares the primitives)
from dsl.errors import DslError, FormError, KindError, UnknownName, counted, did_you_mean
from dsl.identity import hashed
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind, lifts
from dsl.language.names import check_name
from dsl.language.numbers import checked
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.language.signature import SignatureMismatch

INPUTS: Mapping[str, tuple[Kind, str]] = {
    "w": (Kind.TENSOR, "the parameters before the step"),
    "g": (Kind.TENSOR, "the gradient at w"),
    "t": (Kind.GLOBAL, "the step, counted from 1"),
    "T": (Kind.GLOBAL, "the number of steps of the whole training, where it is known"),
    "loss": (Kind.GLOBAL, "the loss at w on the batch of g"),
}


@dataclass(frozen=True, slots=True)
class Name:
    """An input, a hyperparameter, or a slot's value at the start of the step."""

    id: str


@dataclass(frozen=True, slots=True)
class Const:
    """A number written in the program; finite, and 0 has no sign."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", checked(self.value))


@dataclass(frozen=True, slots=True)
class Local:
    """The value of an earlier statement."""

    index: int


Arg = Name | Const | Local


@dataclass(frozen=True, slots=True)
class Statement:
    """One primitive applied to arguments; `name` is the author's word for the value, if any."""

    op: str
    args: tuple[Arg, ...]
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Program:
    """An update rule; `result` is what is subtracted from `w`.

    `updates` holds the next value of each slot, in the order of `state`. Two programs are equal
    when everything but the docstring and the names of locals is. Building one checks it: KindError,
    UnknownName or DslError if it is not a program of the language.
    """

    name: str
    inputs: tuple[str, ...]
    state: tuple[tuple[str, Init], ...]
    hypers: tuple[tuple[str, float], ...]
    statements: tuple[Statement, ...]
    updates: tuple[Arg, ...]
    result: Arg
    doc: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        try:
            self._check()
        except DslError:
            raise
        except (AttributeError, TypeError, ValueError) as error:
            raise DslError(f"not the parts of a program: {error}") from None

    def _check(self) -> None:
        object.__setattr__(self, "hypers", tuple((n, checked(v)) for n, v in self.hypers))
        check_name(self.name, "a rule")
        for name in self.inputs:
            if name not in INPUTS:
                raise UnknownName(
                    f"unknown input '{name}'{did_you_mean(name, INPUTS)}",
                    help=f"the inputs are {', '.join(INPUTS)}",
                )
        for name, _ in self.state:
            check_declared(name, "a slot")
        for name, _ in self.hypers:
            check_declared(name, "a hyperparameter")
        if len(self.name_kinds) < len(self.inputs) + len(self.state) + len(self.hypers):
            names = [*self.inputs, *(n for n, _ in self.state), *(n for n, _ in self.hypers)]
            raise FormError(f"'{Counter(names).most_common(1)[0][0]}' is declared twice")
        for statement in self.statements:
            if statement.name is not None:
                check_name(statement.name, "a value")
        if len(self.state) != len(self.updates):
            slots, values = counted(len(self.state), "slot"), counted(len(self.updates), "value")
            raise DslError(f"{slots} and {values} for the next step")
        for (name, init), arg in zip(self.state, self.updates, strict=True):
            check_slot(name, init, self.kind_of(arg))
        check_result(self.kind_of(self.result))
        hash(self)

    @cached_property
    def _hash(self) -> int:
        rule = (self.name, self.inputs, self.state, self.hypers)
        return hash((*rule, self.statements, self.updates, self.result))

    def __hash__(self) -> int:
        return self._hash

    def __getstate__(self) -> dict[str, object]:
        """The fields alone: what is computed from them, the hash above all, is of this process."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Hyperparameter names and their defaults."""
        return dict(self.hypers)

    @property
    def slots(self) -> dict[str, Init]:
        """Slot names and how each starts."""
        return dict(self.state)

    @cached_property
    def name_kinds(self) -> dict[str, Kind]:
        """The kind of every name that statements may read."""
        kinds = {name: INPUTS[name][0] for name in self.inputs}
        kinds.update({name: init.kind for name, init in self.state})
        kinds.update(dict.fromkeys(self.hyperparameters, Kind.GLOBAL))
        return kinds

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind of each statement's value."""
        kinds: list[Kind] = []
        for statement in self.statements:
            args = tuple(self._kind(arg, kinds) for arg in statement.args)
            kinds.append(result_kind(statement.op, args))
        return tuple(kinds)

    def kind_of(self, arg: Arg) -> Kind:
        """The kind of an argument."""
        return self._kind(arg, self.kinds)

    def _kind(self, arg: Arg, kinds: "list[Kind] | tuple[Kind, ...]") -> Kind:
        if isinstance(arg, Local):
            if not 0 <= arg.index < len(kinds):
                raise DslError(f"statement %{arg.index} is read before it is made")
            return kinds[arg.index]
        if isinstance(arg, Name):
            if arg.id not in self.name_kinds:
                raise UnknownName(f"unbound name '{arg.id}'{did_you_mean(arg.id, self.name_kinds)}")
            return self.name_kinds[arg.id]
        if isinstance(arg, Const):
            return Kind.GLOBAL
        raise DslError(f"an argument is a name, a number or an earlier value, met {arg!r}")

    def with_hyperparameters(self, **values: float) -> "Program":
        """The program with other defaults; UnknownName for one it does not have."""
        check_hyperparameters(self, values)
        hypers = tuple((name, values.get(name, old)) for name, old in self.hypers)
        return replace(self, hypers=hypers)

    def renamed(self, name: str) -> "Program":
        """The program under another name."""
        return replace(self, name=name)

    @cached_property
    def digest(self) -> str:
        """A hash of the program exactly as it is, dead statements included; hex, 16 digits.

        Programs that differ at most in their own name, docstring and names of locals share it; see
        `dsl.identity`.
        """
        from dsl.program.listing import listing

        return hashed("digest", listing(self))

    def __str__(self) -> str:
        from dsl.program.printer import print_program

        return print_program(self)


def result_kind(op: str, args: tuple[Kind, ...]) -> Kind:
    """The kind of `op` applied to values of kinds `args`; KindError if they do not fit."""
    if op not in PRIMITIVES:
        raise UnknownName(
            f"unknown primitive '{op}'{did_you_mean(op, PRIMITIVES)}",
            help="a program calls primitives only; `stepsmith zoo` shows rules to start from",
        )
    primitive = PRIMITIVES[op]
    try:
        return primitive.signature.bind(args)[1]
    except SignatureMismatch as mismatch:
        shown = f"{op}({', '.join(primitive.params)}): {primitive.signature}"
        if mismatch.position is None:
            raise KindError(
                f"'{op}' takes {counted(len(primitive.params), 'argument')}, met {len(args)}",
                help=shown,
            ) from None
        raise KindError(
            f"'{op}' wants a {mismatch.wanted} for '{primitive.params[mismatch.position]}', "
            f"met a {args[mismatch.position]}",
            help=f"{shown}; {_lower_hint(args[mismatch.position], mismatch.wanted)}",
        ) from None


def check_declared(name: str, role: str) -> None:
    """FormError unless a slot or hyperparameter (`role`) may be called `name`."""
    if name in INPUTS:
        raise FormError(
            f"'{name}' is an input and cannot be the name of {role}",
            help=f"'{name}' always is {INPUTS[name][1]}; take another name",
        )
    check_name(name, role)


def check_slot(name: str, init: Init, kind: Kind) -> None:
    """KindError unless a value of `kind` may be stored in the slot."""
    if not lifts(kind, init.kind):
        fitting = [rule for rule in INITIALISERS.values() if rule.kind is kind.declared]
        cure = INITIALISERS["zeros"] if kind is Kind.TENSOR else fitting[0]
        shown = f"{cure.name}({kind.length or 0})" if cure.arity else cure.name
        raise KindError(
            f"slot '{name}' holds a {init.kind} and is assigned a {kind}",
            help=f"declare the slot with a {kind} initialiser, e.g. {name}={shown}",
        )


def check_result(kind: Kind) -> None:
    """KindError unless a value of `kind` may be subtracted from the parameters."""
    if not lifts(kind, Kind.TENSOR):
        raise KindError(
            f"the result is a {kind}, which cannot be subtracted from a Tensor",
            help=_lower_hint(kind, Kind.TENSOR),
        )


def check_hyperparameters(program: Program, given: Mapping[str, object]) -> None:
    """UnknownName for the first of `given` that is not a hyperparameter of the program."""
    for name in given:
        if name not in program.hyperparameters:
            known = program.hyperparameters
            raise UnknownName(
                f"'{program.name}' has no hyperparameter '{name}'{did_you_mean(name, known)}",
                help=f"it has {', '.join(known) or 'none'}",
            )


def _lower_hint(met: Kind, wanted: Kind | None) -> str:
    if wanted is Kind.GLOBAL:
        return "a reduction over the model (global_norm, global_mean, ...) makes a Global"
    if wanted is Kind.SCALAR and lifts(met, Kind.TENSOR):
        return f"a reduction (norm, mean, ...) makes a Scalar of a {met}"
    makers = [f"'{p.name}'" for p in PRIMITIVES.values() if _makes(p, wanted, met)]
    return f"{' or '.join(makers) or 'nothing'} makes a {wanted} of a {met}"


def _makes(primitive: Primitive, wanted: Kind | None, met: Kind) -> bool:
    """Whether a primitive turns a value of one kind, at once, into one of another."""
    first = primitive.signature.params[0] if primitive.signature.params else None
    result = wanted and wanted.declared
    return primitive.signature.result is result and first is not None and lifts(met, first)
