"""A program bound to one small model: the steps of `run_step` in NumPy and float64, only sooner.

A fingerprint takes many steps on few numbers, where deciding what to do takes longer than doing it.
So what is the same at every step is decided once for a program, and element-wise primitives see all
tensors at once; `dsl.run.all_steps` takes as many steps together as it can. Values are those of
`dsl.run.interpret` except for two kinds: a Tensor is one array of all entries, a Scalar is one
array with a number per tensor. `run_step` stays what a program means: a test holds these steps to
its own, bit for bit. The last digit of a sum goes by how a tensor lies in memory, so a program that
lays one out in another order than that of its shape is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from dsl.language.closed_form import flat
from dsl.language.kinds import Kind, plain
from dsl.language.registry import Scope
from dsl.program import Program
from dsl.run.interpret import StepServices, applied, number
from dsl.run.numpy64 import broadcast_to, without_signed_zeros
from dsl.run.plan import Branch, Output, PlannedCall, plan
from dsl.run.values import Value, initial, lifted
from dsl.shapes import Leaf, Leaves

Compute = Callable[[list[Value]], Value]
"""Makes a value of those before it."""


class Model(StepServices, Protocol):
    """The services of a step, which have to be told which step it is, from 0, and where."""

    def at(self, t: int, w: Leaves) -> None:
        """Go to a step."""
        ...


class LaidOutOtherwise(Exception):
    """A program makes a tensor whose entries do not lie in memory in the order of its shape."""


class Bound:
    """A program on tensors shaped like `leaves`; to be asked where NumPy is told to ignore what
    overflows. `start` has the values of a step that are the same at every step, in their places.

    **Arguments:** `leaves`: parameters in float64, one array per tensor. `given`: names whose value
    is the same at every step; as Python floats they are combined once. `model`: what oracles ask.
    """

    def __init__(
        self, program: Program, leaves: Sequence[Leaf], given: Mapping[str, float], model: Model
    ):
        self.program = program
        self.leaves = leaves
        self.model = model
        self.plan = plan(program)
        sizes = [leaf.size for leaf in leaves]
        ends = pairwise((0, *accumulate(sizes)))
        self.slices = [slice(*pair) for pair in ends]
        """The entries of each tensor among those of all."""
        self.shapes = tuple(leaf.shape for leaf in leaves)
        self._owner = np.repeat(np.arange(len(leaves)), sizes)
        self.start: list[Value] = self.plan.values.copy()
        for name, value in given.items():
            if name in self.plan.names:
                self.start[self.plan.names[name]] = value
        self._fold()
        self.first = {
            name: self.whole(initial(init, leaves, np), init.kind)
            for name, init in program.slots.items()
        }
        """The slots before the first step."""

    def parts(self, value: Value, kind: Kind = Kind.TENSOR) -> Value:
        """A value as the interpreter has it, part by part."""
        if kind is Kind.TENSOR:
            pairs = zip(self.slices, self.shapes, strict=True)
            return [value[part].reshape(shape) for part, shape in pairs]
        return list(value) if kind is Kind.SCALAR else value

    def whole(self, parts: Value, kind: Kind = Kind.TENSOR) -> Value:
        """A value of the interpreter as it is here."""
        if kind is Kind.TENSOR:
            return flat([*map(in_order, parts)])
        return np.array(parts) if kind is Kind.SCALAR else parts

    def read(self, output: Output, values: list[Value]) -> Value:
        """A value that leaves a step or a branch, as the kind that holds it."""
        value = self.lifted(values[output.place], output.kind, output.to)
        return np.asarray(value, dtype=np.float64) if plain(output.to) else value

    def move(self, values: list[Value]) -> Leaf:
        """The step that is subtracted; for the difference it may lie in memory as it likes."""
        place, kind, to = self.plan.result
        if plain(kind):
            return self.read(self.plan.result, values)
        parts = self.parts(values[place], kind)
        return flat(lifted(without_signed_zeros, parts, kind, to, self.leaves))

    def lifted(self, value: Value, kind: Kind, to: Kind) -> Value:
        """A value of `kind` as one of `to`."""
        if kind is to:
            return value
        if not (plain(kind) and plain(to)):
            parts = lifted(without_signed_zeros, self.parts(value, kind), kind, to, self.leaves)
            return self.whole(parts, to)
        if kind is Kind.SCALAR:
            return np.take(value, self._owner, axis=-1)
        width = len(self._owner if to is Kind.TENSOR else self.leaves)
        return broadcast_to(value, (width,))

    def computing(self, at: int) -> Compute:
        """The function that evaluates a statement at one step."""
        call = self.plan.calls[at]
        xp, take = without_signed_zeros, _taking(call.args)
        primitive, meaning, lifts = call.primitive, call.primitive.meaning, call.passing.lifts
        if call.branches:
            return lambda values: self._chosen(call, values)
        if of_numbers(call):
            return lambda values: number(xp, primitive, take(values))
        if not call.passing.at_once:
            return self._by_parts(call)
        if not lifts:
            return lambda values: meaning(xp, *take(values))

        def broadcasting(values: list[Value]) -> Value:
            args = list(take(values))
            for at, kind, to in lifts:
                args[at] = self.lifted(args[at], kind, to)
            return meaning(xp, *args)

        return broadcasting

    def _fold(self) -> None:
        """Combine the numbers that are the same at every step."""
        for index in self.plan.order:
            call = self.plan.calls[index]
            if of_numbers(call):
                args = [self.start[place] for place in call.args]
                if all(isinstance(arg, float) for arg in args):
                    self.start[index] = number(without_signed_zeros, call.primitive, args)

    def _by_parts(self, call: PlannedCall) -> Compute:
        """The function that evaluates a call as the interpreter does, part by part."""
        passing, meaning, take = call.passing, call.primitive.meaning, _taking(call.args)

        def parts_of(values: list[Value]) -> list[Value]:
            return [self.parts(*pair) for pair in zip(take(values), passing.given, strict=True)]

        def in_general(values: list[Value]) -> Value:
            args = parts_of(values)
            value = applied(without_signed_zeros, call, args, self.leaves, self.model)
            return self.whole(value, passing.result)

        def of_each(values: list[Value]) -> Value:
            (parts,) = parts_of(values)
            return self.whole(
                [meaning(without_signed_zeros, part) for part in parts], passing.result
            )

        scope: Scope = call.primitive.scope
        single = passing.given == tuple(passing.wanted) and len(passing.per_tensor) == 1
        simple = scope is Scope.LEAF and single and len(passing.given) == 1
        return of_each if simple and not passing.result.many else in_general

    def _chosen(self, call: PlannedCall, values: list[Value]) -> Value:
        """The branch that the flag of a choice chooses."""
        new, old = call.branches
        branch: Branch = new if values[call.args[0]] != 0 else old
        inside = values.copy()
        for index in branch.order:
            if inside[index] is None:
                inside[index] = self.computing(index)(inside)
        return self.read(branch.value, inside)


def in_order(part: Any) -> Any:
    """An array whose entries lie in memory in the order of its shape, else LaidOutOtherwise."""
    if not part.flags.c_contiguous and sum(size > 1 for size in part.shape) > 1:
        raise LaidOutOtherwise
    return part


def of_numbers(call: PlannedCall) -> bool:
    """True if a call makes a Global of Globals, and asks nothing."""
    scope: Scope = call.primitive.scope
    return scope is Scope.LEAF and call.passing.result is Kind.GLOBAL and not call.branches


def _taking(places: Sequence[int]) -> Callable[[list[Value]], Sequence[Value]]:
    """The function that takes the values in some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0))
