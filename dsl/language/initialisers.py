"""The starts of slots, declared once each, as primitives are.

An initialiser fixes the kind of its slot. `first_g` cannot be known before the first gradient; it
is spelled out by `dsl.rewrite.lower` as a choice on the first step, but for PyTorch, where a slot
starts with the gradient `g` at hand.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dsl.declare import Registry
from dsl.errors import FormError, KindError, UnknownName, counted, did_you_mean
from dsl.language.kinds import Kind
from dsl.language.numbers import checked, format_number
from dsl.plugins import HINT


@dataclass(frozen=True)
class Initialiser:
    """`fill(xp, w, *args)` makes the starting value of one tensor's slot from the parameter `w`.

    For Scalar slots the value is a number per tensor; for Global ones `w` is None. Where `kind` is
    a family, the first of `args` is the length. See `initialiser` for the other fields.
    """

    name: str
    kind: Kind
    params: tuple[str, ...]
    """The names of the numbers that it takes."""
    fill: Callable[..., Any]
    doc: str
    torch: str
    fills: bool = False
    case: "Init | None" = None

    @property
    def general(self) -> str:
        """The initialiser that this one is at a certain number; itself if it is not such a case."""
        return self.case.rule if self.case else self.name

    @property
    def arity(self) -> int:
        """The count of these numbers."""
        return len(self.params)

    @property
    def call(self) -> str:
        """Its form in a text: `zeros`, `const(value)`."""
        return f"{self.name}({', '.join(self.params)})" if self.params else self.name


@dataclass(frozen=True)
class Init:
    """A use of an initialiser: `zeros`, `const(1e-6)`, `const(v0)`; `str` gives its text.

    `names` are the hyperparameters that stand for some of `args`, which are their defaults; a
    program sees to it.
    """

    rule: str
    args: tuple[float, ...] = ()
    names: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        if self.rule not in INITIALISERS:
            raise UnknownName(
                f"unknown initialiser '{self.rule}'{did_you_mean(self.rule, INITIALISERS)}",
                help=f"a slot starts as one of {', '.join(INITIALISERS)}; {HINT}",
            )
        wanted = INITIALISERS[self.rule].arity
        if len(self.args) != wanted:
            raise KindError(
                f"initialiser '{self.rule}' takes {counted(wanted, 'number')}, "
                f"met {len(self.args)}",
                help=f"write {self.rule}" + ("(0)" if wanted else ""),
            )
        object.__setattr__(self, "args", tuple(map(checked, self.args)))
        object.__setattr__(self, "names", self.names if any(self.names) else ())
        sized = INITIALISERS[self.rule].kind.sized
        if sized and not (self.args[0] >= 1 and self.args[0].is_integer()):
            met = f"'{self.names[0]}', which is " if self.names and self.names[0] else ""
            raise KindError(
                f"initialiser '{self.rule}' takes a length, a whole number from 1 on, met "
                f"{met}{format_number(self.args[0])}",
                help=f"write {self.rule}(5)",
            )

    @property
    def kind(self) -> Kind:
        """The kind of the slot."""
        kind = INITIALISERS[self.rule].kind
        return kind.of(int(self.args[0])) if kind.sized else kind

    @property
    def number(self) -> float | None:
        """The number that all entries start at, where that is known of the initialiser."""
        declared = INITIALISERS[self.rule]
        if any(self.names):
            return None
        if declared.case:
            return declared.case.number
        return self.args[0] if declared.fills else None

    @property
    def length(self) -> str | None:
        """The hyperparameter that says how long a family's slot is, if one does."""
        return self.names[0] if self.names and INITIALISERS[self.rule].kind.sized else None

    def given(self, defaults: Mapping[str, float]) -> "Init":
        """The start at these defaults; what is no hyperparameter any more is a number."""
        if not any(self.names):
            return self
        names = tuple(name if name in defaults else None for name in self.names)
        pairs = zip(names, self.args, strict=True)
        args = tuple(defaults[name] if name else arg for name, arg in pairs)
        return Init(self.rule, args, names)

    def renamed(self, names: Mapping[str, str]) -> "Init":
        """The start with other names of hyperparameters."""
        new = tuple(names.get(name, name) if name else None for name in self.names)
        return Init(self.rule, self.args, new)

    def __call__(self, *args: float | str) -> "Init | NamedStart":
        """`const(1e-6)` in a traced function: the initialiser with its numbers; `const("v0")` with
        the name of a hyperparameter in the place of one."""
        numbers = tuple(arg for arg in args if not isinstance(arg, str))
        return (
            Init(self.rule, numbers) if len(numbers) == len(args) else NamedStart(self.rule, args)
        )

    def __str__(self) -> str:
        names = self.names or (None,) * len(self.args)
        pairs = zip(names, self.args, strict=True)
        inner = ", ".join(name or format_number(arg) for name, arg in pairs)
        return f"{self.rule}({inner})" if self.args else self.rule


@dataclass(frozen=True)
class NamedStart:
    """A use of an initialiser whose numbers are in part names of hyperparameters, of which nothing
    is known yet."""

    rule: str
    args: tuple[float | str, ...]

    def at(self, defaults: Mapping[str, float]) -> Init:
        """The start where these are the hyperparameters; UnknownName or FormError for a name that
        is none of them, or that says nothing at the start."""
        names = tuple(arg if isinstance(arg, str) else None for arg in self.args)
        for name in filter(None, names):
            if name == "lr":
                raise FormError(
                    "a slot cannot start from 'lr', which every task tunes and schedules change",
                    help="take a hyperparameter of its own",
                )
            if name not in defaults:
                known = f"the hyperparameters are {', '.join(defaults) or 'none'}"
                raise UnknownName(
                    f"'{name}' is neither a number nor a hyperparameter, so no slot starts from it"
                    f"{did_you_mean(name, defaults)}",
                    help=known,
                )
        args = tuple(defaults[arg] if isinstance(arg, str) else arg for arg in self.args)
        return Init(self.rule, args, names)


INITIALISERS: Registry[Initialiser] = Registry("initialiser")


def initialiser(
    kind: Kind, *, torch: str, fills: bool = False, case: Init | None = None
) -> Callable[[Callable[..., Any]], Initialiser]:
    """Declare the decorated function as an initialiser of slots of `kind`.

    **Arguments:** `torch`: PyTorch expression over `{w}` and the function's other parameters.
    `fills`: that all entries are the one number that it takes, which the simplifier may use.
    `case`: what it is short for, one that fills at a certain number; the two are of one family.
    """

    def register(fill: Callable[..., Any]) -> Initialiser:
        params = tuple(inspect.signature(fill).parameters)[2:]
        name = fill.__name__
        if fills and (len(params) != 1 or kind.sized):
            raise ValueError(f"initialiser '{name}' takes no number to fill with")
        if case and (params or case.number is None or case.kind is not kind):
            raise ValueError(f"initialiser '{name}' of kind {kind} cannot be short for {case}")
        declared = Initialiser(name, kind, params, fill, fill.__doc__ or "", torch, fills, case)
        return INITIALISERS.declare(name, declared)

    return register


@initialiser(Kind.TENSOR, torch="torch.full_like({w}, {value})", fills=True)
def const(xp, w, value):
    """All entries `value`."""
    return xp.full_like(w, value)


@initialiser(Kind.TENSOR, torch="torch.zeros_like({w})", case=Init("const", (0,)))
def zeros(xp, w):
    """All entries 0."""
    return xp.zeros_like(w)


@initialiser(Kind.TENSOR, torch="torch.ones_like({w})", case=Init("const", (1,)))
def ones(xp, w):
    """All entries 1."""
    return xp.ones_like(w)


@initialiser(Kind.TENSOR, torch="{w}.detach().clone()")
def copy_w(xp, w):
    """The parameters at the start (MADGRAD's dual averaging begins there)."""
    return xp.array(w)


@initialiser(Kind.TENSOR, torch="torch.zeros_like({w}).copy_(g)")
def first_g(xp, w):
    """The gradient of the first step (Adan's previous gradient)."""
    return xp.zeros_like(w)


@initialiser(
    Kind.SCALAR,
    torch="torch.full((), {value}, dtype={w}.dtype, device={w}.device)",
    fills=True,
)
def scalar(xp, w, value):
    """One number per parameter tensor, starting at `value`."""
    return xp.full((), value, dtype=w.dtype)


@initialiser(Kind.GLOBAL, torch="torch.tensor({value}, dtype=torch.float64)", fills=True)
def number(xp, w, value):
    """One number for the model, starting at `value`."""
    return xp.asarray(value, dtype=float)
