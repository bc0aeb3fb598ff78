import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from dsl import parse
from dsl.zoo import ZOO
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.score import LUCK
from evaluators.statistics import ERROR, evidence, interval, paired_test
from search.campaign.finals import evidence_by_candidate
from search.ledger.results import FinalResult, seed_scores
from search.report.hall_entry import HallEntry
from search.report.hall_of_fame import HallOfFame, WinnerClaim
from search.report.winner import named
from stepsmith.discovering.hall import hall_table
from stepsmith.output import duration

SGD = parse("def c7(w, g, *, lr=0.1):\n    return lr * g")
FOUND = (
    SGD,
    ZOO["adam"].with_hyperparameters(b1=0.8, b2=0.9).renamed("c9"),
    parse("def c11(w, g, m=zeros):\n    m = m / 2 + sign(g)\n    return sqrt(abs(g)) * m"),
)
"""Programs of three families: a known one, a known one with other constants, one of its own."""


def final(candidate, scores):
    """A final whose score on its one task is as given for each seed."""
    runs = tuple(
        Measurement("one", seed, Outcome.OK, 0.1, score) for seed, score in enumerate(scores)
    )
    return FinalResult(candidate, (Evaluation(Outcome.OK, 1.0, runs),))


def hall(winner, baseline=(1.0, 1.0, 1.0), finalists=1, hashes=("aa", "bb")):
    """A hall of one rule that was found so many times over."""
    finals = [final(None, baseline), *(final(number, winner) for number in range(finalists))]
    evidence = evidence_by_candidate(finals, tasks=1)
    entries = [
        HallEntry(number, hashes[0] * 8, SGD, tuple(winner), evidence[number])
        for number in range(finalists)
    ]
    return HallOfFame(tuple(entries), HallEntry(None, hashes[1] * 8, SGD, tuple(baseline)), "adamw")


@pytest.mark.parametrize(
    ("scores", "claim"),
    [
        ((1.10, 1.11, 1.12), WinnerClaim.CLEAR),
        ((0.90, 1.11, 1.12), WinnerClaim.NOISE),
        ((0.90, 0.91, 0.92), WinnerClaim.NONE),
    ],
)
def test_the_claim_is_as_strong_as_the_seeds_allow(scores, claim):
    assert hall(scores).claim is claim


def test_a_claim_is_corrected_for_the_finalists_that_were_looked_at():
    scores, baseline = (1.10, 1.14, 1.09, 1.02, 1.05), (1.0, 1.0, 1.0, 1.01, 1.0)
    one, many = (hall(scores, baseline, finalists) for finalists in (1, 12))
    assert one.claim is WinnerClaim.CLEAR and many.claim is WinnerClaim.NOISE
    assert many.p_value == min(12 * one.p_value, 1)
    assert one.sentence == (
        "The winner scores 7.8 points of 100 ahead of tuned adamw on fresh seeds "
        "([1.6, 14.0] at 95% over 5 seeds, corrected for 1 finalist)."
    )
    assert "but not beyond chance (" in many.sentence and "for 12 finalists" in many.sentence


def test_the_claim_is_that_of_a_comparison_on_one_task():
    scores, baseline = (1.10, 1.14, 1.09, 1.02, 1.05), (1.0, 1.0, 1.0, 1.01, 1.0)
    differences = np.subtract(scores, baseline)[None]
    found = hall(scores, baseline, finalists=3).winner.evidence
    assert found.difference == pytest.approx(interval(differences, 1 - ERROR / 3))
    assert found.p_value == paired_test(differences)


def test_the_baseline_itself_beats_nothing():
    assert hall((1.1, 1.1), (1, 1), hashes=("bb", "bb")).claim is WinnerClaim.NONE


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_shows_arrow_score_size_and_program_at_any_width(width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(hall_table(hall((1.1, 1.2, 1.3)), width))
    row = next(line for line in console.export_text().splitlines() if line.startswith("->"))
    assert row.split()[:7] == ["->", "1.2000", "+-", "0.1000", "1", "aaaaaaaa", "sgd"]
    assert "return" in row
    console.file.close()


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_reads_well(width, snapshot):
    entries = [replace(hall((1.1, 1.2, 1.3)).winner, program=program) for program in FOUND]
    found = replace(hall((1.1, 1.2, 1.3)), entries=tuple(entries))
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(hall_table(found, width))
    assert console.export_text() == snapshot


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_shows_size_against_score_of_what_is_left(width, snapshot):
    first = replace(hall((1.1, 1.2, 1.3)).winner, program=FOUND[2])
    lost = evidence(np.array([[-0.002, 0.004, -0.001]]))
    left = replace(first, program=SGD, scores=(1.1, 1.2, 1.2), reduced_from=FOUND[2], lost=lost)
    found = replace(hall((1.1, 1.2, 1.3)), entries=(left, first))
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(hall_table(found, width))
    assert console.export_text() == snapshot
    doc = named("mine", (), found, "0").doc
    told = "Reduced from 6 statements and 1 slot to 1 statement and 0 slots with no harm seen:"
    assert told in doc.replace("\n", " ")


def test_a_front_is_shown_with_what_its_rules_ask_for(snapshot):
    alone = hall((1.1, 1.2, 1.3))
    scores = ((0.7, 0.8), (1.2, 1.3), (1.2, 1.2))
    entries = tuple(
        replace(alone.winner, program=program, scores=own, pareto=place < 2)
        for place, (program, own) in enumerate(zip(FOUND, scores, strict=True))
    )
    baseline = replace(alone.baseline, program=ZOO["adam"], scores=(1.0, 1.0))
    axes = ("quality", "memory", "cost")
    found = replace(alone, entries=entries, baseline=baseline, objectives=axes)
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(hall_table(found, 140))
    assert console.export_text() == snapshot
    told = "It asks for 0 numbers of state and 1 operations per parameter."
    assert told in named("mine", (), found, "0").doc


def test_a_front_is_worth_what_it_dominates_in_units_of_the_baseline():
    alone = hall((1.0, 1.0, 1.0))
    found = replace(alone, objectives=("quality", "memory"))
    assert found.hypervolume == pytest.approx(1.0)
    better = replace(found.winner, scores=(1.5, 1.5))
    assert replace(found, entries=(better,)).hypervolume == pytest.approx(1.5)
    asks = replace(better, program=ZOO["adam"])
    assert replace(found, entries=(asks,)).hypervolume == 0.0
    both = replace(found, entries=(found.winner, better, asks))
    assert both.hypervolume == pytest.approx(1.5)


def test_rounding_alone_is_called_that():
    program = replace(SGD, hyperparameters={"lr": 0.123})
    lost = evidence(np.array([[0.0, 0.001]]))
    entry = replace(hall((1.1, 1.2, 1.1)).winner, reduced_from=program, lost=lost)
    assert entry.reduction.startswith("numbers rounded with no harm seen: +0.001 [")


def test_a_finalist_is_known_by_the_nearest_rule_and_the_winner_says_so():
    names = [replace(hall((1.1, 1.2, 1.3)).winner, program=program).known_as for program in FOUND]
    assert names[:2] == ["sgd with other constants", "adam with other constants"]
    assert names[2].startswith("nearest ") and names[2].split(", ")[0].split()[1] in ZOO
    found = hall((1.1, 1.2, 1.3))
    doc = named("mine", (), replace(found, entries=(replace(found.winner, program=FOUND[1]),)), "0")
    assert "In terms of known rules: adam with other constants." in doc.doc.splitlines()


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
