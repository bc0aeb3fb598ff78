"""Fronts against their definition, and the finalists and the pick that follow from them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.program.parse import parse
from dsl.rewrite.demands import GRADIENT, Demands, demands
from dsl.zoo import ENTRIES, ZOO
from search.campaign.finals import chosen
from search.objectives import hypervolume, on_front, point, ranks
from tests.support.fakes import config

POINTS = st.lists(st.tuples(*[st.integers(0, 4).map(float)] * 3), min_size=1, max_size=12)


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(POINTS)
def test_a_front_is_what_no_other_dominates(points):
    assert on_front(points) == [not any(dominates(b, a) for b in points) for a in points]


@given(POINTS)
def test_ranks_peel_fronts_one_after_the_other(points):
    left, rank, found = dict(enumerate(points)), 0, {}
    while left:
        front = [i for i, a in left.items() if not any(dominates(b, a) for b in left.values())]
        found.update(dict.fromkeys(front, rank))
        left = {i: a for i, a in left.items() if i not in front}
        rank += 1
    assert ranks(points) == [found[i] for i in range(len(points))]


def test_the_volume_of_a_front():
    assert hypervolume([(1.0, 2.0), (2.0, 1.0)], (3.0, 3.0)) == pytest.approx(3.0)
    assert hypervolume([], (3.0, 3.0)) == 0


@pytest.mark.parametrize("name", ["adamw", "lion", "sgd", "adan", "sam"])
def test_demands_count_what_is_live(name):
    rule = ZOO[name]
    asked = demands(rule)
    assert asked.memory == ENTRIES[name].memory
    assert asked.size == len(rule.statements)
    assert asked.cost >= GRADIENT if name == "sam" else asked.cost <= asked.size
    dead = parse(
        "def rule(w, g, m=zeros, *, lr=1e-3):\n    m = interp(g, m, 0.9)\n    return lr * sign(g)"
    )
    assert demands(dead) == Demands(memory=0, cost=2, size=2)


FAMILIES = [
    (1, 1.3, Demands(3, 12, 14)),
    (2, 1.2, Demands(2, 8, 9)),
    (3, 1.1, Demands(2, 8, 9)),
    (4, 1.0, Demands(1, 3, 4)),
    (5, 0.9, Demands(1, 3, 4)),
]


def test_finalists_are_the_best_by_score_and_with_several_objectives_front_by_front():
    few = {"finalists": 3}
    assert chosen(config(final=few), FAMILIES) == [1, 2, 3]
    several = config(final=few, objectives=["quality", "memory"])
    assert chosen(several, FAMILIES) == [1, 2, 4]
    assert chosen(config(final={**few, "pick": {"memory": 1}}), FAMILIES) == [4, 5, 1]


def test_a_point_is_smaller_for_the_better():
    asked = Demands(2, 8, 9)
    assert point(["quality", "memory", "size"], 1.2, asked) == (-1.2, 2, 9)
    assert not math.isnan(sum(point(["cost"], 1.2, asked)))
