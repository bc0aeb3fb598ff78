"""All steps of a bound program, as many of them together as can be."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from dsl.language.kinds import Kind, plain
from dsl.language.registry import Primitive, Scope
from dsl.run.bound import Bound, in_order, of_numbers
from dsl.run.interpret import number
from dsl.run.numpy64 import broadcast_to, step_by_step, without_signed_zeros
from dsl.run.plan import Output, PlannedCall
from dsl.run.stages import PARAMETERS, Stage, stages
from dsl.run.together import works_on_all_steps
from dsl.run.values import Value
from dsl.run.values_by_step import ValuesByStep
from dsl.shapes import Float

Inputs = Mapping[str, Float[np.ndarray, "steps ..."]]


def all_moves(bound: Bound, inputs: Inputs) -> Float[np.ndarray, "steps entries"]:
    """All that a program subtracts, step after step, where NumPy is told to ignore what overflows.

    **Arguments:** `inputs`: what it reads at each step, the parameters aside; a gradient has the
    entries of all tensors one after the other.
    **Raises:** LaidOutOtherwise where only `run_step` tells what the program says.
    """
    return _gone_through(bound, inputs, None).moves()


def moves_and_held(
    bound: Bound, inputs: Inputs, slot: str
) -> tuple[Float[np.ndarray, "steps entries"], Float[np.ndarray, "steps entries"]]:
    """The same, and what a slot of Tensors holds after each step."""
    steps = _gone_through(bound, inputs, slot)
    return steps.moves(), np.asarray(steps.leaving(bound.plan.slots[slot]))


def _gone_through(bound: Bound, inputs: Inputs, slot: str | None) -> "_Steps":
    steps = _Steps(bound, inputs)
    for stage in stages(bound.program, slot):
        steps.take(stage)
    return steps


class _Steps:
    """The values of a program at all steps, stage after stage."""

    def __init__(self, bound: Bound, inputs: Inputs):
        self.bound = bound
        self.values = ValuesByStep(bound, len(next(iter(inputs.values()))))
        self._first = {**bound.first, PARAMETERS: bound.whole(bound.leaves)}
        names = bound.plan.names
        for name, value in inputs.items():
            if name in names:
                self.values.together[names[name]] = value

    def take(self, stage: Stage) -> None:
        """Go through the next stage."""
        left = [at for at in stage.statements if self.bound.start[at] is None]
        if stage.round:
            self._walk(left, stage.states)
            return
        for at in left:
            value = self._computed(self.bound.plan.calls[at])
            if value is None:
                self._walk([at])
            else:
                self.values.together[at] = value
        for state in stage.states:
            self._move(state)

    def moves(self) -> Float[np.ndarray, "steps entries"]:
        """All that is subtracted; for the difference it may lie in memory as it likes."""
        place, kind, _ = output = self.bound.plan.result
        if plain(kind):
            return self.leaving(output)
        tensors = self.values.tensors(place, kind, Kind.TENSOR)
        return np.concatenate([each.reshape(self.values.count, -1) for each in tensors], axis=1)

    def leaving(self, output: Output) -> Value:
        """A value that leaves each step, as the kind that holds it."""
        place, kind, to = output
        if plain(kind) and plain(to):
            return np.asarray(
                self.values.lifted(self.values.whole(place), kind, to), dtype=np.float64
            )
        return [self.bound.lifted(value, kind, to) for value in self.values.rows(place)]

    def _move(self, state: str) -> None:
        """Find a state at every step from what follows it at each."""
        place, first = self.bound.plan.names[state], self._first[state]
        if state == PARAMETERS:
            moves = self.moves()
            self.values.together[place] = np.subtract.accumulate(
                np.concatenate([[first], moves[:-1]])
            )
            return
        nexts = self.leaving(self.bound.plan.slots[state])
        if isinstance(nexts, list):
            self.values.apart[place] = [first, *nexts[:-1]]
        else:
            self.values.together[place] = np.concatenate([[first], nexts[:-1]])

    def _computed(self, call: PlannedCall) -> Value | None:
        """A call at all steps; None where it has to be made step after step."""
        passing = call.passing
        kinds = (*passing.given, passing.result)
        if call.branches or call.primitive.scope is Scope.STEP or any(kind.many for kind in kinds):
            return None
        if of_numbers(call):
            args = [self.values.whole(place) for place in call.args]
            given = [
                arg if isinstance(arg, float) else np.asarray(arg, np.float64).tobytes()
                for arg in args
            ]
            return _numbers(call.primitive, self.values.count, *given)
        if passing.at_once:
            return self._by_entries(call)
        if any(not self._in_line(kind) for kind in (*kinds, *passing.wanted)):
            return None
        if call.primitive.signature.elementwise:
            return self._by_entries_of_tensors(call)
        if call.primitive.scope is Scope.MODEL:
            return self._over_the_model(call)
        return self._by_tensors(call)

    def _by_entries(self, call: PlannedCall) -> Value:
        """An element-wise call on Tensors, Scalars and Globals."""
        args = [self.values.whole(place) for place in call.args]
        for at, (arg, kind) in enumerate(zip(args, call.passing.given, strict=True)):
            if kind is Kind.GLOBAL and not isinstance(arg, float):
                args[at] = arg[:, None]
        for at, kind, to in call.passing.lifts:
            args[at] = self.bound.lifted(args[at], kind, to)
        return call.primitive.meaning(without_signed_zeros, *args)

    def _by_entries_of_tensors(self, call: PlannedCall) -> Value:
        """An element-wise call on other kinds too, tensor by tensor."""
        pairs = list(zip(call.args, call.passing.given, strict=True))
        made = []
        for tensor in range(len(self.bound.shapes)):
            args = [self.values.aligned(place, kind, tensor) for place, kind in pairs]
            value = call.primitive.meaning(without_signed_zeros, *args)
            shape = self.values.shape(call.passing.result, tensor)
            made.append(value if value.shape == shape else broadcast_to(value, shape).copy())
        return self.values.joined(made, call.passing.result)

    def _by_tensors(self, call: PlannedCall) -> Value:
        """A call tensor by tensor, step after step where it cannot be made for all of them."""
        args, made = self._arguments(call), []
        for tensor, shape in enumerate(self.bound.shapes):
            own = [arg[tensor] if isinstance(arg, list) else arg for arg in args]
            if works_on_all_steps(call.primitive, tuple(call.passing.wanted), (shape,)):
                value = call.primitive.meaning(step_by_step, *own)
                value = broadcast_to(value, self.values.shape(call.passing.result, tensor))
            else:
                value = np.stack([in_order(value) for value in self._one_by_one(call, own)])
            made.append(value)
        return self.values.joined(made, call.passing.result)

    def _one_by_one(self, call: PlannedCall, args: list[Any]) -> Iterator[Value]:
        for t in range(self.values.count):
            row = (arg if isinstance(arg, float) else arg[t] for arg in args)
            yield call.primitive.meaning(without_signed_zeros, *row)

    def _over_the_model(self, call: PlannedCall) -> Value | None:
        """A call that makes a Global of all tensors, None where that takes step after step."""
        if call.passing.result is not Kind.GLOBAL:
            return None
        if not works_on_all_steps(call.primitive, tuple(call.passing.wanted), self.bound.shapes):
            return None
        value = call.primitive.meaning(step_by_step, *self._arguments(call))
        return broadcast_to(value, (self.values.count,))

    def _arguments(self, call: PlannedCall) -> list[Any]:
        """The arguments of a call as it wants them: lists of tensors, and Globals."""
        passing = call.passing
        triples = zip(call.args, passing.given, passing.wanted, strict=True)
        return [
            self.values.whole(place) if to is Kind.GLOBAL else self.values.tensors(place, kind, to)
            for place, kind, to in triples
        ]

    def _in_line(self, kind: Kind) -> bool:
        """True for Globals, Scalars, and a kind whose arrays have the axes of their tensors."""
        shape = kind.shape
        if shape is None or kind is Kind.SCALAR:
            return True
        return all(len(shape(of)) == len(of) for of in self.bound.shapes)

    def _walk(self, statements: Sequence[int], states: Sequence[str] = ()) -> None:
        """Evaluate statements step after step, and with them the states that go round."""
        bound, plan = self.bound, self.bound.plan
        inside = self._inside(statements)
        own = {*inside, *(plan.names[state] for state in states)}
        read = dict.fromkeys(place for at in inside for place in self._read(at))
        known = [place for place in read if place not in own and bound.start[place] is None]
        rows = list(zip(*map(self.values.rows, known), strict=True)) or [()] * self.values.count
        order = [(at, bound.computing(at)) for at in statements]
        held = {state: self._first[state] for state in states}
        asks = any(plan.calls[at].primitive.scope is Scope.STEP for at in inside)
        where = plan.names[PARAMETERS]
        taken: list[list[Value]] = []
        for t, row in enumerate(rows):
            values = bound.start.copy()
            for place, value in zip(known, row, strict=True):
                values[place] = value
            for state, value in held.items():
                values[plan.names[state]] = value
            if asks:
                w = held[PARAMETERS] if PARAMETERS in held else self.values.rows(where)[t]
                bound.model.at(t, bound.parts(w))
            for at, compute in order:
                values[at] = compute(values)
            taken.append(values)
            for state, value in held.items():
                if state == PARAMETERS:
                    held[state] = value - bound.move(values)
                else:
                    held[state] = bound.read(plan.slots[state], values)
        for place in (*statements, *(plan.names[state] for state in states)):
            self.values.apart[place] = [values[place] for values in taken]

    def _inside(self, statements: Sequence[int]) -> list[int]:
        """Statements, and those that only a branch of a choice among them needs."""
        found = list(statements)
        for at in found:  # which grows as they are met
            found += [
                each for each in self._read(at) if each not in found and self.values.is_open(each)
            ]
        return found

    def _read(self, at: int) -> Iterator[int]:
        """The places that a statement reads, and for a choice what its branches need."""
        call = self.bound.plan.calls[at]
        yield from call.args
        for branch in call.branches:
            yield from branch.order


@lru_cache(maxsize=8192)
def _numbers(primitive: Primitive, count: int, *args: float | bytes) -> Float[np.ndarray, " steps"]:
    """A primitive of numbers at `count` steps, given those of each argument in float64, or the one
    that is always the same. Programs of a search share most of theirs."""
    rows = [np.frombuffer(arg) if isinstance(arg, bytes) else [arg] * count for arg in args]
    pairs = zip(*rows, strict=True)
    made = np.array([number(without_signed_zeros, primitive, row) for row in pairs])
    made.flags.writeable = False
    return made
