"""The trials of one finalist: programs judged on new seeds, within a budget of evaluations.

A batch of requests is yielded and its results are sent back, so several finalists can share a pool.
"""

from collections.abc import Generator, Sequence
from statistics import fmean
from typing import NamedTuple

from dsl.program import Program
from dsl.run.fingerprint import step_scale
from evaluators.evaluation import Evaluation, Outcome
from evaluators.request import EvaluationRequest
from evaluators.seeds import reduction_seeds
from search.candidates.rates import LARGEST_FACTOR
from search.candidates.screen import Bars
from search.config import ReductionConfig
from search.ledger.results import Rates, seed_scores

Requests = list[tuple[EvaluationRequest, tuple[int, ...]]]
"""Programs to judge, each with its seeds."""
Results = Sequence[Evaluation | None]
SeedScores = tuple[float, ...] | None
"""Scores on all tasks by seed; None for a program that was not trained to the end."""


class Conditions(NamedTuple):
    """The conditions of a reduction: the campaign's seed, the seeds of one evaluation, the
    multiples of a rate that it tries, the number of tasks, the config of the stage, and how many
    finalists share its budget."""

    seed: int
    width: int
    factors: Sequence[float]
    tasks: int
    config: ReductionConfig
    finalists: int = 1


class Trials:
    """Programs beside the finalist `original`.

    **Arguments:** `rates`: those to try the finalist around, by task; `bars`: what a program has to
    reach on the way for a look to go on.
    """

    def __init__(
        self,
        original: Program,
        rates: Rates,
        bars: Bars,
        conditions: Conditions,
    ):
        self.spent = 0
        self.training = (0, 0)
        """Steps up to the first checkpoints, and after them."""
        self._original = original
        self._rates = rates
        self._bars = bars
        self._conditions = conditions
        self._batches = 0

    @property
    def left(self) -> int:
        """Evaluations that may still be made."""
        return self._conditions.config.evaluations // self._conditions.finalists - self.spent

    def cost(self, seeds: int) -> int:
        """Evaluations of a program on so many seeds."""
        return len(range(0, seeds, self._conditions.width))

    def judge(
        self, programs: Sequence[Program], count: int, look: bool = False
    ) -> Generator[Requests, Results, list[SeedScores]]:
        """The scores of programs on the same `count` new seeds. In a `look` programs that fall
        behind are not judged to the end."""
        width = self._conditions.width
        seeds = reduction_seeds(self._conditions.seed, self._batches, count)
        self._batches += 1
        bars = self._bars if look else Bars({}, {})
        requests = [EvaluationRequest(each, self.rates_of(each), *bars) for each in programs]
        chunks = [seeds[at : at + width] for at in range(0, count, width)]
        found = yield [(request, chunk) for chunk in chunks for request in requests]
        self._pay(found)
        return [self._scores(found[at :: len(programs)]) for at in range(len(programs))]

    def _pay(self, found: Results) -> None:
        """Count the evaluations; what free checks refuse costs none."""
        trained = [each for each in found if each is not None and each.measurements]
        self.spent += len(trained)
        before, after = self.training
        self.training = (
            before + sum(each.steps[0] for each in trained),
            after + sum(each.steps[1] for each in trained),
        )

    def _scores(self, found: Results) -> SeedScores:
        whole = [
            each
            for each in found
            if each is not None and each.measurements and each.outcome is not Outcome.SCREENED
        ]
        return seed_scores(whole, self._conditions.tasks) if len(whole) == len(found) else None

    def rates_of(self, program: Program) -> dict[str, float]:
        """The finalist's rates; changed for a program whose steps are shorter or longer than the
        rates that are tried could make up for."""
        factors, factor = self._conditions.factors, 1.0
        before, after = step_scale(self._original), step_scale(program)
        if before and after and not min(factors) <= before / after <= max(factors):
            factor = min(max(before / after, 1 / LARGEST_FACTOR), LARGEST_FACTOR)
        return {task: rate * factor for task, rate in self._rates.items()}


def gain(before: SeedScores, after: SeedScores) -> float:
    """The mean difference of scores; minus infinity where one is missing."""
    if before is None or after is None:
        return float("-inf")
    return fmean(after) - fmean(before)
