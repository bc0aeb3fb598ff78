"""Cells come scale first, task by task, and every one once."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.zoo import ZOO
from evaluators.comparison.load import core_share
from evaluators.comparison.plan import (
    Cell,
    CellEstimate,
    ComparisonPlan,
    Schedule,
    left_seconds,
    points,
    seconds_per_step,
)
from evaluators.registry import get


def walked(schedule, workers, order):
    """Cells in the order in which they begin, with the tasks open at each; `order` says which of
    those under way ends next."""
    under_way, begun, known = [], [], None
    while True:
        while len(under_way) < workers and (cell := schedule.next(known)):
            begun.append(cell)
            under_way.append(cell)
        if not under_way:
            return begun
        ended = under_way.pop(next(order, 0) % len(under_way))
        schedule.finished(ended)
        known = ended.task


PENDING = st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 4)).map(sorted))


@given(PENDING, st.integers(1, 4), st.lists(st.integers(0, 3), max_size=30))
def test_every_unit_is_done_once_and_the_scale_before_the_others(pending, workers, order):
    begun = walked(Schedule(pending, scale=2), workers, iter(order))
    assert sorted(begun) == sorted(Cell(task, rule) for task in pending for rule in pending[task])
    for task, rules in pending.items():
        if 2 in rules:
            assert next(cell for cell in begun if cell.task == task).rule == 2


@given(PENDING)
def test_one_worker_ends_a_task_before_the_next(pending):
    begun = [cell.task for cell in walked(Schedule(pending, scale=0), 1, iter(()))]
    assert begun == sorted(begun, key=[task for task, rules in pending.items() if rules].index)


def test_two_workers_stay_on_tasks_of_their_own_and_share_the_last():
    schedule = Schedule({0: [0, 1, 2], 1: [0, 1, 2, 3]}, scale=0)
    assert (schedule.next(), schedule.next()) == (Cell(0, 0), Cell(1, 0))
    assert schedule.next() is None, "all else waits for a scale"
    schedule.finished(Cell(0, 0))
    schedule.finished(Cell(1, 0))
    assert (schedule.next(known=1), schedule.next(known=0)) == (Cell(1, 1), Cell(0, 1))
    assert schedule.next(known=0) == Cell(0, 2)
    assert schedule.next(known=0) == Cell(1, 2), "helps on the other task"


PLAN = ComparisonPlan(
    ("short", "long"),
    ("adamw", "mine"),
    (
        CellEstimate(0, 0, True, 0, 0.0),
        CellEstimate(0, 1, False, 10, 4.0),
        CellEstimate(1, 0, False, 20, 6.0),
        CellEstimate(1, 1, False, 30, 30.0),
    ),
)


def test_a_plan_counts_what_is_left():
    assert [estimate.runs for estimate in PLAN.left] == [10, 20, 30]
    assert PLAN.seconds == 40
    assert list(PLAN.seconds_by_task().items()) == [("long", 36.0), ("short", 4.0)]


def test_what_is_left_is_judged_by_what_was_done():
    assert left_seconds(PLAN, []) == 40
    assert left_seconds(PLAN, [(PLAN.cells[1], 8.0)]) == 72, "twice as slow as expected"
    assert left_seconds(PLAN, [(PLAN.cells[1], 8.0)], workers=2) == 36
    assert left_seconds(PLAN, [(estimate, 1.0) for estimate in PLAN.left]) == 0


def test_a_busy_machine_takes_longer_from_the_start():
    busy = replace(PLAN, share=0.25)
    assert busy.seconds == 4 * PLAN.seconds and left_seconds(busy, []) == 160
    assert sum(busy.seconds_by_task().values()) == busy.seconds
    assert left_seconds(busy, [(PLAN.cells[1], 8.0)]) == 72, "what was measured counts for more"
    assert busy.time_limit == PLAN.time_limit


@pytest.mark.parametrize(("ran", "share"), [(1.0, 1.0), (0.5, 0.5), (0.0, 0.05), (2.0, 1.0)])
def test_the_share_of_a_core_is_cpu_time_by_time(monkeypatch, ran, share):
    now = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    passed = iter([0.0, ran * 3])
    monkeypatch.setattr("time.process_time", lambda: next(passed))
    assert core_share(3) == share


def test_estimates_follow_the_stated_cost():
    small, large = get("quadratic"), get("topics_attention")
    assert seconds_per_step(large, ZOO["sgd"]) > 10 * seconds_per_step(small, ZOO["sgd"])
    assert seconds_per_step(large, ZOO["adahessian"]) > 2 * seconds_per_step(large, ZOO["adamw"])
    assert points(ZOO["adamw"]) == 28 and points(ZOO["signum"]) == pytest.approx(7)
    assert points(ZOO["cocob"]) <= 28
