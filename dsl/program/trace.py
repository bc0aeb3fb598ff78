"""A Python function to a program: `@program` runs it once on symbols.

The function is written exactly as a program file is. Helpers are plain Python functions, wherever
Python finds them: they, and loops over constants, run in Python while the statements that they make
are recorded. `dsl.ops` has the primitives and initialisers to call.
"""

import inspect
import numbers
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any

from dsl.errors import DslError, FormError, KindError
from dsl.language.initialisers import Init, NamedStart
from dsl.program.builder import Builder, number
from dsl.program.program import Program
from dsl.program.refusals import returns_many
from dsl.program.terms import Arg, Local

_builder: ContextVar[Builder | None] = ContextVar("builder", default=None)


class Symbol:
    """A value of the program being traced."""

    __slots__ = ("arg",)

    def __init__(self, arg: Arg):
        self.arg = arg

    def __repr__(self) -> str:
        return f"<value {self.arg}>"

    def __add__(self, other: "Operand") -> "Symbol":
        return call("add", self, other)

    def __radd__(self, other: "Operand") -> "Symbol":
        return call("add", other, self)

    def __sub__(self, other: "Operand") -> "Symbol":
        return call("sub", self, other)

    def __rsub__(self, other: "Operand") -> "Symbol":
        return call("sub", other, self)

    def __mul__(self, other: "Operand") -> "Symbol":
        return call("mul", self, other)

    def __rmul__(self, other: "Operand") -> "Symbol":
        return call("mul", other, self)

    def __truediv__(self, other: "Operand") -> "Symbol":
        return call("div", self, other)

    def __rtruediv__(self, other: "Operand") -> "Symbol":
        return call("div", other, self)

    def __pow__(self, other: "Operand") -> "Symbol":
        return call("power", self, other)

    def __rpow__(self, other: "Operand") -> "Symbol":
        return call("power", other, self)

    def __gt__(self, other: "Operand") -> "Symbol":
        return call("greater", self, other)

    def __lt__(self, other: "Operand") -> "Symbol":
        return call("less", self, other)

    def __ge__(self, other: "Operand") -> "Symbol":
        return call("greater_equal", self, other)

    def __le__(self, other: "Operand") -> "Symbol":
        return call("less_equal", self, other)

    def __mod__(self, other: "Operand") -> "Symbol":
        return call("remainder", self, other)

    def __rmod__(self, other: "Operand") -> "Symbol":
        return call("remainder", other, self)

    def __neg__(self) -> "Symbol":
        return call("neg", self)

    def __pos__(self) -> "Symbol":
        return self

    def __abs__(self) -> "Symbol":
        return call("abs", self)

    def __eq__(self, other: object) -> bool:
        raise FormError(
            "values of a program are not compared by == while it is traced",
            help="use equal(x, y), which is 1 where they are the same number",
        )

    def __bool__(self) -> bool:
        raise FormError(
            "the value of a program has no truth value while it is traced",
            help="use where(mask, x, y), when(flag, new, old), maximum or minimum",
        )

    def __call__(self, *_: object, **__: object) -> Any:
        raise FormError(
            "a value of a program cannot be called",
            help="a slot or hyperparameter with the name of a primitive hides it: give it another "
            "name, or call the primitive as dsl.ops.norm(...)",
        )

    def __iter__(self) -> Any:
        raise FormError("a value of a program cannot be iterated")


Operand = Symbol | float | int


def call(op: str, *operands: Operand) -> Symbol:
    """Record `op(*operands)` in the program being traced."""
    builder = _builder.get()
    if builder is None:
        raise FormError(
            f"'{op}' was called outside of a traced function",
            help="call it inside a function decorated with @program",
        )
    return Symbol(builder.call(op, tuple(_arg(operand) for operand in operands)))


def _arg(operand: Operand) -> Arg:
    if isinstance(operand, Symbol):
        return operand.arg
    if isinstance(operand, bool) or not isinstance(operand, numbers.Real):
        raise KindError(f"a value of a program or a number is wanted, met {operand!r}")
    return number(operand)


def program(function: Callable[..., Any]) -> Program:
    """The program that a Python function spells; the same as parsing its text.

    Positional parameters without a default are inputs, those with an initialiser as default are
    slots, keyword-only ones are hyperparameters. Assigning to a slot's name sets its next value.

    >>> from dsl.ops import interp, sign, zeros
    >>> @program
    ... def lion(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0):
    ...     u = sign(interp(g, m, b1))
    ...     m = interp(g, m, b2)
    ...     return lr * (u + wd * w)
    >>> lion.hyperparameters["b2"]
    0.99
    """
    builder = Builder(function.__name__, inspect.getdoc(function) or "")
    try:
        return _trace(function, builder)
    except DslError as error:
        error.program = error.program or function.__name__
        raise


def _trace(function: Callable[..., Any], builder: Builder) -> Program:
    keyword_only = {}
    positional = []
    parameters = inspect.signature(function).parameters
    numbers = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    for name, parameter in parameters.items():
        default = parameter.default
        if parameter.kind is parameter.KEYWORD_ONLY:
            if default is parameter.empty or isinstance(default, Init):
                raise FormError(f"hyperparameter '{name}' needs a number as default")
            builder.declare_hyper(name, default)
            keyword_only[name] = Symbol(builder.read(name))
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            if default is parameter.empty:
                builder.declare_input(name)
            elif isinstance(default, Init | NamedStart):
                builder.declare_slot(name, default, numbers)
            else:
                raise FormError(
                    f"slot '{name}' starts as an initialiser, met {default!r}",
                    help="zeros, ones, const(1e-6), ...; hyperparameters stand behind the `*`",
                )
            positional.append(Symbol(builder.read(name)))
        else:
            raise FormError("a rule has no *args, **kwargs or positional-only parameters")
    token = _builder.set(builder)
    try:
        result, names = _run(function, positional, keyword_only)
    finally:
        _builder.reset(token)
    for name, value in names.items():
        if name in builder.slots:
            builder.assign(name, _arg(value))
    for name, value in names.items():
        if isinstance(value, Symbol) and isinstance(value.arg, Local) and name not in builder.slots:
            builder.assign(name, value.arg)
    returned = result if isinstance(result, tuple) else (result,)
    if len(returned) != 2 and isinstance(result, tuple):
        raise returns_many(len(returned))
    return builder.finish(*map(_arg, returned))


def _run(
    function: Callable[..., Any], positional: list[Symbol], keyword_only: dict[str, Symbol]
) -> tuple[Any, dict[str, Any]]:
    """Call the function; its result and what its local names are bound to when it returns."""
    names: dict[str, Any] = {}
    code = inspect.unwrap(function).__code__

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            names.update(frame.f_locals)

    outer = sys.getprofile()
    sys.setprofile(watch)
    try:
        result = function(*positional, **keyword_only)
    finally:
        _watch_again(outer)
    return result, names


def _watch_again(outer: Any) -> None:
    """Let the profiler go on that was at work before, if there was one; that of `cProfile` is an
    object that is enabled, and no function that is called."""
    if outer is None or callable(outer):
        sys.setprofile(outer)
    else:
        outer.enable()
