"""Stored data come back equal: rows by their columns, results through plain data."""

import json
import sqlite3

import numpy as np
import pytest

from dsl import parse
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.statistics import evidence
from search.campaign.finals import evidence_by_candidate
from search.candidates.verdict import Candidate, DuplicateKey, Keys, Verdict
from search.ledger import FILE, Ledger, Row
from search.ledger.columns import COLUMNS, as_json, row_of
from search.ledger.reduction import Reduction, ReductionStep
from search.ledger.results import FinalResult, StageEntrant, StageResult, TunedBaseline, Winner
from search.mutation import Mutation
from search.run import run_campaign
from tests.support.fakes import config, fake_worker

SGD = parse("def sgd(w, g, *, lr=0.1):\n    return lr * g")
RUN = Measurement("digits", 3, Outcome.OK, 0.25, 1.5, None, 0.1, 0.75)
JUDGED = Evaluation(Outcome.OK, 1.5, (RUN,), (10, 20))
KEYS = Keys("a", "b", "c", "d")
FOUND = Candidate(4, str(SGD), 1, Mutation("insert", "%1"), KEYS, DuplicateKey.CANONICAL, 2)
LEAD = evidence(np.array([[0.1, 0.2, 0.1]]), looked_at=3)

ROWS = {
    "judged": Row(
        Candidate(0, str(SGD), None, Mutation("start", "sgd"), KEYS),
        Verdict("ok", 1.5, JUDGED),
        0.5,
    ),
    "a duplicate": Row(FOUND, Verdict("ok", 1.5, note="as candidate 2"), 0.0),
    "lost": Row(
        Candidate(3, str(SGD), 0, Mutation("delete", ""), KEYS),
        Verdict("worker_died", None, note="gone"),
        0.0,
    ),
}
RESULTS = {
    "baseline": TunedBaseline(SGD, SGD, {"digits": 0.1}, [({"lr": 0.1}, {"digits": 0.1}, 1.25)]),
    "final": FinalResult(None, (JUDGED, JUDGED)),
    "incomplete final": FinalResult(7, (JUDGED, None)),
    "entrant": StageEntrant(7, SGD, {"digits": 0.1}, JUDGED),
    "entrant that was not judged": StageEntrant(7, SGD, {}, None),
    "entrant that was not tuned": StageEntrant(7, SGD, None, None),
    "winner": Winner(7, True),
    "reduction": Reduction(
        candidate=7,
        program=SGD,
        rates={"digits": 0.1},
        steps=(ReductionStep(("m is 0",), str(SGD), LEAD),),
        evaluations=3,
        training=(10, 20),
        final=FinalResult(7, (JUDGED,)),
        difference=LEAD,
        evidence=LEAD,
    ),
    "reduction of nothing": Reduction(7, SGD, {}, (), 0, (0, 0)),
    "stage": StageResult("held_out", ("digits",), (StageEntrant(None, SGD, {}, JUDGED),)),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_comes_back_from_its_columns(case):
    row = ROWS[case]
    assert row_of([column.value(row) for column in COLUMNS]) == row


@pytest.mark.parametrize("case", RESULTS)
def test_a_result_comes_back_from_its_plain_data(case):
    result = RESULTS[case]
    text = as_json(result.to_json())
    again = type(result).from_json(json.loads(text))
    assert again == result and as_json(again.to_json()) == text


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run_campaign(config(), folder, make_worker=fake_worker)
    return folder / FILE


def test_the_table_has_the_columns_that_are_listed(finished):
    db = sqlite3.connect(finished)
    names = [
        name
        for table in ("candidates", "evaluations")
        for _, name, *_ in db.execute(f"PRAGMA table_info({table})")
    ]
    db.close()
    own = [column.name for column in COLUMNS if not column.apart]
    assert names == [*own, "link", "number", *(each.name for each in COLUMNS if each.apart)]


def test_the_evidence_that_is_stored_follows_from_the_finals(finished):
    ledger = Ledger.read(finished)
    finals, tasks = ledger.finals, len(ledger.tasks)
    assert ledger.evidence == evidence_by_candidate(finals, tasks)
    assert len(ledger.evidence) == len(finals) - 1 > 0
    ledger.close()
