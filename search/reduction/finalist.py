"""One finalist reduced, in rounds: looks choose what to take away, tests decide.

A round first looks at every proposal on a few seeds, then on twice and on four times as many others
at those that may still be harmless. These, the best first, are taken together, all or the first
half or a quarter of them and so on, since what can go alone cannot always go together; a last look
on other seeds says which of these are harmless. The lightest of them is tested: it and the finalist
as it was run on seeds that nobody has seen, and it is accepted if the interval of the mean
difference (`evaluators.statistics.evidence`, paired by seed) lies above minus the margin. So
looking costs little and may err; the chance of a wrong reduction is bounded over all tests that may
be made; and small losses cannot add up. A test that stands badly at half time is given up, which
can only err on the side of the finalist.

Proposals with the fingerprint of the program are looked at like others: a fingerprint sees a few
steps, and what is lost over hundreds can be anything.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
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
from search.reduction.proposals import ReductionProposal, Weight, is_part, proposals, told, weight
from search.reduction.rounding import one_digit
from search.reduction.trials import Conditions, Requests, Trials, gain

_LOOKS = ((1, 3.0), (2, 2.0), (4, 1.0))
"""The looks at single proposals: evaluations of each, and the margins that it may seem to lose over
all looks so far to be looked at again."""
_LAST_LOOK = 4
"""Evaluations of a combination in the last look."""
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


class Tested(NamedTuple):
    """A program that was tested in the place of the finalist, and what came of it.

    `edits` in words are those of the last program accepted before; `losses` are how far it was
    behind the finalist, seed by seed, up to where the test ended.
    """

    program: Program
    edits: tuple[str, ...]
    losses: tuple[float, ...]
    accepted: bool


@dataclass
class _Seen:
    """A proposal with its gains, in margins, one for each evaluation."""

    proposal: ReductionProposal
    gains: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        return fmean(self.gains)


class FinalistReduction:
    """The reduction of one finalist; `run` does it.

    **Arguments:** `rates`: those to try the program around, by task; `bars`: what its variants have
    to reach on the way for a look to go on; `parts_first`: see `proposals.is_part`.
    """

    def __init__(
        self,
        candidate: int,
        original: Program,
        rates: Rates,
        bars: Bars,
        conditions: Conditions,
        parts_first: bool = False,
    ):
        self.candidate = candidate
        self.original = original
        self.trials = Trials(original, rates, bars, conditions)
        self._config = conditions.config
        self._width = conditions.width
        self._parts_alone = parts_first
        self._tests = 0
        self.tested: list[Tested] = []
        """Every test so far, whether anything came of it or not."""
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
            if misses and self._parts_alone:
                self._parts_alone, misses = False, 0
        left = self._present if self._steps else self.original
        rates = self.trials.rates_of(left)
        return Reduction(
            candidate=self.candidate,
            program=with_rate(left, rates) if self._steps else left,
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
        found = proposals(self._present)
        if self._parts_alone:
            found = [each for each in found if is_part(each.edit, self._present)]
        ranked = yield from self._harmless(found)
        chosen = [each for each in self._combinations(ranked) if self._is_new(each)]
        room = (self.trials.left - self._test_cost) // _LAST_LOOK - 1
        chosen = chosen[-room:] if room > 0 else []
        if not chosen:
            return []
        programs = [self.original, *(each.program for each in chosen)]
        own, *scores = yield from self.trials.judge(programs, _LAST_LOOK * self._width)
        pairs = zip(chosen, scores, strict=True)
        sound = [each for each, score in pairs if gain(own, score) > -self._config.margin]
        return sorted(sound, key=lambda each: each.weight)

    def _harmless(
        self, found: Sequence[ReductionProposal]
    ) -> Generator[Requests, Any, list[ReductionProposal]]:
        """The proposals that look harmless, over all looks: in steps of the margin the best first,
        then the lightest. As many are looked at, and as often, as leave enough for the rest of the
        round."""
        rest = self._test_cost + _LAST_LOOK * (1 + _COMBINATIONS)
        seen = [_Seen(each) for each in found[: max(self.trials.left - rest - 1, 0)]]
        for evaluations, margins in _LOOKS:
            if not seen or self.trials.left < rest + evaluations * (1 + len(seen)):
                break
            programs = [self._present, *(each.proposal.program for each in seen)]
            own, *scores = yield from self.trials.judge(
                programs, evaluations * self._width, look=True
            )
            for each, score in zip(seen, scores, strict=True):
                each.gains += [gain(own, score) / self._config.margin] * evaluations
            seen = [each for each in seen if each.mean > -margins]
        harmless = [each for each in seen if each.gains and each.mean > -1]
        harmless.sort(key=lambda each: (-round(each.mean), each.proposal.weight))
        return [each.proposal for each in harmless]

    def _is_new(self, combination: Combination) -> bool:
        return canonical_hash(combination.program) not in self._refused

    def _combinations(self, ranked: Sequence[ReductionProposal]) -> list[Combination]:
        """All proposals together, then half of them, a quarter, ..., the first alone."""
        chain = [Combination((), self._present, weight(self._present))]
        self._extend(chain, ranked)
        lengths, length = set[int](), len(chain) - 1
        while length:
            lengths.add(length)
            length //= 2
        chosen = [chain[each] for each in sorted(lengths, reverse=True)[-_COMBINATIONS:]]
        now = weight(self._present) if self._steps else weight(simplify(self.original))
        return [each for each in chosen if each.weight < now]

    def _extend(self, chain: list[Combination], added: Sequence[ReductionProposal]) -> None:
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
        found = None
        if len(differences) == self._config.seeds:
            found = evidence(np.array([differences]), looked_at=-(-self._config.tests // 2))
        accepted = found is not None and found.difference.low > -margin
        edits = tuple(told(each, self._present) for each in combination.edits)
        losses = tuple(-each for each in differences)
        self.tested.append(Tested(combination.program, edits, losses, accepted))
        if found is not None and accepted:
            self._steps.append(ReductionStep(edits, str(combination.program), found))
            self._present = combination.program
        else:
            self._refused.add(canonical_hash(combination.program))
        return accepted


def least_evaluations(seeds: int, width: int) -> int:
    """The evaluations below which nothing is looked at: those of a test on so many seeds, of the
    last look before it, and of a first look at one proposal; `width` seeds are an evaluation."""
    return 2 * -(-seeds // width) + _LAST_LOOK * (1 + _COMBINATIONS) + 2


def _plain(program: Program) -> Program:
    """The program simplified as in real arithmetic where it still behaves the same."""
    simple = simplify(program, Domain.FINITE)
    return simple if fingerprint(simple) == fingerprint(program) else simplify(program)


def with_rate(program: Program, rates: Rates) -> Program:
    """The program with the geometric mean of its rates, to one digit, for a default."""
    if "lr" not in program.hyperparameters or not rates:
        return program
    mean = math.exp(fmean(map(math.log, rates.values())))
    return program.with_hyperparameters(lr=one_digit(mean))
