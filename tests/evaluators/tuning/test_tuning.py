"""Tuning finds constants on a budget, the same ones every time, and not at an edge."""

import math
from statistics import fmean

import pytest

from dsl.zoo import ZOO
from evaluators.suites import TaskChoice
from evaluators.tuning.coordinates import tune

pytestmark = pytest.mark.lightly_compiled

TASKS = (TaskChoice("quadratic", 40), TaskChoice("digits", 30))
CARRIED = ("add", "mul", "div", "sub", "square", "sqrt", "interp", "power", "sign")


@pytest.fixture(scope="module")
def tuned():
    return tune(ZOO["adamw"], TASKS, (0, 1), 30, CARRIED)


def test_the_budget_is_kept_and_the_best_of_the_trail_is_returned(tuned):
    assert tuned.evaluations == 30
    best = max(tuned.trail, key=lambda trial: trial.value)
    assert (tuned.value, tuned.rates) == (best.value, best.rates)
    assert tuned.program.hyperparameters == best.constants


def test_tuning_beats_the_defaults(tuned):
    first = tuned.trail[0]
    assert first.constants == pytest.approx(ZOO["adamw"].hyperparameters)
    assert tuned.value > first.value + 0.1


def test_every_task_has_a_rate_of_its_own_inside_the_sweep(tuned):
    assert set(tuned.rates) == {"quadratic", "digits"}
    for task, rate in tuned.rates.items():
        tried = sorted({trial.rates[task] for trial in tuned.trail})
        assert tried[0] < rate < tried[-1]
    mean = math.exp(fmean(map(math.log, tuned.rates.values())))
    assert tuned.program.hyperparameters["lr"] == pytest.approx(mean)


def test_a_sweep_goes_on_while_the_best_is_at_its_end():
    tiny = ZOO["sgd"].with_hyperparameters(lr=1e-9, wd=0)
    tuned = tune(tiny, TASKS[1:], (0,), 16, CARRIED)
    tried = sorted({trial.rates["digits"] for trial in tuned.trail})
    assert tried[0] == 1e-9 and tuned.rates["digits"] < tried[-1]


def test_an_evaluation_may_try_several_rates():
    wide = tune(ZOO["adamw"], TASKS[:1], (0, 1), 9, CARRIED, (0.5, 1.0, 2.0))
    narrow = tune(ZOO["adamw"], TASKS[:1], (0, 1), 9, CARRIED)
    first, second = wide.trail[0].rates["quadratic"], narrow.trail[0].rates["quadratic"]
    assert first / second in (0.5, 1.0, 2.0)


def test_a_rule_without_a_rate_is_tuned_too():
    import dsl

    rule = dsl.parse("def rule(w, g, m=zeros, *, b=0.9):\n    m = interp(g, m, b)\n    return m")
    tuned = tune(rule, TASKS[1:], (0,), 6, CARRIED)
    assert tuned.rates == {} and tuned.evaluations == 6


def test_tuning_is_deterministic(tuned):
    again = tune(ZOO["adamw"], TASKS, (0, 1), 12, CARRIED)
    assert [trial.constants for trial in again.trail] == [
        trial.constants for trial in tuned.trail[:12]
    ]
