"""The rules of the language for names, kinds and parts, and the errors that cite them.

Every builder of programs (parser, tracer, rewriter, search) comes through here, so a message reads
the same wherever a program was made.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import dsl.primitives  # noqa: F401  (declares the primitives)
from dsl.errors import DslError, FormError, KindError, UnknownName, counted, did_you_mean
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind, lifts
from dsl.language.names import check_name
from dsl.language.numbers import checked
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.language.signature import SignatureMismatch
from dsl.plugins import HINT
from dsl.program.stated import check_within
from dsl.program.terms import INPUTS, Arg, Const, Local, Name, Parts, Statement


class Kinds:
    """The kinds of a program's names, and those of its values in the order they are made."""

    __slots__ = ("names", "values")

    def __init__(self, names: Mapping[str, Kind], values: Iterable[Kind] = ()):
        self.names = dict(names)
        self.values = list(values)

    def of(self, arg: Arg) -> Kind:
        """The kind of an argument; UnknownName or DslError if there is no such value yet."""
        if isinstance(arg, Local):
            if not 0 <= arg.index < len(self.values):
                raise DslError(f"statement %{arg.index} is read before it is made")
            return self.values[arg.index]
        if isinstance(arg, Name):
            if arg.id not in self.names:
                raise UnknownName(f"unbound name '{arg.id}'{did_you_mean(arg.id, self.names)}")
            return self.names[arg.id]
        if isinstance(arg, Const):
            return Kind.GLOBAL
        raise DslError(f"an argument is a name, a number or an earlier value, met {arg!r}")

    def applied(self, op: str, args: tuple[Arg, ...]) -> Kind:
        """The kind of `op(*args)`; KindError if the arguments do not fit."""
        return result_kind(op, tuple(map(self.of, args)))

    def append(self, op: str, args: tuple[Arg, ...]) -> None:
        """Make the next value, `op(*args)`."""
        self.values.append(self.applied(op, args))

    def extend(self, statements: Iterable[Statement]) -> None:
        """Make the value of each statement in turn; `append`, written out for speed."""
        names, values = self.names, self.values
        for statement in statements:
            kinds: list[Kind] = []
            for arg in statement.args:
                if isinstance(arg, Local) and 0 <= arg.index < len(values):
                    kinds.append(values[arg.index])
                elif isinstance(arg, Name) and arg.id in names:
                    kinds.append(names[arg.id])
                else:
                    kinds.append(self.of(arg))
            values.append(result_kind(statement.op, tuple(kinds)))


def name_kinds(parts: Parts) -> dict[str, Kind]:
    """The kind of every name that statements may read."""
    kinds = {name: INPUTS[name][0] for name in parts.inputs}
    kinds.update({name: init.kind for name, init in parts.slots.items()})
    kinds.update(dict.fromkeys(parts.hyperparameters, Kind.GLOBAL))
    return kinds


def check_names(parts: Parts) -> None:
    """FormError or UnknownName unless the rule, all that it declares and its values may be called
    what they are."""
    check_name(parts.name, "a rule")
    for name in parts.inputs:
        if name not in INPUTS:
            raise UnknownName(
                f"unknown input '{name}'{did_you_mean(name, INPUTS)}",
                help=f"the inputs are {', '.join(INPUTS)}",
            )
    for name in parts.slots:
        check_declared(name, "a slot")
    for name in parts.hyperparameters:
        check_declared(name, "a hyperparameter")
    check_distinct((*parts.inputs, *parts.slots, *parts.hyperparameters))
    for statement in parts.statements:
        if statement.name is not None:
            check_name(statement.name, "a value")


def check_outputs(parts: Parts, kinds: Kinds) -> None:
    """KindError unless each slot may hold its next value, `w` may lose the result, and the point
    may stand for `w`."""
    if parts.slots.keys() != parts.next_values.keys():
        slots, values = ", ".join(parts.slots), ", ".join(parts.next_values)
        raise DslError(f"slots ({slots}), but next values of ({values})")
    for name, init in parts.slots.items():
        check_slot(name, init, kinds.of(parts.next_values[name]))
    check_result(kinds.of(parts.result))
    if parts.point is not None:
        check_point(kinds.of(parts.point))


def check_distinct(names: Sequence[str]) -> None:
    """FormError if a name occurs twice."""
    if len(set(names)) < len(names):
        raise FormError(f"'{Counter(names).most_common(1)[0][0]}' is declared twice")


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
        help = f"declare the slot with a {kind} initialiser, e.g. {name}={shown}"
        if init.kind.length is not None and lifts(init.kind, kind):
            makers = _listed(p for p in PRIMITIVES.values() if _gives(p, init.kind))
            help = (
                f"{makers}, and a choice by 'when' between two of them, makes a {init.kind}; what "
                f"is computed of one is a {kind}, for a slot like {name}={shown}"
            )
        raise KindError(f"slot '{name}' holds a {init.kind} and is assigned a {kind}", help=help)


def check_result(kind: Kind) -> None:
    """KindError unless a value of `kind` may be subtracted from the parameters."""
    if not lifts(kind, Kind.TENSOR):
        raise KindError(
            f"the result is a {kind}, which cannot be subtracted from a Tensor",
            help=_lower_hint(kind, Kind.TENSOR),
        )


def check_point(kind: Kind) -> None:
    """KindError unless a value of `kind` may be the point of evaluation."""
    if not lifts(kind, Kind.TENSOR):
        raise KindError(
            f"the point is a {kind}, and what is evaluated are Tensors like the parameters",
            help=_lower_hint(kind, Kind.TENSOR),
        )


def check_hyperparameters(parts: Parts, given: Mapping[str, object]) -> None:
    """UnknownName for the first of `given` that is not a hyperparameter of the program."""
    known, meanings = parts.hyperparameters, parts.meanings
    for name in given:
        if name not in known:
            told = (f"{n} ({meanings[n].meaning})" if n in meanings else n for n in known)
            raise UnknownName(
                f"'{parts.name}' has no hyperparameter '{name}'{did_you_mean(name, known)}",
                help=f"it has {', '.join(told) or 'none'}",
            )


def check_ranges(parts: Parts, given: Mapping[str, float]) -> None:
    """FormError for the first of `given` that is not within the range which the program states."""
    for name, value in given.items():
        if name in parts.meanings:
            check_within(name, checked(value), parts.meanings[name])


def result_kind(op: str, args: tuple[Kind, ...]) -> Kind:
    """The kind of `op` applied to values of kinds `args`; KindError if they do not fit."""
    if op not in PRIMITIVES:
        raise UnknownName(
            f"unknown primitive '{op}'{did_you_mean(op, PRIMITIVES)}",
            help=f"a program calls primitives only; {HINT}",
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
        cure = (
            _as_long(args[mismatch.position], mismatch.wanted)
            or _alike(primitive, args)
            or _instead(primitive, args)
            or _lower_hint(args[mismatch.position], mismatch.wanted)
        )
        raise KindError(
            f"'{op}' wants a {mismatch.wanted} for '{primitive.params[mismatch.position]}', "
            f"met a {args[mismatch.position]}",
            help=f"{shown}; {cure}",
        ) from None


def _as_long(met: Kind, wanted: Kind | None) -> str:
    """The hint at two lengths, where kinds differ in nothing else."""
    if wanted is None or met is wanted or met.declared is not wanted.declared:
        return ""
    return (
        f"both have the same length, {met.length} or {wanted.length}, as their slots are declared"
    )


def _alike(primitive: Primitive, args: tuple[Kind, ...]) -> str:
    """The hint at a primitive that has the same parameters and takes these kinds, if there is one;
    so `blend` is `interp` with a rate of any kind."""
    for other in PRIMITIVES.values():
        if len(args) > 2 and other is not primitive and other.params == primitive.params:
            try:
                other.signature.bind(args)
            except SignatureMismatch:
                continue
            return f"{other.name}({', '.join(other.params)}) takes {', '.join(map(str, args))}"
    return ""


def _instead(primitive: Primitive, args: tuple[Kind, ...]) -> str:
    """The hint at the reductions that a kind has of its own, where one for other kinds met it."""
    if len(args) != 1 or primitive.signature.result not in (Kind.SCALAR, Kind.GLOBAL):
        return ""
    (met,) = args
    found: dict[Kind, list[Primitive]] = {}
    for each in PRIMITIVES.values():
        match each.signature.params, each.signature.result:
            case (Kind() as first,), Kind() as result if result is not first and not each.oracle:
                if lifts(met, first.of(met.length)):
                    found.setdefault(result, []).append(each)
    kinds = (f"{_listed(each)} makes a {kind} of a {met}" for kind, each in found.items())
    return "; ".join(kinds)


def _lower_hint(met: Kind, wanted: Kind | None) -> str:
    if wanted is Kind.GLOBAL:
        return "a reduction over the model (global_norm, global_mean, ...) makes a Global"
    if wanted is Kind.SCALAR and lifts(met, Kind.TENSOR):
        return f"a reduction (norm, mean, ...) makes a Scalar of a {met}"
    makers = [p for p in PRIMITIVES.values() if _makes(p, wanted, met)]
    if not makers and wanted is Kind.TENSOR:
        return _lower_hint(met, Kind.SCALAR)
    alone = [p for p in makers if set(p.signature.params[1:]) <= {None, Kind.GLOBAL}]
    text = f"{_listed(alone or makers) or 'nothing'} makes a {wanted} of a {met}"
    if alone or not makers:
        return text
    calls = (f"{p.name}({', '.join(p.params)}): {p.signature}" for p in makers)
    return f"{text} and more, and nothing of it alone: {'; '.join(calls)}"


def _listed(primitives: Iterable[Primitive]) -> str:
    return " or ".join(f"'{primitive.name}'" for primitive in primitives)


def _gives(primitive: Primitive, kind: Kind) -> bool:
    """A primitive makes values of a kind, and of no other."""
    return primitive.signature.result is kind.declared


def _makes(primitive: Primitive, wanted: Kind | None, met: Kind) -> bool:
    """A primitive turns a value of kind `met`, at once, into one of kind `wanted`."""
    first = primitive.signature.params[0] if primitive.signature.params else None
    result = wanted and wanted.declared
    fits = first is not None and lifts(met, first.of(met.length))
    return primitive.signature.result is result and fits
