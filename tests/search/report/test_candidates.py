"""Lists of candidates are what the rows of the ledger say; a program of a run has its history."""

import shutil
import sqlite3
from contextlib import closing
from statistics import fmean

import pytest

from dsl import canonical_hash
from search.candidates.verdict import REMEASURED
from search.errors import NoSuchRun, SearchError
from search.ledger import FILE, Ledger
from search.ledger.listing import ORDERS
from search.report.candidate import FRESH, SEARCH, origin
from search.report.candidates import in_order, top
from search.run import run_campaign
from tests.support.fakes import config, fake_worker

SETTINGS = {
    "start": ["adamw", "lion", "sgd"],
    "tasks": [{"name": "digits", "steps": 20}, {"name": "quadratic", "steps": 20}],
    "budget": {"candidates": 120},
    "final": {"finalists": 3, "seeds": 2, "reduction": {"evaluations": 0}},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run_campaign(config(**SETTINGS), folder, make_worker=fake_worker)
    return folder


@pytest.fixture(scope="module")
def rows(run):
    ledger = Ledger.read(run / FILE)
    yield list(ledger.rows())
    ledger.close()


@pytest.fixture(scope="module")
def programs(rows):
    """By fingerprint the first row of each program and its scores, one for each time."""
    found = {}
    for row in rows:
        if row.candidate.source is None:
            found.setdefault(row.candidate.keys.fingerprint, []).append(row)
    return found


def test_all_candidates_are_there_in_order(run, rows):
    found = list(in_order(run))
    assert [each.number for each in found] == list(range(len(rows)))
    for each, row in zip(found, rows, strict=True):
        assert (each.text, each.score) == (row.candidate.text, row.verdict.score)
        assert each.demands == row.candidate.demands and each.repeats == row.candidate.source
        assert each.to_json()["program"] == each.text and each.program == row.candidate.program


def test_a_ranking_has_the_mean_of_all_times_that_a_program_was_measured(run, rows, programs):
    found = top(run, every=True)
    assert {each.number for each in found} == {
        measured[0].candidate.number for measured in programs.values()
    }
    assert max(each.times for each in found) > 1
    for each in found:
        measured = programs[rows[each.number].candidate.keys.fingerprint]
        assert each.times == len(measured)
        assert each.score == pytest.approx(fmean(row.verdict.score for row in measured))
    assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)


def test_a_family_is_there_by_its_best_or_with_all_of_its_programs(run):
    everything = top(run, every=True)
    best = {}
    for each in everything:
        best.setdefault(each.family, each)
    assert top(run) == list(best.values()) and len(best) < len(everything)
    crowded = max(best, key=lambda family: sum(each.family == family for each in everything))
    own = [each for each in everything if each.family == crowded]
    assert top(run, family=crowded[:9]) == top(run, family=f"c{own[-1].number}") == own
    assert top(run, limit=3) == top(run)[:3]


def test_a_program_that_failed_once_is_in_no_ranking(run, rows, tmp_path):
    shutil.copy(run / FILE, tmp_path / FILE)
    first = next(each for each in top(run, every=True) if each.times > 1)
    again = max(
        row.candidate.number
        for row in rows
        if row.candidate.remeasures == first.number and row.candidate.source is None
    )
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE candidates SET outcome = 'diverged' WHERE number = ?", (again,))
    left = [each.number for each in top(tmp_path, every=True)]
    assert sorted([*left, first.number]) == sorted(e.number for e in top(run, every=True))


def test_a_list_goes_by_what_is_asked(run):
    for order in ("size", "memory", "cost"):
        values = [getattr(each, order) for each in top(run, by=order)]
        assert values == sorted(values)
    numbers = [each.number for each in top(run, by="age")]
    assert numbers == sorted(numbers) and [*ORDERS][0] == "score"


def test_the_score_may_be_that_of_one_task(run, rows, programs):
    for each in top(run, task="quadratic", every=True):
        measured = programs[rows[each.number].candidate.keys.fingerprint]
        scores = [row.verdict.evaluation.by_task()["quadratic"] for row in measured]
        assert each.score == pytest.approx(fmean(scores))


def test_the_front_has_what_no_other_is_better_than(run):
    found, everything = top(run, front=True), top(run)

    def beats(one, other):
        gains = [one.score - other.score] + [
            getattr(other, name) - getattr(one, name) for name in ("memory", "cost", "size")
        ]
        return min(gains) >= 0 < max(gains)

    for each in everything:
        assert (each in found) == (not any(beats(other, each) for other in everything))
    assert len(found) < len(everything) and top(run, front=True, limit=1) == found[:1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"by": "scor"}, "unknown order 'scor'"),
        ({"task": "digit"}, "'digit' is no task of"),
        ({"family": "c999"}, "has no candidate c999; it has 120"),
        ({"family": "zz"}, "is of a family that begins with 'zz'"),
        ({"family": ""}, "is of a family that begins with ''"),
    ],
)
def test_what_there_is_not_is_refused(run, asked, words):
    with pytest.raises(SearchError, match=words):
        top(run, **asked)


def test_a_program_knows_its_scores_by_task_and_seed_its_parent_and_its_start(run, rows):
    best = top(run, limit=3)
    for each in best:
        told = origin(run, each.hash)
        assert told.number == each.number and told.score == pytest.approx(each.score)
        searched = told.runs[SEARCH]
        assert {m.task for m in searched} == {"digits", "quadratic"}
        assert len(searched) == 2 * 2 * each.times
        assert fmean(m.score for m in searched) == pytest.approx(each.score)
        assert len(told.runs[FRESH]) == 2 * 2
        assert told.parent is not None and told.start is not None
        assert told.parent.program == rows[told.parent.number].candidate.program
        assert rows[told.start.number].candidate.parent is None
    with pytest.raises(NoSuchRun):
        origin(run, "zz")


def test_what_repeats_another_has_the_scores_of_that_one(run, rows):
    first = {}
    for row in rows:
        first.setdefault(row.candidate.keys.canonical, row)
    repeats = [row for row in first.values() if row.candidate.source is not None]
    assert repeats
    for row in repeats:
        told = origin(run, canonical_hash(row.candidate.program))
        source = rows[row.candidate.source]
        if source.candidate.mutation.kind != REMEASURED:
            own = source.verdict.evaluation.measurements
            assert told.runs[SEARCH][: len(own)] == own
