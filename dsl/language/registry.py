"""A primitive is declared once; everybody else reads the declaration.

`@primitive("K, K -> K", ...)` on a function makes it a primitive of the language. The function is
its meaning, written over an array namespace `xp`: `jax.numpy` in the interpreter, the machine and
the Optax export, `numpy` (float64) in the fingerprint. What it receives depends on the signature:

* a signature over kinds up to Tensor without a Global result maps tensor by tensor: the function
  sees one array (and numbers) at a time;
* a Tensor turned into a Global, or `scope=Scope.MODEL`: the function sees lists, one array per
  parameter tensor;
* `scope=Scope.STEP`: the function sees the `StepServices` instead of `xp`, as random draws do.

`@oracle` declares a primitive that costs a pass over the data, with all of its answers.
"""

import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsl.declare import Registry
from dsl.language.cost import Cost
from dsl.language.kinds import Kind
from dsl.language.oracle import Oracle, Source
from dsl.language.sides import NO_SIDES, Sides
from dsl.language.sign import Sign
from dsl.language.signature import Signature


class Scope(enum.Enum):
    """The range of a primitive: the thing that its meaning is applied to."""

    LEAF = "each parameter tensor on its own"
    MODEL = "the whole model, as a list of arrays"
    STEP = "the step it runs in: noise and oracles"


class Counts(enum.Enum):
    """The whole numbers that a primitive has to do with."""

    NONE = "none"
    OF_SHAPES = "its value: a fact about shapes, the same at every step"
    TAKEN = "an argument"


class Domain(enum.Enum):
    """The values for which a law holds."""

    EXACT = "always, NaN and infinities included, the sign of a zero aside"
    FINITE = "to rounding, where every value in it is finite"


@dataclass(frozen=True)
class Law:
    """An equation `lhs => rhs` in the text of the language; its free names match any value.

    `name` is what people call it. `when` has what is asked of free names: `"k > 0"`, `"x >= 0"`, or
    `"k: Global"` for one number, which may be given or computed.
    """

    text: str
    domain: Domain
    name: str = ""
    when: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name, the text of a law without one."""
        return self.name or self.text

    @property
    def numbers(self) -> frozenset[str]:
        """The free names that stand for Globals alone."""
        return frozenset(each.split(":")[0] for each in self.when if ":" in each)

    @property
    def signs(self) -> tuple[tuple[str, str], ...]:
        """The free names whose sign matters, each with `">"` or `">="`, for 0."""
        words = (each.split() for each in self.when if ":" not in each)
        return tuple((name, relation) for name, relation, _ in words)


def exact(text: str, name: str = "", when: tuple[str, ...] = ()) -> Law:
    """A law that always holds, NaN and infinities included, the sign of a zero aside."""
    return Law(text, Domain.EXACT, name, when)


def finite(text: str, name: str = "", when: tuple[str, ...] = ()) -> Law:
    """A law of real arithmetic: holds to rounding on finite values."""
    return Law(text, Domain.FINITE, name, when)


def odd(op: str) -> Law:
    """A function that turns round with its argument."""
    return finite(f"{op}(-x) => -{op}(x)", f"{op} is odd")


def even(op: str) -> Law:
    """A function that the sign of its argument does not matter to."""
    return finite(f"{op}(-x) => {op}(x)", f"{op} is even")


@dataclass(frozen=True)
class Infix:
    """The operator that a primitive is written as: Python's symbol and its binding strength."""

    symbol: str
    precedence: int
    right: bool = False


class Binding(enum.IntEnum):
    """The binding strength of a formula in LaTeX: a formula that binds less than its place asks
    for stands in brackets there."""

    LAW = enum.auto()
    """A distribution, drawn from and never a part of something."""
    SUM = enum.auto()
    NEGATION = enum.auto()
    """A minus at the front: as good as a product where nothing stands before it."""
    PRODUCT = enum.auto()
    POWER = enum.auto()
    ATOM = enum.auto()


@dataclass(frozen=True)
class Primitive:
    """One operation of the language; see `primitive` for the fields."""

    name: str
    signature: Signature
    meaning: Callable[..., Any]
    params: tuple[str, ...]
    doc: str
    scope: Scope
    torch: str
    latex: str
    binds: Binding
    infix: Infix | None
    laws: tuple[Law, ...]
    equations: tuple[Law, ...]
    sign: Sign
    sides: Sides
    counts: Counts
    work: float
    weight: float
    commutative: bool
    lazy: tuple[int, ...]
    stacks: bool
    spelled: str
    oracle: Oracle | None
    """For one that costs a pass over the data."""

    @property
    def asks(self) -> Source | None:
        """The function that an oracle needs of the caller."""
        return self.oracle.asks if self.oracle else None

    @property
    def draws(self) -> bool:
        """True if a call is random: it reads a stream of noise."""
        return self.scope is Scope.STEP and "stream" in self.params

    def __hash__(self) -> int:
        return hash(self.name)


PRIMITIVES: Registry[Primitive] = Registry("primitive")


def searchable() -> tuple[str, ...]:
    """The primitives that a machine carries by default: those that mutation draws unless told
    otherwise, and those that the zoo's first-order rules need."""
    return tuple(name for name, p in PRIMITIVES.items() if p.weight > 0 or p.signature.elementwise)


def primitive(
    signature: str,
    *,
    torch: str,
    latex: str,
    binds: Binding = Binding.ATOM,
    scope: Scope | None = None,
    infix: Infix | None = None,
    laws: tuple[Law, ...] = (),
    equations: tuple[Law, ...] = (),
    sign: Sign = Sign.OPEN,
    sides: Sides = NO_SIDES,
    counts: Counts = Counts.NONE,
    work: float = 1.0,
    weight: float = 1.0,
    commutative: bool = False,
    lazy: tuple[int, ...] = (),
    stacks: bool = False,
    spelled: str = "",
    oracle: Oracle | None = None,
) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare the decorated function as a primitive of the language.

    **Arguments:** `signature`: kinds, see `dsl.language.signature`. `torch`: PyTorch expression
    over the parameter names in braces, `{p}` (the parameter) and `{dtype}` (of the result), or
    the text of a function that an exported file holds. `latex`: formula over the parameter names
    in braces; `{x:product}` puts brackets around an argument that binds less tightly than that
    `Binding`. `binds`: how tightly the formula itself binds. `infix`: operator spelling, if it has
    one. `laws`: equations that make a program smaller wherever they apply, used by every pass.
    `equations`: further ones, which only the simplifier that weighs all ways to write a program
    uses. `sign`: what it knows of the sign of its values, for equations that ask for one. `sides`:
    the ways that a call may take, see `dsl.language.sides`, and `counts`: the whole numbers in it,
    both for comparisons of rules, which try them all. `work`: passes over memory that one call
    takes, as a sum takes one. `weight`: relative chance that
    mutation draws it (0: never). `commutative`: whether the first two may swap. `lazy`: positions
    that are evaluated only when chosen. `stacks`: whether its PyTorch function is work on
    matrices that makes a new tensor or number of a tensor, and that `torch.vmap` does for a stack
    of tensors at once, faster than for one after another. `spelled`: the same in other words of the
    language, an expression over the parameter names; the machine obeys that and has no instruction
    for it. `oracle`: for one that costs a pass over the data, see the function of that name. A
    parameter called `stream` says that a call is random.
    """
    parsed = Signature.parse(signature)

    def register(meaning: Callable[..., Any]) -> Primitive:
        name = meaning.__name__.rstrip("_")
        params = tuple(inspect.signature(meaning).parameters)[1:]
        if len(params) != len(parsed.params):
            raise ValueError(f"primitive '{name}': {parsed} does not fit parameters {params}")
        if sign is Sign.KEPT and not params:
            raise ValueError(f"primitive '{name}' has no argument whose sign it could keep")
        declared = Primitive(
            name=name,
            signature=parsed,
            meaning=meaning,
            params=params,
            doc=inspect.getdoc(meaning) or "",
            scope=scope or _scope(parsed),
            torch=torch,
            latex=latex,
            binds=binds,
            infix=infix,
            laws=laws,
            equations=equations,
            sign=Sign(sign),
            sides=sides,
            counts=counts,
            work=work,
            weight=weight,
            commutative=commutative,
            lazy=lazy,
            stacks=stacks,
            spelled=spelled,
            oracle=oracle,
        )
        return PRIMITIVES.declare(name, declared)

    return register


def oracle(
    signature: str,
    asks: Source,
    *,
    costs: str,
    latex: str,
    binds: Binding = Binding.ATOM,
    jax: Callable[..., Any],
    torch: str,
    methods: str = "",
    of_parts: bool = False,
) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare the decorated function, an answer in closed form, as an oracle of the language.

    **Arguments:** `asks`: what it needs of the caller. `costs`: how many losses or gradients a call
    takes, see `dsl.language.cost`. `jax`, `methods`, `of_parts`: see `dsl.language.oracle.Oracle`.
    The rest as for `primitive`.
    """

    def register(closed: Callable[..., Any]) -> Primitive:
        @functools.wraps(closed)
        def meaning(step: Any, *args: Any) -> Any:
            return step.ask(declared, *args)

        answers = Oracle(asks, Cost.parse(costs), jax, closed, methods, of_parts)
        declared = primitive(
            signature,
            scope=Scope.STEP,
            torch=torch,
            latex=latex,
            binds=binds,
            weight=0.0,
            oracle=answers,
        )(meaning)
        return declared

    return register


def _scope(signature: Signature) -> Scope:
    reduces = signature.result is Kind.GLOBAL and any(
        kind not in (None, Kind.GLOBAL) for kind in signature.params
    )
    return Scope.MODEL if reduces else Scope.LEAF
