"""A rule that no campaign found, reduced as a campaign reduces its finalists.

The rule and the scale, AdamW, are tuned on the grid of a comparison, both on the same seeds. Then
come the rounds of `finalist`, and in the end everything of interest is measured side by side on
seeds that took no part in any of this: the rule, each program that was accepted in its place, and
smaller ones that a test refused, so that a person sees what the next step would have cost.

Equal for equal terms, whoever does the work; the finished work is told in parts to an observer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from dsl.language.registry import Domain
from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.laws import laws_within
from dsl.simplifier import simplified
from dsl.zoo import ZOO
from evaluators.evaluation import Outcome
from evaluators.files.result_cache import CacheKey, ResultCache, environment
from evaluators.registry import definitions
from evaluators.request import JudgingSetup
from evaluators.seeds import baseline_seeds, final_seeds
from evaluators.suites import TaskChoice
from evaluators.tuning.shared import SharedTuned
from evaluators.workers import Failed, run_all
from search.config import EvaluationConfig, ReductionConfig
from search.errors import CannotReduce, ReductionFailed
from search.ledger.results import FinalResult
from search.pool.jobs import CampaignPool, GridTune
from search.reduction.bars import look_bars
from search.reduction.choices import Choice, MeasuredReduction
from search.reduction.finalist import FinalistReduction, Tested, with_rate
from search.reduction.fresh import FinalEntrant, lead, on_fresh_seeds
from search.reduction.together import reduce_together
from search.reduction.trials import Conditions

SCALE = "adamw"
"""The rule of the zoo that scores 1."""
_TUNING_SEEDS = 4
_DEARER = 3
"""Smaller programs that were refused, at most, in the table."""
_GRID_WORK = 25
"""The evaluations that cost about as much as a tuning."""


@dataclass(frozen=True)
class ReductionSpec:
    """The terms of a reduction: a suite, by name, with its tasks; the seed that all others are
    drawn from; what may be spent, and on how many fresh seeds the table is measured."""

    suite: str
    tasks: tuple[TaskChoice, ...]
    seed: int = 0
    reduction: ReductionConfig = ReductionConfig()
    fresh: int = 16
    evaluation: EvaluationConfig = EvaluationConfig(batch=1, timeout=3600)


class ReductionProgress(NamedTuple):
    """The work at hand, and how much of at most `total` evaluations is behind."""

    doing: str
    done: int
    total: int


def reduced_alone(
    rule: Program,
    terms: ReductionSpec,
    pool: CampaignPool,
    cache: ResultCache,
    observe: Callable[[ReductionProgress], None] = lambda progress: None,
) -> MeasuredReduction:
    """The table of a rule, simplified already.

    **Arguments:** `cache`: where tunings are kept for another time.
    **Raises:** CannotReduce if the rule fails on a task, tuned as it is; ReductionFailed if the
    workers of what everything rests on were lost.
    """
    return _Alone(rule, terms, pool, cache, observe).table()


@dataclass(frozen=True, kw_only=True)
class _TuningKey(CacheKey):
    """Everything that decides a tuning."""

    rule: str
    tasks: tuple[tuple[str, int], ...]
    seeds: tuple[int, ...]
    primitives: tuple[str, ...]
    lanes: int
    definitions: tuple[tuple[str, str], ...]


class _Alone:
    def __init__(
        self,
        rule: Program,
        terms: ReductionSpec,
        pool: CampaignPool,
        cache: ResultCache,
        observe: Callable[[ReductionProgress], None],
    ):
        self.rule = rule
        self.terms = terms
        self.pool = pool
        self.cache = cache
        self.primitives = _in_reach((rule, ZOO[SCALE]))
        self._observe = observe
        fresh = -(-terms.fresh // terms.evaluation.seeds)
        budget = terms.reduction.evaluations
        self._parts = (2 * _GRID_WORK, 2 * fresh, budget, (terms.reduction.tests // 2) * fresh)

    def table(self) -> MeasuredReduction:
        scale, own = self._tuned((ZOO[SCALE], self.rule))
        setup = self._setup(scale)
        first = [
            FinalEntrant(None, scale.program, scale.rates),
            FinalEntrant(0, own.program, own.rates),
        ]
        tell = self._teller(1, "measuring the rule on fresh seeds")
        base, whole = self._on_fresh_seeds(first, setup, tell)
        self._check(base, whole)
        reduction = self._reduction(own, whole)
        tell = self._teller(2, "taking away what does not matter")
        timeout = self.terms.evaluation.timeout
        (found,) = reduce_together([reduction], setup, self.pool, timeout, tell)
        tasks, rates = len(self.terms.tasks), reduction.trials.rates_of
        others = _of_interest(reduction.tested, own.program)
        entrants = [
            FinalEntrant(at, with_rate(each.program, rates(each.program)), rates(each.program))
            for at, each in enumerate(others)
        ]
        tell = self._teller(3, "measuring what is left on fresh seeds")
        finals = self._on_fresh_seeds(entrants, setup, tell)
        choices = [Choice(own.program, (), True, whole.scores(tasks))]
        for each, entrant, final in zip(others, entrants, finals, strict=True):
            if final.complete:
                ahead = lead(final, whole, tasks)
                scores = final.scores(tasks)
                choices.append(Choice(entrant.program, each.edits, each.accepted, scores, ahead))
        return MeasuredReduction(
            tuple(choices), base.scores(tasks), found.evaluations, found.training
        )

    def _tuned(self, rules: Sequence[Program]) -> list[SharedTuned]:
        """The rules tuned, those of an earlier time from the cache."""
        seeds = baseline_seeds(self.terms.seed, _TUNING_SEEDS)
        here, shape = environment(), self.terms.evaluation.shape
        mine = tuple(definitions(task.name for task in self.terms.tasks).items())
        keys = [
            _TuningKey(
                environment=here,
                rule=f"{canonical_hash(rule)} {rule}",
                tasks=tuple((task.name, task.steps) for task in self.terms.tasks),
                seeds=seeds,
                primitives=self.primitives,
                lanes=shape.lanes,
                definitions=mine,
            )
            for rule in rules
        ]
        kept = [self.cache.get(key, SharedTuned.from_json) for key in keys]
        missing = [at for at, each in enumerate(kept) if each is None]
        jobs = [
            GridTune(rules[at], self.terms.tasks, seeds, self.primitives, shape) for at in missing
        ]
        names = " and ".join(rules[at].name for at in missing)
        tell = self._teller(0, f"tuning {names}" if names else "tunings are there from before")
        timeout = 10 * self.terms.evaluation.timeout
        answers = run_all(self.pool, jobs, timeout, lambda done: tell(_GRID_WORK * done))
        for at, answer in zip(missing, answers, strict=True):
            if isinstance(answer, Failed):
                raise ReductionFailed(f"{rules[at].name} could not be tuned: {answer.note}")
            kept[at] = answer.value
            self.cache.put(keys[at], answer.value.to_json())
        return [each for each in kept if each is not None]

    def _setup(self, scale: SharedTuned) -> JudgingSetup:
        evaluation = self.terms.evaluation
        shape = evaluation.shape
        return JudgingSetup(
            tasks=self.terms.tasks,
            baseline=scale.program,
            primitives=self.primitives,
            factors=tuple(evaluation.rates),
            rates=scale.rates,
            width=shape.seeds,
            batch=shape.programs,
        )

    def _on_fresh_seeds(
        self, entrants: Sequence[FinalEntrant], setup: JudgingSetup, tell: Callable[[int], None]
    ) -> list[FinalResult]:
        seeds = final_seeds(self.terms.seed, self.terms.fresh)
        evaluation = self.terms.evaluation
        return on_fresh_seeds(
            entrants, seeds, evaluation, setup, self.pool, lambda done, total: tell(done)
        )

    def _check(self, base: FinalResult, whole: FinalResult) -> None:
        """Raise unless scale and rule were trained to the end."""
        if not base.complete or not whole.complete:
            raise ReductionFailed("the rule could not be measured: its workers were lost")
        for each in whole.measured:
            if each.outcome is not Outcome.OK:
                where = next((m.task for m in each.measurements if m.outcome is each.outcome), "")
                raise CannotReduce(
                    f"'{self.rule.name}' fails{f' on {where}' if where else ''}, so there is "
                    f"nothing to compare with: {each.outcome.sentence}",
                    help="leave the task out with --tasks" if where else None,
                )

    def _reduction(self, own: SharedTuned, whole: FinalResult) -> FinalistReduction:
        evaluation = self.terms.evaluation
        return FinalistReduction(
            candidate=0,
            original=own.program,
            rates=own.rates,
            bars=look_bars(whole),
            conditions=Conditions(
                seed=self.terms.seed,
                width=evaluation.seeds,
                factors=evaluation.rates,
                tasks=len(self.terms.tasks),
                config=self.terms.reduction,
            ),
            parts_first=True,
        )

    def _teller(self, part: int, doing: str) -> Callable[[int], None]:
        """Tells the observer how much is done, of a part and of all."""
        before, total = sum(self._parts[:part]), sum(self._parts)
        self._observe(ReductionProgress(doing, before, total))
        room = self._parts[part]
        return lambda done: self._observe(ReductionProgress(doing, before + min(done, room), total))


def _in_reach(rules: Sequence[Program]) -> tuple[str, ...]:
    """The primitives of rules and of all that laws can make of them, so that the machines carry
    what is left of a rule too."""
    found = {each.op for rule in rules for each in rule.statements}
    laws = [law for each in laws_within(Domain.FINITE).values() for law in each]
    new = found
    while new:
        new = {
            each.op for left, right in laws if left.primitives <= found for each in right.statements
        } - found
        found |= new
    return tuple(sorted(found))


def _of_interest(tested: Sequence[Tested], rule: Program) -> list[Tested]:
    """The accepted programs in their order, then the refused ones that are smaller still: of each
    size the one that lost least, the largest first. Laws of real arithmetic are used once more."""
    simple = [
        each._replace(program=simplified(each.program, Domain.FINITE).program) for each in tested
    ]
    accepted = [each for each in simple if each.accepted]
    least = min(map(_size, (rule, *(each.program for each in accepted))))
    refused: dict[int, Tested] = {}
    for each in simple:
        if not each.accepted and each.losses and _size(each.program) < least:
            best = refused.get(_size(each.program))
            if best is None or fmean(each.losses) < fmean(best.losses):
                refused[_size(each.program)] = each
    smaller = [refused[size] for size in sorted(refused, reverse=True)]
    return [*accepted, *smaller[:_DEARER]]


def _size(program: Program) -> int:
    return len(program.statements) + len(program.slots)
