"""The rates that candidates are tried with: a child starts from those that served its parent.

A rate belongs to a program and a task. A child whose constant `lr` was changed has its rates
changed by the same factor. A graft changes the size of steps: there the rates are changed so that
the typical step on the probe is as long as its parent's.
"""

from collections.abc import Collection, Mapping, Sequence

from dsl.program import Program
from dsl.run.fingerprint import step_scale
from search.candidates.verdict import Candidate, Past, Told

GRAFT = "graft"
"""The kind of a change whose child has steps of another size."""
LARGEST_FACTOR = 1e4
"""Rates are changed by this factor at most, either way."""
_AT_HAND = 4096
"""Candidates whose rates are kept."""


class BestRates:
    """The best rate of every candidate on every task, as far as it is known: a function of the
    candidates told so far.

    **Arguments:** `rates`: those of `starts`, candidates 0 and on, before they are judged; `tasks`:
    all that there are.
    """

    def __init__(
        self,
        starts: Sequence[Program],
        rates: Sequence[Mapping[str, float]],
        tasks: Collection[str],
        past: Past,
    ):
        self._starts = starts
        self._given = [dict(each) for each in rates]
        self._tasks = frozenset(tasks)
        self._past = past
        self._known: dict[int, dict[str, float]] = {}

    def of(self, candidate: Candidate) -> dict[str, float]:
        """The rates to try a candidate around, by task; tasks not named are as the program says."""
        if candidate.parent is None:
            return self._given[candidate.number]
        return self._scaled(self._after(candidate.parent), candidate.parent, candidate)

    def _scaled(
        self, rates: Mapping[str, float], parent: int, child: Candidate
    ) -> dict[str, float]:
        factor = _factor(self._program(parent), child.program, child.mutation.kind == GRAFT)
        return {task: rate * factor for task, rate in rates.items()}

    def _program(self, number: int) -> Program:
        if number < len(self._starts):
            return self._starts[number]
        told = self._past.row(number)
        assert told is not None
        return told.candidate.program

    def _after(self, number: int) -> dict[str, float]:
        """The rates of a candidate with what its evaluation found; a start that is not told yet has
        those that were given."""
        wanted = [number]
        while wanted:
            at = wanted[-1]
            told = self._past.row(at)
            if told is None:
                return self._given[at]
            missing = [each for each in self._needs(told) if each not in self._known]
            wanted += missing
            if not missing:
                self._known[at] = self._combined(told)
                wanted.pop()
        found = self._known[number]
        while len(self._known) > _AT_HAND:
            del self._known[next(iter(self._known))]
        return found

    def _needs(self, told: Told) -> list[int]:
        """The candidates whose rates have a part in those of this one."""
        candidate, evaluation = told.candidate, told.verdict.evaluation
        if candidate.source is not None:
            needed = [candidate.source, candidate.parent]
        elif evaluation is not None and self._tasks <= evaluation.rates().keys():
            needed = []
        else:
            needed = [candidate.parent]
        return [each for each in needed if each is not None]

    def _combined(self, told: Told) -> dict[str, float]:
        candidate, evaluation = told.candidate, told.verdict.evaluation
        found = evaluation.rates() if evaluation else {}
        if candidate.source is not None:
            found = self._known[candidate.source]
        if candidate.parent is None:
            return {**self._given[candidate.number], **found}
        if candidate.source is None and self._tasks <= found.keys():
            return found
        parent = candidate.parent
        return {**self._scaled(self._known[parent], parent, candidate), **found}


def _factor(parent: Program, child: Program, rescaled: bool) -> float:
    """The factor from the parent's rates to the child's."""
    before, after = (each.hyperparameters.get("lr", 0.0) for each in (parent, child))
    factor = after / before if before > 0 and after > 0 else 1.0
    if rescaled:
        longer, shorter = step_scale(parent), step_scale(child)
        if longer and shorter:
            factor *= min(max(longer / shorter, 1 / LARGEST_FACTOR), LARGEST_FACTOR)
    return factor
