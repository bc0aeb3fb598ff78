"""The rates that candidates are tried with: a child starts from those that served its parent.

A rate belongs to a program and a task. A child whose constant `lr` was changed has its rates
changed by the same factor. A graft changes the size of steps: there the rates are changed so that
the typical step on the probe is as long as its parent's.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dsl.program import Program
from dsl.run.fingerprint import step_scale
from evaluators.evaluation import Evaluation
from search.candidates.verdict import Candidate

GRAFT = "graft"
"""The kind of a change whose child has steps of another size."""
LARGEST_FACTOR = 1e4
"""Rates are changed by this factor at most, either way."""


class BestRates:
    """The best rate of every candidate on every task, as far as it is known.

    **Arguments:** `rates`: those of `starts`, candidates 0 and on, before they are judged.
    """

    def __init__(self, starts: Sequence[Program], rates: Sequence[Mapping[str, float]]):
        self._known = [dict(each) for each in rates]
        self._steps = [_Steps.of(start) for start in starts]

    def of(self, candidate: Candidate) -> dict[str, float]:
        """The rates to try a candidate around, by task; tasks not named are as the program says."""
        if candidate.parent is None:
            return self._known[candidate.number]
        parent = self._steps[candidate.parent]
        factor = parent.factor(_Steps.of(candidate.program), candidate.mutation.kind == GRAFT)
        return {task: rate * factor for task, rate in self._known[candidate.parent].items()}

    def learn(self, candidate: Candidate, measured: Evaluation | None) -> None:
        """Take in the rates that the evaluation of a candidate found; those of its source, if it
        has one."""
        found = measured.rates() if measured else {}
        if candidate.source is not None:
            found = self._known[candidate.source]
        rates = {**self.of(candidate), **found}
        if candidate.parent is None:
            self._known[candidate.number] = rates
        else:
            self._known.append(rates)
            self._steps.append(_Steps.of(candidate.program))


class _Steps(NamedTuple):
    """The default rate of a program, and the length of its typical step on the probe."""

    rate: float
    length: float | None

    @staticmethod
    def of(program: Program) -> "_Steps":
        return _Steps(program.hyperparameters.get("lr", 0.0), step_scale(program))

    def factor(self, child: "_Steps", rescaled: bool) -> float:
        """The factor from this program's rates to a child's."""
        factor = child.rate / self.rate if self.rate > 0 and child.rate > 0 else 1.0
        if rescaled and self.length and child.length:
            factor *= min(max(self.length / child.length, 1 / LARGEST_FACTOR), LARGEST_FACTOR)
        return factor
