"""The values of a bound program at all steps.

Values lie in the places of the program's plan. A place has its values step after step in a list, or
those of all steps together, with an axis of steps in front: one array for Tensors, Scalars and
Globals, for other kinds an array for each tensor. The one is made of the other when it is asked
for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dsl.language.kinds import Kind, Shape, plain
from dsl.run.bound import Bound, in_order
from dsl.run.numpy64 import broadcast_to
from dsl.run.values import Value


class ValuesByStep:
    """The values of places, of `count` steps."""

    def __init__(self, bound: Bound, count: int):
        self.bound = bound
        self.count = count
        self.together: dict[int, Value] = {}
        self.apart: dict[int, list[Value]] = {}

    def is_open(self, place: int) -> bool:
        """True for a statement whose value is not known yet."""
        held = place in self.together or place in self.apart
        is_statement = place < len(self.bound.plan.calls)
        return is_statement and self.bound.start[place] is None and not held

    def rows(self, place: int) -> list[Value]:
        """The values of a place step after step."""
        if place not in self.apart:
            value = self.whole(place)
            if isinstance(value, float):
                return [value] * self.count
            several = isinstance(value, list)
            self.apart[place] = [*map(list, zip(*value, strict=True))] if several else list(value)
        return self.apart[place]

    def whole(self, place: int) -> Value:
        """The values of a place at all steps together; a number that is always the same."""
        constant = self.bound.start[place]
        if constant is not None:
            return constant
        if place not in self.together:
            rows = self.apart[place]
            if isinstance(rows[0], list):
                parts = zip(*rows, strict=True)
                self.together[place] = [np.stack([*map(in_order, part)]) for part in parts]
            else:
                self.together[place] = np.array(rows)
        return self.together[place]

    def tensors(self, place: int, kind: Kind, to: Kind) -> list[Any]:
        """The values of a place as `to`, tensor by tensor."""
        if kind is to and not plain(kind):
            return self.whole(place)
        if plain(kind) and plain(to):
            value = self.lifted(self.whole(place), kind, to)
            if to is Kind.SCALAR:
                return list(value.T)
            pairs = zip(self.bound.slices, self.bound.shapes, strict=True)
            return [value[:, part].reshape(self.count, *shape) for part, shape in pairs]
        return [
            broadcast_to(self.aligned(place, kind, tensor), self.shape(to, tensor))
            for tensor in range(len(self.bound.shapes))
        ]

    def aligned(self, place: int, kind: Kind, tensor: int) -> Any:
        """The values of a place for one tensor, with as many axes as those of the tensor."""
        value = self.whole(place)
        if isinstance(value, float):
            return value
        if isinstance(value, list):
            return value[tensor]
        shape = self.bound.shapes[tensor]
        if kind is Kind.TENSOR:
            return value[:, self.bound.slices[tensor]].reshape(self.count, *shape)
        numbers = value[:, tensor] if kind is Kind.SCALAR else value
        return numbers.reshape(self.count, *(1 for _ in shape))

    def joined(self, made: Sequence[Any], kind: Kind) -> Value:
        """The values of all tensors as a place holds them."""
        if kind is Kind.SCALAR:
            return np.stack(made, axis=1)
        if kind is not Kind.TENSOR:
            return list(made)
        for each in made:
            in_order(each[0])
        return np.concatenate([each.reshape(self.count, -1) for each in made], axis=1)

    def lifted(self, value: Value, kind: Kind, to: Kind) -> Value:
        """Values of a plain kind as another one, at all steps."""
        if kind is not Kind.GLOBAL:
            return self.bound.lifted(value, kind, to)
        value = broadcast_to(value, (self.count,))
        if to is Kind.GLOBAL:
            return value
        width = self.bound.slices[-1].stop if to is Kind.TENSOR else len(self.bound.shapes)
        return broadcast_to(value[:, None], (self.count, width))

    def shape(self, kind: Kind, tensor: int) -> Shape:
        """The shape of a tensor's values at all steps."""
        assert kind.shape is not None
        return (self.count, *kind.shape(self.bound.shapes[tensor]))
