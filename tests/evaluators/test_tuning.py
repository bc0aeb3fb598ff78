"""Tuning finds constants on a budget, the same ones every time, and not at an edge."""

import pytest

from dsl.zoo import ZOO
from evaluators.evaluator import TaskChoice
from evaluators.tuning import tune

TASKS = (TaskChoice("quadratic", 40),)
CARRIED = ("add", "mul", "div", "sub", "square", "sqrt", "interp", "power", "sign")


@pytest.fixture(scope="module")
def tuned():
    return tune(ZOO["adamw"], TASKS, (0, 1), 30, CARRIED)


def test_the_budget_is_kept_and_the_best_of_the_trail_is_returned(tuned):
    assert tuned.evaluations == 30
    best, value = max(tuned.trail, key=lambda entry: entry[1])
    assert tuned.value == value
    assert tuned.program.hyperparameters == best


def test_tuning_beats_the_defaults(tuned):
    defaults, value = tuned.trail[0]
    assert defaults == ZOO["adamw"].hyperparameters
    assert tuned.value > value + 0.1


def test_the_best_rate_is_interior(tuned):
    rates = sorted({constants["lr"] for constants, _ in tuned.trail})
    assert rates[0] < tuned.program.hyperparameters["lr"] < rates[-1]


def test_tuning_is_deterministic(tuned):
    assert tune(ZOO["adamw"], TASKS, (0, 1), 12, CARRIED).trail == tuned.trail[:12]
