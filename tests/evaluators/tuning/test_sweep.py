"""The rate of a sweep is the best of those it tries, and it goes on beyond the ends of its grid."""

import math

import pytest

from dsl import parse
from evaluators.suites import TaskChoice
from evaluators.training.batches import BatchShape
from evaluators.training.trainers import trainers_for
from evaluators.tuning.coordinates import gain
from evaluators.tuning.sweep import sweep

TASKS = (TaskChoice("quadratic", 60),)
SEEDS, SHAPE = (3, 4), BatchShape(seeds=2, rates=3, programs=1)
CARRIED = ("mul", "sign", "sub")


def descent(rate):
    return parse(f"def descent(w, g, *, lr={rate!r}):\n    return lr * g")


def found(rule):
    return sweep(rule, TASKS, SEEDS, CARRIED, SHAPE)["quadratic"]


def worth(rule, rate):
    trainer = trainers_for(rule, TASKS, CARRIED, SHAPE).by_task["quadratic"]
    (row,) = trainer.run(rule, SEEDS, [rate])
    return sum(gain(trainer, run) for run in row)


def test_the_best_of_half_decades_around_the_default():
    rule = descent(0.01)
    best = found(rule)
    assert math.log10(best / 0.01) * 2 == pytest.approx(round(math.log10(best / 0.01) * 2))
    beside = [worth(rule, best * math.sqrt(10) ** step) for step in (-2, -1, 1, 2)]
    assert worth(rule, best) > max(beside)


@pytest.mark.parametrize("default", [1e-5, 1e3])
def test_a_default_that_is_far_off_is_no_obstacle(default):
    near = found(descent(0.01))
    assert abs(math.log10(found(descent(default)) / near)) < 0.6


def test_a_rule_without_a_rate_has_none_and_one_that_fails_everywhere_its_default():
    assert sweep(parse("def r(w, g):\n    return 0.1 * g"), TASKS, SEEDS, CARRIED, SHAPE) == {}
    climbing = parse("def climb(w, g, *, lr=0.01):\n    return lr * (0 - 1e20) * g")
    assert found(climbing) == 0.01
