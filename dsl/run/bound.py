"""A program bound to one small model: the steps of `run_step` in NumPy and float64, only sooner.

A fingerprint takes many steps on few numbers, where deciding what to do takes longer than doing it.
So what is the same at every step is decided once for a program, and element-wise primitives see all
tensors at once. Values are those of `dsl.run.interpret` except for two kinds: a Tensor is one array
of all entries, a Scalar is one array with a number per tensor. `run_step` stays what a program
means: a test holds these steps to its own, bit for bit. The last digit of a sum goes by how a
tensor lies in memory, so a program that lays one out in another order than that of its shape is
refused.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

import numpy as np

from dsl.language.closed_form import flat
from dsl.language.kinds import Kind, plain
from dsl.language.registry import Scope
from dsl.program import Program
from dsl.run.interpret import StepServices, applied, number
from dsl.run.plan import Branch, Output, PlannedCall, plan
from dsl.run.values import Value, initial, lifted
from dsl.shapes import Float, Leaf

Compute = Callable[[list[Value]], Value]
"""Makes a value of those before it."""


class LaidOutOtherwise(Exception):
    """A program makes a tensor whose entries do not lie in memory in the order of its shape."""


class Bound:
    """The steps of a program on tensors shaped like `leaves`.

    **Arguments:** `leaves`: parameters in float64, one array per tensor. `given`: names whose value
    is the same at every step; as Python floats they are combined once. `xp`: NumPy, or what stands
    for it.
    """

    def __init__(
        self, program: Program, leaves: Sequence[Leaf], given: Mapping[str, float], xp: Any
    ):
        self.program = program
        self.leaves = leaves
        self.xp = xp
        self.services: StepServices | None = None
        self._plan = plan(program)
        sizes = [leaf.size for leaf in leaves]
        ends = pairwise((0, *accumulate(sizes)))
        self._parts = [(slice(*pair), leaf.shape) for pair, leaf in zip(ends, leaves, strict=True)]
        self._owner = np.repeat(np.arange(len(leaves)), sizes)
        self._calls = [self._computing(call) for call in self._plan.calls]
        self._start: list[Value] = self._plan.values.copy()
        self._set(self._start, given)
        self._fold()
        order = [index for index in self._plan.order if self._start[index] is None]
        self._order = [(index, self._calls[index]) for index in order]

    @property
    def asks(self) -> bool:
        """True if a statement reads noise or an oracle, the services of a step."""
        return any(call.primitive.scope is Scope.STEP for call in self._plan.calls)

    def slots(self) -> dict[str, Value]:
        """The slots before the first step, where the parameters are `leaves`."""
        return {
            name: self.whole(initial(init, self.leaves, np), init.kind)
            for name, init in self.program.slots.items()
        }

    def step(
        self, inputs: Mapping[str, Value], slots: Mapping[str, Value], services: StepServices
    ) -> tuple[Float[np.ndarray, " entries"], dict[str, Value]]:
        """The step that is subtracted, and the next value of each slot; to be called where NumPy is
        told to ignore what overflows.

        **Raises:** LaidOutOtherwise where only `run_step` tells what the program says.
        """
        self.services = services
        values = self._start.copy()
        self._set(values, inputs)
        self._set(values, slots)
        for index, compute in self._order:
            values[index] = compute(values)
        following = {slot: self._read(out, values) for slot, out in self._plan.slots.items()}
        return self._read(self._plan.result, values), following

    def parts(self, value: Value, kind: Kind = Kind.TENSOR) -> Value:
        """A value as the interpreter has it, part by part."""
        if kind is Kind.TENSOR:
            return [value[part].reshape(shape) for part, shape in self._parts]
        return list(value) if kind is Kind.SCALAR else value

    def whole(self, parts: Value, kind: Kind = Kind.TENSOR) -> Value:
        """A value of the interpreter as it is here."""
        if kind is Kind.TENSOR:
            if not all(part.flags.c_contiguous for part in parts):
                raise LaidOutOtherwise
            return flat(parts)
        return np.array(parts) if kind is Kind.SCALAR else parts

    def _set(self, values: list[Value], given: Mapping[str, Value]) -> None:
        names = self._plan.names
        for name, value in given.items():
            if name in names:
                values[names[name]] = value

    def _fold(self) -> None:
        """Combine the numbers that are the same at every step."""
        for index in self._plan.order:
            call = self._plan.calls[index]
            if _of_numbers(call):
                args = [self._start[place] for place in call.args]
                if all(isinstance(arg, float) for arg in args):
                    self._start[index] = number(self.xp, call.primitive, args)

    def _computing(self, call: PlannedCall) -> Compute:
        """The function that evaluates a call."""
        xp, take = self.xp, _taking(call.args)
        primitive, meaning, lifts = call.primitive, call.primitive.meaning, call.passing.lifts
        if call.branches:
            return lambda values: self._chosen(call, values)
        if _of_numbers(call):
            return lambda values: number(xp, primitive, take(values))
        if not call.passing.at_once:
            return lambda values: self._part_by_part(call, take(values))
        if not lifts:
            return lambda values: meaning(xp, *take(values))

        def broadcasting(values: list[Value]) -> Value:
            args = list(take(values))
            for at, kind, to in lifts:
                args[at] = self._lifted(args[at], kind, to)
            return meaning(xp, *args)

        return broadcasting

    def _part_by_part(self, call: PlannedCall, args: Sequence[Value]) -> Value:
        """A call as the interpreter evaluates it."""
        assert self.services is not None
        parts = [self.parts(*pair) for pair in zip(args, call.passing.given, strict=True)]
        value = applied(self.xp, call, parts, self.leaves, self.services)
        return self.whole(value, call.passing.result)

    def _chosen(self, call: PlannedCall, values: list[Value]) -> Value:
        """The branch that the flag of a choice chooses."""
        new, old = call.branches
        branch: Branch = new if values[call.args[0]] != 0 else old
        inside = values.copy()
        for index in branch.order:
            if inside[index] is None:
                inside[index] = self._calls[index](inside)
        return self._read(branch.value, inside)

    def _read(self, output: Output, values: list[Value]) -> Value:
        """A value that leaves the step or a branch, as the kind that holds it."""
        value = self._lifted(values[output.place], output.kind, output.to)
        return np.asarray(value, dtype=np.float64) if plain(output.to) else value

    def _lifted(self, value: Value, kind: Kind, to: Kind) -> Value:
        """A value of `kind` as one of `to`."""
        if kind is to:
            return value
        if not (plain(kind) and plain(to)):
            parts = lifted(self.xp, self.parts(value, kind), kind, to, self.leaves)
            return self.whole(parts, to)
        if kind is Kind.SCALAR:
            return value[self._owner]
        return np.broadcast_to(value, len(self._owner if to is Kind.TENSOR else self.leaves))


def _of_numbers(call: PlannedCall) -> bool:
    """True if a call makes a Global of Globals, and asks nothing."""
    scope: Scope = call.primitive.scope
    return scope is Scope.LEAF and call.passing.result is Kind.GLOBAL and not call.branches


def _taking(places: Sequence[int]) -> Callable[[list[Value]], Sequence[Value]]:
    """The function that takes the values in some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0))
