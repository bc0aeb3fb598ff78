"""The settings that exercise what a first comparison did not, found on the rule alone.

A rule in NumPy takes steps many times faster than another optimizer: it says which models,
hyperparameters and lengths of a run meet the missing sides of conditions. Only those are compared.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Statement
from stepsmith.verifying.conditions import Cell, Condition, conditions
from stepsmith.verifying.draws import Draw, counts, ladder, other
from stepsmith.verifying.exercise import Exercise
from stepsmith.verifying.model import FURTHER, SECOND, Look
from stepsmith.verifying.paths import largest_distance
from stepsmith.verifying.verifier import Verifier
from stepsmith.verifying.walkers import as_walked

_EFFORT = 80_000
"""Statements that all tries of a kind may evaluate together, those of matrices counted often."""

_GRADIENT = 30
"""The number of statements that take as long as a gradient of the model."""

_DEAR = 20
"""A matrix function, or a pass over the data, counts so often."""

_TRY = 40
"""Steps of a try with another model or other hyperparameters."""

_UNSEEN = 4
"""Steps on a model for what the other optimizer may decide: nobody sees its conditions."""

_AFTER = 20
"""Steps that a longer run goes on for, after it met something."""


class Explorer:
    """The exercise of one rule; `shared` are the hyperparameters that the other takes too."""

    def __init__(self, verifier: Verifier, shared: frozenset[str], tolerance: float):
        self.verifier = verifier
        self.tolerance = tolerance
        self.program = verifier.program
        self.shared = [name for name in self.program.hyperparameters if name in shared]
        walked = as_walked(self.program)
        self.conditions: list[Condition] = conditions(walked)
        self.weight = _GRADIENT + sum(map(_weight, walked.statements))
        self.counts = counts(self.program)
        self.exercise = Exercise(self.conditions, self.program.hyperparameters, verifier.ranks)

    def at(self, draw: Draw) -> Verifier:
        """The comparison at a setting."""
        program = self.program.with_hyperparameters(**draw.hypers)
        return self.verifier.at(program, draw.steps, draw.look)

    def take(self, draw: Draw) -> None:
        """Note what a comparison at a setting exercises."""
        self.exercise.cells |= set(self.cells(draw))
        self.exercise.influential |= self._influential(draw)

    def cells(self, draw: Draw) -> dict[Cell, int]:
        """The sides that the rule takes at a setting, and the step at which each is first met."""
        if not self.conditions:
            return {}
        by_place = {each.at: each for each in self.conditions}
        met: dict[Cell, int] = {}
        now = 0

        def observe(at: int, args: Sequence[Any], value: Any) -> None:
            if at in by_place:
                for cell in by_place[at].seen(args, value, self.verifier.ranks):
                    met.setdefault(cell, now)

        verifier = self.at(draw)
        for leaves in verifier.numpy_steps(verifier.program, observe):
            now += 1
            if not all(map(np.all, map(np.isfinite, leaves))):
                break
        return met

    def ladder(self, name: str) -> list[float]:
        """Other values for a hyperparameter, likely ones first."""
        value, meanings = self.program.hyperparameters[name], self.program.meanings
        counts = name in self.counts or name in self.program.lengths
        counts = counts or (name in meanings and meanings[name].whole)
        rungs = ladder(value, counts=counts)
        return [each for each in rungs if name not in meanings or meanings[name].holds(each)] or [
            value
        ]

    def second(self) -> Iterator[Draw]:
        """A second model with other hyperparameters; should that not do, with those given."""
        steps = min(self.verifier.steps, 60)
        hypers = {name: self.ladder(name)[0] for name in self.shared}
        yield Draw(steps, SECOND, hypers)
        yield Draw(steps, SECOND)

    def further(self) -> Iterator[Draw]:
        """Settings that meet what is still missing, each when nothing before it has."""
        tries = max(8, _EFFORT // (self.weight * _TRY))
        for draw in self._singles():
            if not self.exercise.missing_cells() and not self.exercise.missing():
                break
            if (tries := tries - 1) < 0:
                break
            if self._news(self.cells(draw)):
                yield draw
        if longer := self._longer():
            yield longer
        yield from self._idle()

    def unseen(self, tried: Collection[Look]) -> Iterator[Draw]:
        """A few steps on each model that was not tried, for the conditions of the other: it may
        bound gradients, or do something else where they are 0."""
        steps = min(self.verifier.steps, _UNSEEN)
        yield from (Draw(steps, look) for look in FURTHER if look not in tried)

    def _singles(self) -> Iterator[Draw]:
        """Models, then hyperparameters, that may decide what is missing."""
        steps = min(self.verifier.steps, _TRY)
        for look in FURTHER:
            yield Draw(steps, look)
        rungs = {name: self.ladder(name) for name in self.shared}
        longest = max(map(len, rungs.values()), default=0)
        for within in (True, False):  # what decides a condition within a step comes first
            for rung in range(longest):
                for name, values in rungs.items():
                    if rung < len(values) and name in self._deciding(within):
                        yield Draw(steps, SECOND, {name: values[rung]})

    def _deciding(self, within: bool) -> set[str]:
        """The names that decide a condition which misses something."""
        places = {at for at, _, _ in self.exercise.missing_cells()}
        places |= {each.at for each, _ in self.exercise.missing()}
        chosen = [each for each in self.conditions if each.at in places]
        return {name for each in chosen for name in (each.decided_by if within else each.reads)}

    def _longer(self) -> Draw | None:
        if not self.exercise.missing() and not self.exercise.missing_cells():
            return None
        most = max(2 * self.verifier.steps, _EFFORT // self.weight)
        news = self._news(self.cells(Draw(most, longer=True)))
        late = [step for cell, step in news.items() if step >= self.verifier.steps]
        return Draw(max(late) + 1 + _AFTER, longer=True) if late else None

    def _news(self, cells: dict[Cell, int]) -> dict[Cell, int]:
        """Those of some cells that are missing."""
        sides = {(each.at, side) for each, side in self.exercise.missing()}
        wanted = self.exercise.missing_cells()
        return {cell: step for cell, step in cells.items() if cell in wanted or cell[:2] in sides}

    def _idle(self) -> Iterator[Draw]:
        """Hyperparameters that had no influence yet, at values where they have one."""
        for name in list(self.exercise.idle):
            if name not in self.shared or name in self.exercise.influential:
                continue
            for value in self.ladder(name):
                draw = Draw(min(self.verifier.steps, _TRY), SECOND, {name: value})
                if name in self._influential(draw, only=name):
                    yield draw
                    break

    def _influential(self, draw: Draw, only: str | None = None) -> set[str]:
        """The hyperparameters that move the path of the rule at a setting."""
        steps = draw.steps if draw.longer else min(draw.steps, _TRY)
        verifier = self.at(Draw(steps, draw.look, draw.hypers))
        program = verifier.program
        wanted = [only] if only else [n for n in program.hyperparameters if n in self.exercise.idle]
        wanted = [name for name in wanted if program.hyperparameters[name] != 0]
        if not wanted:
            return set()
        path = verifier.numpy_path(program)
        found = set()
        for name in wanted:
            near = program.with_hyperparameters(**{name: other(program.hyperparameters[name])})
            if largest_distance(path, verifier.numpy_path(near)) > 10 * self.tolerance:
                found.add(name)
        return found


def _weight(statement: Statement) -> int:
    primitive = PRIMITIVES[statement.op]
    matrices = "Gram" in str(primitive.signature) or "newton" in primitive.name
    return _DEAR if matrices or primitive.scope is Scope.STEP else 1
