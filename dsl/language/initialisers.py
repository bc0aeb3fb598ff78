"""The starts of slots, declared once each, as primitives are.

An initialiser fixes the kind of its slot. `first_g` cannot be known before the first gradient; it
is spelled out by `dsl.rewrite.lower` as a choice on the first step.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsl.declare import Registry
from dsl.errors import KindError, UnknownName, counted, did_you_mean
from dsl.language.kinds import Kind
from dsl.language.numbers import checked, format_number


@dataclass(frozen=True)
class Initialiser:
    """`fill(xp, w, *args)` makes the starting value of one tensor's slot from the parameter `w`.

    For Scalar slots the value is a number per tensor; for Global ones `w` is None. Where `kind` is
    a family, the first of `args` is the length.
    """

    name: str
    kind: Kind
    params: tuple[str, ...]
    """The names of the numbers that it takes."""
    fill: Callable[..., Any]
    doc: str
    torch: str

    @property
    def arity(self) -> int:
        """The count of these numbers."""
        return len(self.params)


@dataclass(frozen=True)
class Init:
    """A use of an initialiser: `zeros`, `const(1e-6)`; `str` gives its text."""

    rule: str
    args: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.rule not in INITIALISERS:
            raise UnknownName(
                f"unknown initialiser '{self.rule}'{did_you_mean(self.rule, INITIALISERS)}",
                help=f"a slot starts as one of {', '.join(INITIALISERS)}",
            )
        wanted = INITIALISERS[self.rule].arity
        if len(self.args) != wanted:
            raise KindError(
                f"initialiser '{self.rule}' takes {counted(wanted, 'number')}, "
                f"met {len(self.args)}",
                help=f"write {self.rule}" + ("(0)" if wanted else ""),
            )
        object.__setattr__(self, "args", tuple(map(checked, self.args)))
        sized = INITIALISERS[self.rule].kind.sized
        if sized and not (self.args[0] >= 1 and self.args[0].is_integer()):
            raise KindError(
                f"initialiser '{self.rule}' takes a length, a whole number from 1 on, met "
                f"{format_number(self.args[0])}",
                help=f"write {self.rule}(5)",
            )

    @property
    def kind(self) -> Kind:
        """The kind of the slot."""
        kind = INITIALISERS[self.rule].kind
        return kind.of(int(self.args[0])) if kind.sized else kind

    def __call__(self, *args: float) -> "Init":
        """`const(1e-6)` in a traced function: the initialiser with its numbers."""
        return Init(self.rule, args)

    def __str__(self) -> str:
        inner = ", ".join(format_number(arg) for arg in self.args)
        return f"{self.rule}({inner})" if self.args else self.rule


INITIALISERS: Registry[Initialiser] = Registry("initialiser")


def initialiser(kind: Kind, *, torch: str) -> Callable[[Callable[..., Any]], Initialiser]:
    """Declare the decorated function as an initialiser of slots of `kind`.

    `torch` is the PyTorch expression over `{w}` and the function's other parameters.
    """

    def register(fill: Callable[..., Any]) -> Initialiser:
        params = tuple(inspect.signature(fill).parameters)[2:]
        declared = Initialiser(fill.__name__, kind, params, fill, fill.__doc__ or "", torch)
        return INITIALISERS.declare(declared.name, declared)

    return register


@initialiser(Kind.TENSOR, torch="torch.zeros_like({w})")
def zeros(xp, w):
    """All entries 0."""
    return xp.zeros_like(w)


@initialiser(Kind.TENSOR, torch="torch.ones_like({w})")
def ones(xp, w):
    """All entries 1."""
    return xp.ones_like(w)


@initialiser(Kind.TENSOR, torch="torch.full_like({w}, {value})")
def const(xp, w, value):
    """All entries `value`."""
    return xp.full_like(w, value)


@initialiser(Kind.TENSOR, torch="{w}.detach().clone()")
def copy_w(xp, w):
    """The parameters at the start (MADGRAD's dual averaging begins there)."""
    return xp.array(w)


@initialiser(Kind.TENSOR, torch="torch.zeros_like({w})")
def first_g(xp, w):
    """The gradient of the first step (Adan's previous gradient)."""
    return xp.zeros_like(w)


@initialiser(Kind.SCALAR, torch="torch.full((), {value}, dtype={w}.dtype, device={w}.device)")
def scalar(xp, w, value):
    """One number per parameter tensor, starting at `value`."""
    return xp.full((), value, dtype=w.dtype)


@initialiser(Kind.GLOBAL, torch="torch.tensor({value}, dtype=torch.float64)")
def number(xp, w, value):
    """One number for the model, starting at `value`."""
    return xp.asarray(value, dtype=float)
