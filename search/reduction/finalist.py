"""One finalist reduced, in rounds: looks choose what to take away, tests decide.

A round first looks at every proposal on a few seeds. The harmless ones, best first, are taken
together, all or the first half or a quarter of them and so on, since what can go alone cannot
always go together; a second look on other seeds says which of these are harmless. The lightest of
them is tested: it and the finalist as it was run on seeds that nobody has seen, and it is accepted
if the interval of the mean difference (`evaluators.statistics.evidence`, paired by seed) lies above
minus the margin. So looking costs little and may err; the chance of a wrong reduction is bounded
over all tests that may be made; and small losses cannot add up. A test that stands badly at half
time is given up, which can only err on the side of the finalist.

Proposals that have the fingerprint of the program need no look, but the test.
"""

import math
from collections.abc import Generator, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from dsl.language.registry import Domain
from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.simplify import simplify
from dsl.run.fingerprint import fingerprint
from evaluators.statistics import evidence
from search.candidates.screen import Bars
from search.ledger.reduction import Reduction, ReductionStep
from search.ledger.results import Rates
from search.reduction.edits import Edit, applied, place_of
from search.reduction.proposals import Proposal, Weight, proposals, told, weight
from search.reduction.rounding import one_digit
from search.reduction.trials import Conditions, Requests, Trials, gain

_SECOND_LOOK = 2
"""The times as many seeds that the second look takes."""
_COMBINATIONS = 6
"""Combinations at most that it compares."""
_MISSES = 2
"""Rounds in a row without a reduction after which there will be none."""

Asking = Generator[Requests, Any, list["Combination"]]


class Combination(NamedTuple):
    """Edits made together, and what they make of the program."""

    edits: tuple[Edit, ...]
    program: Program
    weight: Weight


class FinalistReduction:
    """The reduction of one finalist; `run` does it.

    **Arguments:** `rates`: those to try the program around, by task; `bars`: what its variants have
    to reach on the way for a look to go on.
    """

    def __init__(
        self,
        candidate: int,
        original: Program,
        rates: Rates,
        bars: Bars,
        conditions: Conditions,
    ):
        self.candidate = candidate
        self.original = original
        self.trials = Trials(original, rates, bars, conditions)
        self._config = conditions.config
        self._width = conditions.width
        self._tests = 0
        self._refused: set[str] = set()
        self._present = _plain(original)
        self._steps: list[ReductionStep] = []

    def run(self) -> Generator[Requests, Any, Reduction]:
        """The rounds; returns what was accepted last, the finalist as it was if nothing was."""
        misses = 0
        while misses < _MISSES and self._may_test:
            misses += 1
            for each in (yield from self._look()):
                if self._may_test and (yield from self._test(each)):
                    misses = 0
                    break
        left = self._present if self._steps else self.original
        rates = self.trials.rates_of(left)
        return Reduction(
            candidate=self.candidate,
            program=_with_rate(left, rates) if self._steps else left,
            rates=rates,
            steps=tuple(self._steps),
            evaluations=self.trials.spent,
            training=self.trials.training,
        )

    @property
    def _test_cost(self) -> int:
        """Evaluations of a test: of the finalist and of what may take its place."""
        return 2 * sum(map(self.trials.cost, self._halves))

    @property
    def _halves(self) -> tuple[int, int]:
        """The seeds of a test before half time, whole evaluations of them, and after it."""
        first = self._width * -(-self._config.seeds // (2 * self._width))
        return first, self._config.seeds - first

    @property
    def _may_test(self) -> bool:
        return self._tests < self._config.tests and self.trials.left >= self._test_cost

    def _look(self) -> Asking:
        """The combinations of proposals that two looks find harmless, the lightest first."""
        found, mark = proposals(self._present), fingerprint(self._present)
        alike = [each for each in found if fingerprint(each.program) == mark]
        others = [each for each in found if each not in alike]
        ranked = yield from self._harmless(others)
        chosen = [each for each in self._combinations(alike, ranked) if self._is_new(each)]
        room = (self.trials.left - self._test_cost) // self._second_cost - 1
        chosen = chosen[-room:] if room > 0 else []
        if not chosen:
            return []
        programs = [self.original, *(each.program for each in chosen)]
        own, *scores = yield from self.trials.judge(programs, _SECOND_LOOK * self._width)
        pairs = zip(chosen, scores, strict=True)
        sound = [each for each, score in pairs if gain(own, score) > -self._config.margin]
        return sorted(sound, key=lambda each: each.weight)

    @property
    def _second_cost(self) -> int:
        """Evaluations of a program in the second look."""
        return self.trials.cost(_SECOND_LOOK * self._width)

    def _harmless(self, found: Sequence[Proposal]) -> Generator[Requests, Any, list[Proposal]]:
        """The proposals that the first look finds harmless: in steps of the margin the best first,
        then the lightest. As many are looked at as leave enough for the rest of the round."""
        rest = self._test_cost + self._second_cost * (1 + _COMBINATIONS)
        seen = found[: max(self.trials.left - rest - 1, 0)]
        if not seen:
            return []
        programs = [self._present, *(each.program for each in seen)]
        own, *scores = yield from self.trials.judge(programs, self._width, look=True)
        gains = [gain(own, each) / self._config.margin for each in scores]
        harmless = [
            (-round(each), proposal)
            for each, proposal in zip(gains, seen, strict=True)
            if each > -1
        ]
        return [each for _, each in sorted(harmless, key=lambda pair: (pair[0], pair[1].weight))]

    def _is_new(self, combination: Combination) -> bool:
        return canonical_hash(combination.program) not in self._refused

    def _combinations(
        self, alike: Sequence[Proposal], ranked: Sequence[Proposal]
    ) -> list[Combination]:
        """All proposals together, then those that behave alike with half of the ranked ones, with a
        quarter, ..., with a single one, alone."""
        chain = [Combination((), self._present, weight(self._present))]
        self._extend(chain, alike)
        base = len(chain) - 1
        self._extend(chain, ranked)
        lengths, length = {base}, len(chain) - 1 - base
        while length:
            lengths.add(base + length)
            length //= 2
        chosen = [chain[each] for each in sorted(lengths, reverse=True)[-_COMBINATIONS:]]
        now = weight(self._present) if self._steps else weight(simplify(self.original))
        return [each for each in chosen if each.weight < now]

    def _extend(self, chain: list[Combination], added: Sequence[Proposal]) -> None:
        """Add one proposal after the other, as far as each takes something away."""
        for proposal in added:
            last = chain[-1]
            if place_of(proposal.edit) not in map(place_of, last.edits):
                edits = (*last.edits, proposal.edit)
                made = applied(self._present, edits)
                if made is not None and weight(made) < last.weight:
                    chain.append(Combination(edits, made, weight(made)))

    def _test(self, combination: Combination) -> Generator[Requests, Any, bool]:
        """Accept a combination if it does as well as the finalist on new seeds.

        Only the lower end of the interval decides, so a correction for half of the tests is one for
        all.
        """
        self._tests += 1
        margin, programs = self._config.margin, [self.original, combination.program]
        differences: list[float] = []
        for seeds in self._halves:
            before, after = yield from self.trials.judge(programs, seeds)
            if before is None or after is None:
                break
            differences += np.subtract(after, before).tolist()
            if fmean(differences) <= -margin:
                break
        if len(differences) == self._config.seeds:
            found = evidence(np.array([differences]), looked_at=-(-self._config.tests // 2))
            if found.difference.low > -margin:
                edits = tuple(told(each, self._present) for each in combination.edits)
                self._steps.append(ReductionStep(edits, str(combination.program), found))
                self._present = combination.program
                return True
        self._refused.add(canonical_hash(combination.program))
        return False


def _plain(program: Program) -> Program:
    """The program simplified as in real arithmetic where it still behaves the same."""
    simple = simplify(program, Domain.FINITE)
    return simple if fingerprint(simple) == fingerprint(program) else simplify(program)


def _with_rate(program: Program, rates: Rates) -> Program:
    """The program with the geometric mean of its rates, to one digit, for a default."""
    if "lr" not in program.hyperparameters or not rates:
        return program
    mean = math.exp(fmean(map(math.log, rates.values())))
    return program.with_hyperparameters(lr=one_digit(mean))
