"""Rows and verdicts of a comparison made by hand, and its way through JSON."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from evaluators.comparison.claim import Word
from evaluators.comparison.ranking import (
    best_baseline,
    costs,
    profiles,
    ranked,
    standings,
    verdicts,
)
from evaluators.comparison.results import Runs, TaskSetup
from evaluators.registry import get
from evaluators.score import WORST
from tests.support.comparisons import FAILS, FAST, SLOW, by_hand


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in standings(by_hand())}


def test_the_scale_scores_one_and_a_failed_run_the_worst(rows):
    assert rows["adamw"].score == (1, 1, 1)
    assert rows["mine"].score == (1.5, 1.5, 1.5)
    low, mean, high = rows["lion"].score
    assert mean == pytest.approx((5 + WORST) / 6) and low < mean < high


def test_the_best_score_comes_first_and_equal_ones_share_a_rank(rows):
    assert {name: row.rank for name, row in rows.items()} == {"mine": 1, "adamw": 2, "lion": 3}
    again = by_hand()
    again = replace(again, runs=(*again.runs[:2], again.runs[1]))
    assert [row.rank for row in standings(again)] == [1, 2, 2]


def test_steps_and_wall_time_to_the_scale_are_multiples_of_its_own(rows):
    assert (rows["adamw"].steps, rows["adamw"].wall) == (1, 1)
    assert rows["mine"].steps == pytest.approx(0.5)
    assert rows["mine"].wall == pytest.approx(1.0), "half the steps, each twice as long"
    assert rows["lion"].steps == pytest.approx(4 ** (1 / 6)), "one run of six counts as 4"
    assert rows["lion"].wall is None, "a rule that fails has no time"
    assert (rows["mine"].reached, rows["lion"].reached) == (1, 5 / 6)


def test_tasks_are_won_and_lost_by_speed(rows):
    assert rows["mine"].won == {"adamw": (3, 0), "lion": (3, 0)}
    assert rows["adamw"].won == {"lion": (1, 0)}, "two of the tasks are tied"
    assert rows["lion"].won == {"adamw": (0, 1)}


def test_what_was_odd_is_told(rows):
    assert (rows["lion"].failed, rows["lion"].edges) == (1, ("third",))
    assert (rows["adamw"].failed, rows["adamw"].edges) == (0, ())
    assert rows["mine"].window is None, "it has no rate"
    assert rows["adamw"].window == pytest.approx(0.2), (
        "0.1 of a score that falls by 1 in a decade, both ways"
    )


def test_doubts_are_warnings_and_forbid_a_verdict_against_such_a_baseline():
    plain = by_hand()
    at_the_edge = "lion has the best of its grid at the farthest end on third"
    assert ranked(plain).warnings == (f"WARNING: {at_the_edge}.",)
    assert verdicts(plain)[0].claim.word is not Word.NO_CLAIM, "on one task of three"
    idle = Runs(SLOW.tuned, SLOW.losses, ((-0.1, 0.0), (-0.2, -0.1)))
    (found,) = verdicts(replace(plain, runs=(plain.runs[0], (idle, idle, SLOW), (idle,) * 3)))
    assert found.claim.word is Word.NO_CLAIM
    assert found.sentence.startswith(
        "mine: no claim against tuned adamw, since adamw learns nothing"
    )
    edge = replace(SLOW, tuned=FAILS.tuned)
    (found,) = verdicts(replace(plain, runs=(plain.runs[0], (edge, edge, SLOW), plain.runs[2])))
    assert "farthest end on first, second" in found.sentence
    capped = replace(FAST, gains=((9.0, 9.0), (9.0, 9.0)))
    told = ranked(replace(plain, runs=((capped, FAST, FAST), *plain.runs[1:])))
    assert "WARNING: mine has its score at the cap of 2 on first." in repr(told)
    assert told.to_json()["warnings"] == list(told.warnings)


def test_profiles_are_of_steps_to_the_final_loss_of_adamw():
    found = costs(by_hand())
    assert found[1].tolist() == [1.0] * 6
    assert found[0].tolist() == [0.5] * 6
    assert sorted(found[2].tolist()) == [1.0] * 5 + [math.inf]
    assert profiles(by_hand(), np.array([1.0, 2.0])).tolist() == [[1, 1], [0, 1], [0, 5 / 6]]


def test_a_candidate_is_held_against_the_best_baseline():
    assert by_hand().entrants[best_baseline(by_hand())].name == "adamw"
    (verdict,) = verdicts(by_hand())
    assert (verdict.name, verdict.against, verdict.claim.word) == ("mine", "adamw", Word.BEATS)
    assert verdict.claim.by_task == pytest.approx((2, 2, 2))
    assert verdict.p_value == verdict.claim.p_value == pytest.approx(0.25)
    (many,) = verdicts(replace(by_hand(), looked_at=3))
    assert many.p_value == pytest.approx(0.75) and many.claim.confidence > 0.98


def test_everything_survives_json():
    data = json.loads(json.dumps(ranked(by_hand()).to_json(), allow_nan=False))
    assert data["verdicts"][0]["verdict"] == "beats"
    assert [row["name"] for row in data["table"]] == ["mine", "adamw", "lion"]
    mine, adamw, lion = (row["by_task"]["third"] for row in data["table"])
    assert mine == {"score": 1.5, "steps": 20.0, "seconds": pytest.approx(0.04)}
    assert adamw == {"score": 1.0, "steps": 40.0, "seconds": pytest.approx(0.04)}
    assert (lion["steps"], lion["seconds"]) == (None, None), "one run of two does not get there"
    for runs in (SLOW, FAST, FAILS):
        plain = json.loads(json.dumps(runs.to_json(), allow_nan=False))
        assert Runs.from_json(plain).to_json() == runs.to_json()
        assert Runs.from_json(plain).tuned == runs.tuned
    kept = data["rules"][2]["runs"]["third"]
    assert kept["losses"][0] == [4.0, None, None, None] and kept["seconds_per_step"] is None


@pytest.mark.parametrize("steps", [1, 2, 7, 20, 150, 1001])
def test_looks_rise_to_the_horizon_and_hold_those_of_the_score(steps):
    setup = TaskSetup.of(get("quadratic"), steps)
    assert list(setup.checkpoints) == sorted(set(setup.checkpoints)) and setup.checkpoints[0] >= 1
    assert setup.checkpoints[-1] == steps == setup.horizons[-1]
    assert set(setup.horizons) <= set(setup.checkpoints) and len(setup.checkpoints) <= 21
