"""One decay for all tasks, a rate for each: what serves them together, and interior."""

import math
from types import SimpleNamespace

import pytest

from dsl import parse
from dsl.zoo import ZOO
from evaluators.tuning import shared
from evaluators.tuning.shared import SharedTuned, tune_shared

BEST = {"near": (-2.0, 1e-2), "far": (-6.0, 1e-1)}
"""By task: the logarithm of the best rate, and the best decay."""


class Task:
    """A trainer whose runs say by their first loss how far they got."""

    def __init__(self, name):
        self.task, self.steps, self.name = SimpleNamespace(name=name), 10, name
        self.asked = []

    def run(self, program, seeds, rates, steps):
        decay = program.hyperparameters.get("wd", 0.0)
        self.asked += [(decay, rate) for rate in rates or ()]
        rate_at, decay_at = BEST[self.name]
        off = 0.0 if not decay_at else 0.1 * abs(math.log10((decay or 1e-4) / decay_at))
        return [
            [math.exp(-abs(math.log10(rate) - rate_at)) - off for _ in seeds]
            for rate in rates or (1e-3,)
        ]


@pytest.fixture
def tasks(monkeypatch):
    found = {name: Task(name) for name in BEST}
    trainers = SimpleNamespace(by_task=found)
    monkeypatch.setattr(shared, "trainers_for", lambda *how: trainers)
    monkeypatch.setattr(shared, "gain", lambda trainer, run: run)
    monkeypatch.setattr(shared, "steps_at_price", lambda program, task, steps: steps)
    return found


def test_every_task_has_its_rate_and_all_have_one_decay(tasks):
    found = tune_shared(ZOO["adamw"], (), (1, 2))
    assert found.rates == pytest.approx({"near": 1e-2, "far": 1e-6})
    assert found.program.hyperparameters["wd"] in (1e-2, 1e-1)
    assert found.edges == ()
    assert found.points == sum(len(each.asked) for each in tasks.values())
    for each in tasks.values():
        assert len(each.asked) == len(set(each.asked)), "no point is paid twice"
    assert SharedTuned.from_json(found.to_json()) == found


def test_decays_go_on_while_the_largest_is_best(tasks, monkeypatch):
    monkeypatch.setitem(BEST, "near", (-2.0, 10.0))
    monkeypatch.setitem(BEST, "far", (-2.0, 10.0))
    assert tune_shared(ZOO["adamw"], (), (1,)).program.hyperparameters["wd"] == 10


def test_a_rule_is_tuned_in_what_it_has(tasks):
    plain = parse("def plain(w, g, *, lr=0.1):\n    return lr * g")
    assert tune_shared(plain, (), (1,)).program == plain
    neither = parse("def free(w, g):\n    return 0.1 * g")
    found = tune_shared(neither, (), (1,))
    assert (found.rates, found.edges, found.points) == ({}, (), 2)
