"""The rates that candidates are tried with: a child starts from those that served its parent.

A rate belongs to a program and a task. A child whose constant `lr` was changed has its rates
changed by the same factor.
"""

from collections.abc import Mapping

from dsl.program import Program
from evaluators.evaluation import Evaluation
from search.candidates.verdict import Candidate


class BestRates:
    """The best rate of every candidate on every task, as far as it is known.

    `rates` are those of `start`, candidate 0, before it is judged.
    """

    def __init__(self, start: Program, rates: Mapping[str, float]):
        self._known = {0: dict(rates)}
        self._lr = {0: start.hyperparameters.get("lr", 0.0)}

    def of(self, program: Program, parent: int | None) -> dict[str, float]:
        """The rates to try a child of `parent` around, by task; tasks not named are as the program
        says."""
        number = parent or 0
        lr, before = program.hyperparameters.get("lr", 0.0), self._lr[number]
        factor = lr / before if before > 0 and lr > 0 else 1.0
        return {task: rate * factor for task, rate in self._known[number].items()}

    def learn(self, candidate: Candidate, measured: Evaluation | None) -> None:
        """Take in the rates that the evaluation of a candidate found; those of its source, if it
        has one."""
        found = measured.rates() if measured else {}
        if candidate.source is not None:
            found = self._known[candidate.source]
        inherited = self.of(candidate.program, candidate.parent)
        self._known[candidate.number] = {**inherited, **found}
        self._lr[candidate.number] = candidate.program.hyperparameters.get("lr", 0.0)
