from dataclasses import replace

import pytest
from rich.console import Console

from dsl import parse
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.score import LUCK
from search.report.hall_of_fame import Claim, Entry, HallOfFame, seed_scores
from stepsmith.console import duration, hall_table

SGD = parse("def c7(w, g, *, lr=0.1):\n    return lr * g")


def entry(scores, digest="aa", size=3):
    return Entry(7, digest * 8, SGD, size, tuple(scores), 1.0)


def hall(winner, baseline=(1.0, 1.0, 1.0)):
    return HallOfFame((entry(winner),), entry(baseline, "bb"), "adamw")


@pytest.mark.parametrize(
    ("scores", "claim"),
    [
        ((1.10, 1.11, 1.12), Claim.CLEAR),
        ((0.90, 1.11, 1.12), Claim.NOISE),
        ((0.90, 0.91, 0.92), Claim.NONE),
    ],
)
def test_the_claim_is_as_strong_as_the_seeds_allow(scores, claim):
    assert hall(scores).claim is claim


def test_a_claim_is_corrected_for_the_finalists_that_were_looked_at():
    scores = (1.10, 1.14, 1.09, 1.02, 1.05)
    one = HallOfFame((entry(scores),), entry((1.0, 1.0, 1.0, 1.01, 1.0), "bb"), "adamw")
    assert one.claim is Claim.CLEAR
    assert replace(one, entries=one.entries * 12).claim is Claim.NOISE


def test_the_baseline_itself_beats_nothing():
    assert HallOfFame((entry((1.1, 1.1), "bb"),), entry((1, 1), "bb"), "adamw").claim is Claim.NONE


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_shows_arrow_score_size_and_program_at_any_width(width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(hall_table(hall((1.1, 1.2, 1.3)), width))
    row = next(line for line in console.export_text().splitlines() if line.startswith("->"))
    assert row.split()[:8] == ["->", "1.2000", "+-", "0.1000", "3", "aaaaaaaa", "return", "lr"]
    console.file.close()


def test_durations_read_as_clocks():
    assert [duration(s) for s in (4.6, 125, 3725)] == ["0:05", "2:05", "1:02:05"]


def test_a_task_that_was_not_run_counts_as_failed_for_every_seed():
    ok, bad = Outcome.OK, Outcome.DIVERGED
    failed_on_two = Evaluation(
        bad,
        -0.5,
        (
            Measurement("one", 1, ok, 0.1, 1.2),
            Measurement("one", 2, ok, 0.1, 1.2),
            Measurement("two", 1, bad, None, -1.0, 7),
            Measurement("two", 2, ok, 0.2, 1.1),
        ),
    )
    whole = Evaluation(ok, 1.0, tuple(Measurement(task, 3, ok, 0.1, 1.0) for task in "abc"))
    scores = seed_scores([failed_on_two, whole], tasks=3)
    assert scores == pytest.approx(((-1 + LUCK - 1 - 1) / 3, (1.2 + 1.1 - 1) / 3, 1.0))
