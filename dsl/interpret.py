"""The meaning of a program: one step on a model, statement by statement.

The model is a list of arrays, one per parameter tensor. A Tensor is such a list, a Scalar a list of
0-d arrays, a Global one number. Numbers known before the step (constants, hyperparameters given as
Python floats) are combined in float64 by IEEE rules and never raise; everything else runs in the
array namespace `xp` at the precision of the parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from dsl.kinds import Kind
from dsl.lower import spelled_out
from dsl.program import Arg, Const, Local, Name, Program
from dsl.registry import PRIMITIVES, Primitive, Scope

Value = Any
"""A list of arrays for Tensor and Scalar, a 0-d array or a float for Global."""


class Step(Protocol):
    """What a step offers besides arrays: noise, and oracles on the current batch.

    Tensors go in and out as lists of arrays. An implementation raises where it cannot answer.
    """

    def noise(self, draw: str, stream: Any) -> list[Any]:
        """Draw `"rademacher"` or `"normal"` numbers shaped like the parameters."""
        ...

    def hvp(self, v: list[Any]) -> list[Any]:
        """The Hessian of the batch's loss at `w`, times `v`."""
        ...

    def grad_at(self, point: list[Any]) -> list[Any]:
        """The gradient of the batch's loss at `point`."""
        ...

    def loss_at(self, point: list[Any]) -> Any:
        """The batch's loss at `point`."""
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
    return _Run(spelled_out(program), inputs, slots, step, xp, choose or _choose).outputs()


def _choose(flag: Any, new: Any, old: Any) -> Any:
    return new() if flag != 0 else old()


@dataclass(frozen=True, slots=True)
class _Call:
    """A statement with everything about it that does not change from step to step."""

    primitive: Primitive
    args: tuple[Arg, ...]
    kinds: tuple[Kind, ...]
    wanted: tuple[Kind, ...]
    result: Kind


@lru_cache(maxsize=1024)
def _calls(program: Program) -> tuple[_Call, ...]:
    calls = []
    for statement in program.statements:
        primitive = PRIMITIVES[statement.op]
        kinds = tuple(program.kind_of(arg) for arg in statement.args)
        calls.append(_Call(primitive, statement.args, kinds, *primitive.signature.bind(kinds)))
    return tuple(calls)


class _Run:
    """The evaluation of one step."""

    def __init__(
        self,
        program: Program,
        inputs: Mapping[str, Value],
        slots: Mapping[str, Value],
        step: Step,
        xp: Any,
        choose: Any,
    ):
        self.program = program
        self.calls = _calls(program)
        self.names = {**inputs, **slots}
        self.slots = slots
        self.like: Sequence[Any] = inputs["w"]
        self.step = step
        self.xp = xp
        self.choose = choose

    def outputs(self) -> tuple[list[Any], dict[str, Value]]:
        done: dict[int, Value] = {}
        for index in demanded(self.program):
            done[index] = self.apply(self.calls[index], done)
        result = self.value(self.program.result, done)
        result = self.lift(result, self.program.kind_of(self.program.result), Kind.TENSOR)
        updates = {}
        for (name, init), arg in zip(self.program.state, self.program.updates, strict=True):
            value = self.lift(self.value(arg, done), self.program.kind_of(arg), init.kind)
            updates[name] = _cast_like(self.xp, value, self.slots[name])
        return _cast_like(self.xp, result, self.like), updates

    def value(self, arg: Arg, done: dict[int, Value]) -> Value:
        match arg:
            case Local(index):
                if index not in done:
                    done[index] = self.apply(self.calls[index], done)
                return done[index]
            case Name(id):
                return self.names[id]
            case Const(value):
                return value

    def apply(self, call: _Call, done: dict[int, Value]) -> Value:
        primitive = call.primitive
        if primitive.lazy:
            return self.select(call, done)
        args = [self.value(arg, done) for arg in call.args]
        if call.kinds != call.wanted:
            args = [
                # an element-wise meaning broadcasts numbers by itself
                arg
                if kind is want or (kind is Kind.GLOBAL and primitive.signature.elementwise)
                else self.lift(arg, kind, want)
                for arg, kind, want in zip(args, call.kinds, call.wanted, strict=True)
            ]
        if primitive.scope is Scope.STEP:
            return primitive.meaning(self.step, *args)
        if call.result is Kind.GLOBAL and all(isinstance(arg, float) for arg in args):
            with np.errstate(all="ignore"):
                return float(primitive.meaning(np, *map(np.float64, args)))
        if call.result is Kind.GLOBAL or primitive.scope is Scope.MODEL:
            return primitive.meaning(self.xp, *args)
        rows = [arg if isinstance(arg, list) else [arg] * len(self.like) for arg in args]
        meaning, xp = primitive.meaning, self.xp
        return [meaning(xp, *row) for row in zip(*rows, strict=True)]

    def select(self, call: _Call, done: dict[int, Value]) -> Value:
        """`when`: evaluates only the branch that the flag chooses."""
        flag, *branches = call.args
        kind = call.result

        def branch(arg: Arg, from_kind: Kind) -> Any:
            def evaluate() -> Value:
                value = self.lift(self.value(arg, dict(done)), from_kind, kind)
                like = self.like if kind is not Kind.GLOBAL else self.like[0]
                return _cast_like(self.xp, value, like)

            return evaluate

        new, old = (branch(arg, k) for arg, k in zip(branches, call.kinds[1:], strict=True))
        return self.choose(self.value(flag, done), new, old)

    def lift(self, value: Value, kind: Kind, to: Kind) -> Value:
        """A value of `kind` as one of `to`, broadcast to the shapes of the parameters."""
        if kind is to:
            return value
        parts = value if kind is Kind.SCALAR else [value] * len(self.like)
        shapes = [() if to is Kind.SCALAR else leaf.shape for leaf in self.like]
        return [self.xp.broadcast_to(part, s) for part, s in zip(parts, shapes, strict=True)]


def _cast_like(xp: Any, value: Value, like: Value) -> Value:
    if isinstance(value, list):
        return [xp.asarray(part, dtype=leaf.dtype) for part, leaf in zip(value, like, strict=True)]
    return xp.asarray(value, dtype=like.dtype)


@lru_cache(maxsize=1024)
def demanded(program: Program) -> tuple[int, ...]:
    """The statements whose value every step needs, in order: all that the outputs read, except what
    only a branch of `when` reads."""
    found: set[int] = set()
    stack = [program.result, *program.updates]
    while stack:
        arg = stack.pop()
        if isinstance(arg, Local) and arg.index not in found:
            found.add(arg.index)
            statement = program.statements[arg.index]
            lazy = PRIMITIVES[statement.op].lazy
            stack.extend(a for at, a in enumerate(statement.args) if at not in lazy)
    return tuple(sorted(found))
