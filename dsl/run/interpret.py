"""The meaning of a program: one step on a model, statement by statement.

Numbers known before the step (constants, hyperparameters given as Python floats) are combined in
float64 by IEEE rules and never raise; everything else runs in the array namespace `xp` at the
precision of the parameters. A zero among such numbers has no sign.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Protocol, runtime_checkable

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import Primitive, Scope
from dsl.program import Program
from dsl.run.plan import Branch, ExecutionPlan, Output, PlannedCall, plan
from dsl.run.values import Value, cast_like, lifted, part_by_part


@runtime_checkable
class StepServices(Protocol):
    """The services of a step besides arrays: noise, and oracles on the current batch.

    Tensors go in and out as lists of arrays. An implementation raises where it cannot answer.
    """

    def noise(self, draw: str, stream: Any, like: list[Any] | None = None) -> list[Any]:
        """Draw `"rademacher"` or `"normal"` numbers shaped like the parameters, or like `like`."""
        ...

    def ask(self, oracle: Primitive, *args: Any) -> Any:
        """The answer of an oracle on the current batch."""
        ...


Choose = Callable[[Any, Callable[[], Value], Callable[[], Value]], Value]
"""Calls the first of two functions if a Global is not 0, else the second."""


Observe = Callable[[int, Sequence[Value], Value], None]
"""Is told the number of a statement, the values of its arguments (None for a branch that was not
chosen) and its value."""


def _choose(flag: Any, new: Callable[[], Value], old: Callable[[], Value]) -> Value:
    return new() if flag != 0 else old()


def run_step(
    program: Program,
    inputs: Mapping[str, Value],
    slots: Mapping[str, Value],
    step: StepServices,
    xp: Any,
    choose: Choose = _choose,
    observe: Observe | None = None,
) -> tuple[list[Any], dict[str, Value]]:
    """One step: what is subtracted from each parameter, and the next value of each slot.

    **Arguments:** `inputs`: values of the inputs and hyperparameters that the program reads; `w` is
    needed always. `slots`: their present values. `step`: noise and oracles. `xp`: array namespace.
    `choose`: plain Python by default; under JAX, `dsl.run.jax_step.jax_choose`. `observe`: is told
    of every statement that is evaluated.
    **Returns:** arrays with the shape and dtype of the parameters; slots keep theirs. The point of
    evaluation is the slot that `dsl.rewrite.point.keeping_point` gives it.
    """
    with np.errstate(all="ignore"):
        return _Run(plan(program), inputs, slots, step, xp, choose, observe).outputs()


class _Run:
    """The evaluation of one step. A value that is not known yet is None."""

    def __init__(
        self,
        plan: ExecutionPlan,
        inputs: Mapping[str, Value],
        slots: Mapping[str, Value],
        step: StepServices,
        xp: Any,
        choose: Choose,
        observe: Observe | None,
    ):
        self.plan = plan
        self.slots = slots
        self.leaves: Sequence[Any] = inputs["w"]
        self.step = step
        self.xp = xp
        self.choose = choose
        self.observe = observe
        self.values: list[Value] = plan.values.copy()
        for given in (inputs, slots):
            for name, value in given.items():
                if name in plan.names:
                    self.values[plan.names[name]] = value

    def outputs(self) -> tuple[list[Any], dict[str, Value]]:
        self.evaluate(self.plan.order, self.values)
        result = cast_like(self.xp, self.read(self.plan.result, self.values), self.leaves)
        following = {
            slot: cast_like(self.xp, self.read(output, self.values), self.slots[slot])
            for slot, output in self.plan.slots.items()
        }
        return result, following

    def evaluate(self, order: Sequence[int], values: list[Value]) -> None:
        """Add the values of statements to `values`."""
        for index in order:
            if values[index] is None:
                call = self.plan.calls[index]
                apply = self.select if call.branches else self.apply
                values[index] = apply(call, values)
                if self.observe is not None:
                    self.observe(index, [values[place] for place in call.args], values[index])

    def read(self, output: Output, values: list[Value]) -> Value:
        return lifted(self.xp, values[output.place], output.kind, output.to, self.leaves)

    def apply(self, call: PlannedCall, values: list[Value]) -> Value:
        args = [values[place] for place in call.args]
        return applied(self.xp, call, args, self.leaves, self.step)

    def select(self, call: PlannedCall, values: list[Value]) -> Value:
        """The branch that the flag of a choice chooses; the other is not evaluated."""
        alone = np.empty((), np.result_type(np.float32, *(leaf.dtype for leaf in self.leaves)))
        like = alone if call.passing.result is Kind.GLOBAL else self.leaves

        def chosen(branch: Branch) -> Value:
            inside = values.copy()
            self.evaluate(branch.order, inside)
            return cast_like(self.xp, self.read(branch.value, inside), like)

        new, old = (partial(chosen, branch) for branch in call.branches)
        return self.choose(values[call.args[0]], new, old)


def applied(
    xp: Any, call: PlannedCall, args: list[Value], leaves: Sequence[Any], step: StepServices
) -> Value:
    """The value of a call that is no choice."""
    primitive, passing = call.primitive, call.passing
    for at, kind, to in passing.lifts:
        args[at] = lifted(xp, args[at], kind, to, leaves)
    if primitive.scope is Scope.STEP:
        return primitive.meaning(step, *_rounded(xp, args, passing.wanted, leaves))
    if primitive.scope is Scope.MODEL:
        return primitive.meaning(xp, *args)
    if passing.result is not Kind.GLOBAL:
        return _per_tensor(xp, call, args, len(leaves))
    return number(xp, primitive, args)


def number(xp: Any, primitive: Primitive, args: Sequence[Any]) -> Any:
    """A Global of Globals."""
    for arg in args:
        if not isinstance(arg, float):
            return primitive.meaning(xp, *args)
    return _combined(primitive, *args)


@lru_cache(maxsize=32768)
def _combined(primitive: Primitive, *args: float) -> float:
    """The value of a primitive at known numbers. Programs of a search share most of theirs."""
    with np.errstate(all="ignore"):
        return float(primitive.meaning(np, *map(np.float64, args))) + 0.0


def _rounded(
    xp: Any, args: list[Value], kinds: Sequence[Kind], leaves: Sequence[Any]
) -> list[Value]:
    """Arguments in the precision of the parameters, except Globals."""
    return [
        arg if kind is Kind.GLOBAL else cast_like(xp, arg, leaves)
        for arg, kind in zip(args, kinds, strict=True)
    ]


def _per_tensor(xp: Any, call: PlannedCall, args: list[Value], count: int) -> Value:
    """The meaning applied to one tensor after the other, `count` in all."""
    meaning = call.primitive.meaning
    if call.passing.result.many and call.primitive.signature.elementwise:
        meaning = partial(part_by_part, meaning)
    columns = [[arg] * count for arg in args]
    for at in call.passing.per_tensor:
        columns[at] = args[at]
    return [meaning(xp, *row) for row in zip(*columns, strict=True)]
