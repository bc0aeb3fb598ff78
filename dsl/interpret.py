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

from dsl.kinds import Kind
from dsl.lower import spelled_out
from dsl.program import Arg, Local, Name, Program
from dsl.registry import PRIMITIVES, Primitive, Scope

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

    def hvp(self, v: list[Any]) -> list[Any]:
        """The Hessian of the batch's loss at `w`, times `v`."""
        ...

    def third_derivative(self, v: list[Any], u: list[Any]) -> list[Any]:
        """The derivative of the Hessian at `w` along `u`, times `v`."""
        ...

    def hessian_solve(self, v: list[Any], k: Any) -> list[Any]:
        """The inverse of the Hessian at `w` plus `k` on its diagonal, times `v`."""
        ...

    def abs_hessian_solve(self, v: list[Any], k: Any) -> list[Any]:
        """The same with the magnitudes of the Hessian's eigenvalues."""
        ...

    def gauss_newton_solve(self, v: list[Any], k: Any) -> list[Any]:
        """The inverse of the Gauss-Newton matrix at `w` plus `k` on its diagonal, times `v`."""
        ...

    def jvp(self, v: list[Any]) -> Any:
        """The derivative of the batch's loss at `w`, along `v`."""
        ...

    def grad_at(self, point: list[Any]) -> list[Any]:
        """The gradient of the batch's loss at `point`."""
        ...

    def full_grad_at(self, point: list[Any]) -> list[Any]:
        """The gradient of the loss over all of the data at `point`."""
        ...

    def loss_at(self, point: list[Any]) -> Any:
        """The batch's loss at `point`."""
        ...

    def losses_at(self, population: list[Any]) -> Any:
        """The batch's loss at each member of a population: as many numbers, on one axis."""
        ...

    def coordinate_differences(self, mask: list[Any], mu: Any) -> list[Any]:
        """Forward differences over `mu` of the batch's loss, where `mask` is not 0."""
        ...

    def clipped_grad(self, c: Any) -> list[Any]:
        """The mean of the examples' gradients at `w`, each scaled down to global norm `c`."""
        ...

    def part_grad_at(self, point: list[Any], part: Any, parts: Any) -> list[Any]:
        """The gradient at `point` of the mean loss of one part of the batch."""
        ...

    def sampled_grad(self, stream: Any) -> list[Any]:
        """The gradient at `w` of the loss with labels that the model draws."""
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
    lifted: tuple[int, ...]


@lru_cache(maxsize=1024)
def _calls(program: Program) -> tuple[_Call, ...]:
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
        calls.append(_Call(primitive, statement.args, kinds, wanted, result, lifted))
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
        self.evaluate((self.program.result, *self.program.updates), done)
        result = self.value(self.program.result, done)
        result = self.lift(result, self.program.kind_of(self.program.result), Kind.TENSOR)
        updates = {}
        for (name, init), arg in zip(self.program.state, self.program.updates, strict=True):
            value = self.lift(self.value(arg, done), self.program.kind_of(arg), init.kind)
            updates[name] = _cast_like(self.xp, value, self.slots[name])
        return _cast_like(self.xp, result, self.like), updates

    def evaluate(self, args: tuple[Arg, ...], done: dict[int, Value]) -> None:
        """Add to `done` every statement that `args` need."""
        for index in demanded(self.program, args):
            if index not in done:
                done[index] = self.apply(self.calls[index], done)

    def value(self, arg: Arg, done: dict[int, Value]) -> Value:
        if isinstance(arg, Local):
            return done[arg.index]
        return self.names[arg.id] if isinstance(arg, Name) else arg.value

    def apply(self, call: _Call, done: dict[int, Value]) -> Value:
        primitive = call.primitive
        if primitive.lazy:
            return self.select(call, done)
        args = [self.value(arg, done) for arg in call.args]
        for at in call.lifted:
            args[at] = self.lift(args[at], call.kinds[at], call.wanted[at])
        if primitive.scope is Scope.STEP:
            args = [
                _cast_like(self.xp, arg, self.like) if want is not Kind.GLOBAL else arg
                for arg, want in zip(args, call.wanted, strict=True)
            ]
            return primitive.meaning(self.step, *args)
        if call.result is Kind.GLOBAL and all(isinstance(arg, float) for arg in args):
            return float(primitive.meaning(np, *map(np.float64, args))) + 0.0
        if call.result is Kind.GLOBAL or primitive.scope is Scope.MODEL:
            return primitive.meaning(self.xp, *args)
        rows = [arg if isinstance(arg, list) else [arg] * len(self.like) for arg in args]
        meaning = partial(primitive.meaning, self.xp)
        if call.result.many and primitive.signature.elementwise:
            return [_part_by_part(meaning, row) for row in zip(*rows, strict=True)]
        return [meaning(*row) for row in zip(*rows, strict=True)]

    def select(self, call: _Call, done: dict[int, Value]) -> Value:
        """`when`: evaluates only the branch that the flag chooses."""
        flag, *branches = call.args
        kind = call.result
        number = np.empty((), np.result_type(np.float32, *(leaf.dtype for leaf in self.like)))

        def branch(arg: Arg, from_kind: Kind) -> Any:
            def chosen() -> Value:
                inside = dict(done)
                self.evaluate((arg,), inside)
                value = self.lift(self.value(arg, inside), from_kind, kind)
                return _cast_like(self.xp, value, number if kind is Kind.GLOBAL else self.like)

            return chosen

        new, old = (branch(arg, k) for arg, k in zip(branches, call.kinds[1:], strict=True))
        return self.choose(self.value(flag, done), new, old)

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


def _part_by_part(meaning: Any, row: Sequence[Any]) -> tuple[Any, ...]:
    """The meaning of an element-wise primitive on tuples of arrays, and numbers, of one tensor."""
    count = next(len(arg) for arg in row if isinstance(arg, tuple))
    parts = [arg if isinstance(arg, tuple) else (arg,) * count for arg in row]
    return tuple(meaning(*each) for each in zip(*parts, strict=True))


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
    found: set[int] = set()
    stack = [*args]
    while stack:
        arg = stack.pop()
        if isinstance(arg, Local) and arg.index not in found:
            found.add(arg.index)
            statement = program.statements[arg.index]
            lazy = PRIMITIVES[statement.op].lazy
            stack.extend(a for at, a in enumerate(statement.args) if at not in lazy)
    return tuple(sorted(found))
