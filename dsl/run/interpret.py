"""The meaning of a program: one step on a model, statement by statement.

The model is a list of arrays, one per parameter tensor. A Tensor is such a list, a Scalar a list of
0-d arrays, a Global one number; kinds that hold several arrays per tensor are lists of tuples.
Numbers known before the step (constants, hyperparameters given as
Python floats) are combined in float64 by IEEE rules and never raise; everything else runs in the
array namespace `xp` at the precision of the parameters. A zero among such numbers has no sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import in_any_case, indices, needed
from dsl.rewrite.lower import spelled_out

Value = Any
"""A list of arrays for Tensor and Scalar, of tuples of arrays for kinds that hold many of them per
tensor, a 0-d array or a float for Global."""


class Step(Protocol):
    """What a step offers besides arrays: noise, and oracles on the current batch.

    Tensors go in and out as lists of arrays. An implementation raises where it cannot answer.
    """

    def noise(self, draw: str, stream: Any, like: list[Any] | None = None) -> list[Any]:
        """Draw `"rademacher"` or `"normal"` numbers shaped like the parameters, or like `like`."""
        ...

    def ask(self, oracle: Primitive, *args: Any) -> Any:
        """What an oracle answers on the current batch."""
        ...


def run_step(
    program: Program,
    inputs: Mapping[str, Value],
    slots: Mapping[str, Value],
    step: Step,
    xp: Any,
    choose: Any = None,
) -> tuple[list[Any], dict[str, Value]]:
    """One step: what is subtracted from each parameter, and the next value of each slot.

    **Arguments:** `inputs`: values of the inputs and hyperparameters that the program reads; `w` is
    needed always. `slots`: their present values. `step`: noise and oracles. `xp`: array namespace.
    `choose(flag, new, old)`: calls one of two functions without arguments by a Global;
    `jax.lax.cond` under JAX, plain Python by default.
    **Returns:** arrays with the shape and dtype of the parameters; slots keep theirs.
    """
    with np.errstate(all="ignore"):
        return _Run(_plan(program), inputs, slots, step, xp, choose or _choose).outputs()


def _choose(flag: Any, new: Any, old: Any) -> Any:
    return new() if flag != 0 else old()


@dataclass(frozen=True, slots=True)
class _Call:
    """A statement with everything about it that does not change from step to step.

    `numbers` has the constants among the arguments, `reads` says where in the list of values the
    others are. `lifted` are positions of arguments that are broadcast first, `listed` of those that
    hold an array for each tensor then.
    """

    primitive: Primitive
    args: tuple[Arg, ...]
    numbers: list[float | None]
    reads: tuple[tuple[int, int], ...]
    kinds: tuple[Kind, ...]
    wanted: tuple[Kind, ...]
    result: Kind
    lifted: tuple[int, ...]
    listed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A program ready to run: values of statements come first in the list of values, then names.

    `order` holds the statements that every step needs, `kinds` the kind of the result and those of
    the next values of slots.
    """

    program: Program
    calls: tuple[_Call, ...]
    places: dict[str, int]
    order: tuple[int, ...]
    kinds: tuple[Kind, ...]


@lru_cache(maxsize=1024)
def _plan(program: Program) -> _Plan:
    program = spelled_out(program)
    first = len(program.statements)
    places = {name: first + at for at, name in enumerate(program.name_kinds)}
    calls = []
    for statement in program.statements:
        primitive = PRIMITIVES[statement.op]
        kinds = tuple(program.kind_of(arg) for arg in statement.args)
        wanted, result = primitive.signature.bind(kinds)
        broadcasts = primitive.signature.elementwise  # its meaning does so with numbers by itself
        lifted = tuple(
            at
            for at, (kind, want) in enumerate(zip(kinds, wanted, strict=True))
            if kind is not want and not (broadcasts and kind is Kind.GLOBAL)
        )
        calls.append(
            _Call(
                primitive,
                statement.args,
                [arg.value if isinstance(arg, Const) else None for arg in statement.args],
                tuple(
                    (at, _place(arg, places))
                    for at, arg in enumerate(statement.args)
                    if not isinstance(arg, Const)
                ),
                kinds,
                wanted,
                result,
                lifted,
                tuple(
                    at
                    for at, kind in enumerate(kinds)
                    if (wanted[at] if at in lifted else kind) is not Kind.GLOBAL
                ),
            )
        )
    outputs = (program.result, *program.next_values.values())
    kinds = tuple(map(program.kind_of, outputs))
    return _Plan(program, tuple(calls), places, demanded(program, outputs), kinds)


def _place(arg: Local | Name, places: Mapping[str, int]) -> int:
    return arg.index if isinstance(arg, Local) else places[arg.id]


class _Run:
    """The evaluation of one step. A value that is not known yet is None."""

    def __init__(
        self,
        plan: _Plan,
        inputs: Mapping[str, Value],
        slots: Mapping[str, Value],
        step: Step,
        xp: Any,
        choose: Any,
    ):
        self.plan = plan
        self.program = plan.program
        self.slots = slots
        self.like: Sequence[Any] = inputs["w"]
        self.values: list[Value] = [None] * (len(plan.calls) + len(plan.places))
        for given in (inputs, slots):
            for name, value in given.items():
                if name in plan.places:
                    self.values[plan.places[name]] = value
        self.step = step
        self.xp = xp
        self.choose = choose

    def outputs(self) -> tuple[list[Any], dict[str, Value]]:
        values = self.values
        self.evaluate(self.plan.order, values)
        made, *kinds = self.plan.kinds
        result = self.lift(self.value(self.program.result, values), made, Kind.TENSOR)
        updates = {}
        following = zip(self.program.next_values.items(), kinds, strict=True)
        for (name, arg), kind in following:
            value = self.lift(self.value(arg, values), kind, self.program.slots[name].kind)
            updates[name] = _cast_like(self.xp, value, self.slots[name])
        return _cast_like(self.xp, result, self.like), updates

    def evaluate(self, order: tuple[int, ...], values: list[Value]) -> None:
        """Add the values of statements to `values`."""
        for index in order:
            if values[index] is None:
                values[index] = self.apply(self.plan.calls[index], values)

    def value(self, arg: Arg, values: list[Value]) -> Value:
        return arg.value if isinstance(arg, Const) else values[_place(arg, self.plan.places)]

    def apply(self, call: _Call, values: list[Value]) -> Value:
        primitive = call.primitive
        if primitive.lazy:
            return self.select(call, values)
        args: list[Value] = call.numbers.copy()
        for at, place in call.reads:
            args[at] = values[place]
        for at in call.lifted:
            args[at] = self.lift(args[at], call.kinds[at], call.wanted[at])
        if primitive.scope is Scope.STEP:
            args = [
                _cast_like(self.xp, arg, self.like) if want is not Kind.GLOBAL else arg
                for arg, want in zip(args, call.wanted, strict=True)
            ]
            return primitive.meaning(self.step, *args)
        if call.result is Kind.GLOBAL:
            if all(isinstance(arg, float) for arg in args):
                return float(primitive.meaning(np, *map(np.float64, args))) + 0.0
            return primitive.meaning(self.xp, *args)
        if primitive.scope is Scope.MODEL:
            return primitive.meaning(self.xp, *args)
        meaning = primitive.meaning
        if call.result.many and primitive.signature.elementwise:
            meaning = partial(_part_by_part, meaning)
        if len(self.like) == 1:
            for at in call.listed:
                args[at] = args[at][0]
            return [meaning(self.xp, *args)]
        rows = [[arg] * len(self.like) for arg in args]
        for at in call.listed:
            rows[at] = args[at]
        return [meaning(self.xp, *row) for row in zip(*rows, strict=True)]

    def select(self, call: _Call, values: list[Value]) -> Value:
        """`when`: evaluates only the branch that the flag chooses."""
        flag, *branches = call.args
        kind = call.result
        number = np.empty((), np.result_type(np.float32, *(leaf.dtype for leaf in self.like)))

        def branch(arg: Arg, from_kind: Kind) -> Any:
            def chosen() -> Value:
                inside = values.copy()
                self.evaluate(demanded(self.program, (arg,)), inside)
                value = self.lift(self.value(arg, inside), from_kind, kind)
                return _cast_like(self.xp, value, number if kind is Kind.GLOBAL else self.like)

            return chosen

        new, old = (branch(arg, k) for arg, k in zip(branches, call.kinds[1:], strict=True))
        return self.choose(self.value(flag, values), new, old)

    def lift(self, value: Value, kind: Kind, to: Kind) -> Value:
        """A value of `kind` as one of `to`, broadcast to the shapes of the parameters."""
        if kind is to:
            return value
        assert to.shape is not None, "nothing lifts to a Global"
        parts = value if isinstance(value, list) else [value] * len(self.like)
        spread = self.xp.broadcast_to
        shapes = [to.shape(leaf.shape) for leaf in self.like]
        if to.many:
            return [
                tuple(spread(part, s) for s in several)
                for part, several in zip(parts, shapes, strict=True)
            ]
        return [spread(part, s) for part, s in zip(parts, shapes, strict=True)]


def _part_by_part(meaning: Any, xp: Any, *row: Any) -> tuple[Any, ...]:
    """The meaning of an element-wise primitive on tuples of arrays, and numbers, of one tensor."""
    count = next(len(arg) for arg in row if isinstance(arg, tuple))
    parts = [arg if isinstance(arg, tuple) else (arg,) * count for arg in row]
    return tuple(meaning(xp, *each) for each in zip(*parts, strict=True))


def _cast_like(xp: Any, value: Value, like: Value) -> Value:
    """`value` in the precision of `like`, array by array; all arrays of a tuple in that of the one
    array of `like`, if it has no tuple there."""
    if isinstance(value, list):
        return [_cast_like(xp, part, leaf) for part, leaf in zip(value, like, strict=True)]
    if isinstance(value, tuple):
        likes = like if isinstance(like, tuple) else (like,) * len(value)
        return tuple(_cast_like(xp, part, one) for part, one in zip(value, likes, strict=True))
    return xp.asarray(value, dtype=like.dtype)


@lru_cache(maxsize=4096)
def demanded(program: Program, args: tuple[Arg, ...]) -> tuple[int, ...]:
    """The statements that values `args` need in any case, in order: all that they read, except what
    only a branch of `when` reads."""
    return tuple(indices(needed(program, args, in_any_case(program))))
