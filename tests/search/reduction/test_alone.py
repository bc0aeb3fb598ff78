"""A rule that no campaign found is reduced as finalists are, with sizes to choose from."""

from dataclasses import replace
from functools import lru_cache

import pytest

from dsl import parse
from dsl.zoo import ZOO
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.files.result_cache import ResultCache
from evaluators.score import WORST
from evaluators.suites import TaskChoice
from evaluators.tuning.shared import SharedTuned
from evaluators.workers import SerialPool
from search.config import ReductionConfig
from search.errors import CannotReduce, ReductionFailed
from search.pool.worker import CampaignWorker
from search.reduction.alone import ReductionSpec, reduced_alone
from search.reduction.finalist import least_evaluations
from tests.support.fakes import PartsEvaluator, fake_sweep, fake_tune

RULE = parse("""
def mine(w, g, m=zeros, v=zeros, *, lr=1.7e-3, b1=0.9137, wd=0.1):
    m = interp(g, m, b1)
    v = maximum(interp(square(g), v, 0.99), tanh(v))
    u = m / sqrt(v)
    return lr * (u + exp(w) + wd * w)
""")
TERMS = ReductionSpec(
    "small", (TaskChoice("digits", 20),), 0, ReductionConfig(evaluations=300, seeds=8), fresh=8
)


class Judge(PartsEvaluator):
    """A judge that works out the worth of a program once."""

    worth = {"tanh": 0.2, "exp": 0.1}
    value = lru_cache(maxsize=None)(PartsEvaluator.value)


def on_grid(program, tasks, *how):
    """Tuned without training: no decay, one rate."""
    return SharedTuned(program.with_hyperparameters(wd=0.0), {"digits": 2e-3}, 20, ())


def pool(judge=Judge, tuner=on_grid, order=SerialPool):
    return order(CampaignWorker(judge, fake_tune, fake_sweep, tuner))


def reduced(rule=RULE, terms=TERMS, cache=None, observe=lambda progress: None, **how):
    return reduced_alone(rule, terms, pool(**how), ResultCache(cache), observe)


@pytest.fixture(scope="module")
def found():
    return reduced()


def ops(choice):
    return {statement.op for statement in choice.program.statements}


def test_the_table_begins_with_the_rule_as_tuned_and_goes_down_in_size(found):
    rule, *others = found.choices
    assert rule.program == RULE.with_hyperparameters(wd=0.0)
    assert rule.accepted and rule.difference is None and not rule.edits
    accepted = [each for each in found.choices if each.accepted]
    sizes = [each.size for each in accepted]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < sizes[0]
    for each in others:
        assert each.edits and each.difference is not None and len(each.scores) == TERMS.fresh


def test_what_is_worth_something_stays_in_what_is_chosen(found):
    assert {"tanh", "exp"} <= ops(found.chosen) and "sqrt" not in ops(found.chosen)
    assert found.chosen.program.hyperparameters["lr"] == 2e-3
    assert found.chosen.mean > found.choices[0].mean - TERMS.reduction.margin
    assert found.evaluations <= TERMS.reduction.evaluations


def test_smaller_programs_that_a_test_refused_are_there_with_their_price(found):
    dearer = [each for each in found.choices if not each.accepted]
    for each in dearer:
        assert each.size < found.chosen.size
        assert each.difference.difference.estimate < -TERMS.reduction.margin
    assert found.at_most(found.chosen.size - 1) == max(
        dearer, key=lambda each: each.mean, default=None
    )
    assert found.at_most(0) is None
    assert found.at_most(99).mean == max(each.mean for each in found.choices)


def test_the_order_in_which_workers_finish_does_not_matter(found):
    class LastFirst(SerialPool):
        def collect(self):
            self._queue._waiting.rotate(1)
            return super().collect()

    assert reduced(order=LastFirst) == found


def test_another_seed_is_another_table(found):
    assert reduced(terms=replace(TERMS, seed=1)) != found


def test_tunings_are_kept_for_another_time(tmp_path, found):
    asked = []

    def counting(program, *how):
        asked.append(program.name)
        return on_grid(program, *how)

    for _ in range(2):
        assert reduced(cache=tmp_path, tuner=counting) == found
    assert asked == ["adamw", "mine"]


def test_progress_never_goes_back_and_ends_within_the_total():
    seen = []
    reduced(observe=seen.append)
    done = [each.done for each in seen]
    assert done == sorted(done) and done[0] == 0
    assert {each.total for each in seen} == {seen[0].total} and done[-1] <= seen[0].total
    assert len({each.doing for each in seen}) == 4


def test_a_rule_that_fails_is_refused_with_the_task():
    class Fails(Judge):
        def evaluate(self, program, seeds, rates, early):
            if program.name == ZOO["adamw"].name:
                return super().evaluate(program, seeds, rates, early)
            bad = tuple(Measurement("digits", seed, Outcome.DIVERGED) for seed in seeds)
            return Evaluation(Outcome.DIVERGED, WORST, bad)

    with pytest.raises(CannotReduce, match="'mine' fails on digits.*sane range"):
        reduced(judge=Fails)


def test_a_tuning_that_is_lost_says_whose():
    def breaks(program, *how):
        raise MemoryError("no room")

    with pytest.raises(ReductionFailed, match="adamw could not be tuned: .*no room"):
        reduced(tuner=breaks)


def test_the_least_budget_allows_a_look_and_one_less_does_not():
    least = least_evaluations(TERMS.reduction.seeds, TERMS.evaluation.seeds)

    def spent(evaluations):
        config = ReductionConfig(evaluations=evaluations, seeds=TERMS.reduction.seeds)
        return reduced(terms=replace(TERMS, reduction=config)).evaluations

    assert spent(least) > 0 == spent(least - 1)
