"""The exam: its campaigns are campaigns, its figures are those of the ledger, its bars can fail."""

import json
from dataclasses import replace

import pytest

from benchmarks.search_quality import report
from benchmarks.search_quality.facts import Facts, facts_of
from benchmarks.search_quality.page import page
from benchmarks.search_quality.pieces import ABOUT, ARMS, CLANS, DEFAULT, FULL, MASKED, pieces
from benchmarks.search_quality.zoo import FILE, best_of_zoo, zoo_of
from dsl.zoo import ZOO
from search.config import Config
from search.ledger import reading
from search.run import run_campaign
from tests.support.fakes import config, fake_worker

FACTS = Facts(
    winner=1.25,
    program="def w(w, g):\n    return g",
    unseen=1.1,
    candidates=100,
    steps=1_000,
    families=400,
    good_families=320,
    largest_family=0.04,
    refused=0.1,
    screened=0.2,
    cached=0.3,
    met=("lion", "adan", "nadam"),
    starts={"adamw": {"digits": 1.0}},
    best={"digits": 1.2},
)


def test_every_piece_is_a_campaign_and_clans_are_rules_of_the_zoo():
    names = [piece.name for piece in pieces()]
    assert len(set(names)) == len(names) == 5 + 5 * len(ARMS) + 3 * len(MASKED)
    for piece in pieces():
        found = Config.model_validate(piece.config(4_000, scale=0.1))
        assert found.seed == piece.seed
        assert found.budget.steps == (1_000 if piece.equal_steps else None)
        assert found.final.held_out is None
    assert all(set(clan) <= set(ZOO) for clan in CLANS.values())


def test_facts_are_those_of_the_ledger(tmp_path):
    settings = config(start=["adamw", "lion"], strategy={"kind": "recombination"})
    result = run_campaign(settings, tmp_path, make_worker=fake_worker)
    found = facts_of(tmp_path)
    assert found is not None and facts_of(tmp_path / "none") is None
    with reading(tmp_path) as ledger:
        rows = list(ledger.rows())
    ok = [row for row in rows if row.candidate.source is None and row.verdict.outcome == "ok"]
    assert found.winner == result.hall.winner.mean and found.candidates == len(rows) == 60
    assert found.families == len({row.candidate.keys.family for row in ok})
    assert found.cached == sum(row.candidate.source is not None for row in rows) / 60
    assert set(found.starts) == {"adamw", "lion"}
    assert json.loads(json.dumps(found.to_json()))["winner"] == found.winner


@pytest.fixture
def whole(tmp_path):
    """All campaigns done, the zoo behind by 0.1."""
    by_name = {}
    for piece in pieces():
        lower = 0.1 if piece.arm not in (FULL, DEFAULT) else 0.0
        by_name[piece.name] = replace(FACTS, winner=FACTS.winner - lower)
        if piece.arm == FULL:
            (tmp_path / piece.name).mkdir()
            rows = [{"rule": "adamw", "score": 1.15, "unseen": 1.05}]
            (tmp_path / piece.name / FILE).write_text(json.dumps(rows))
    return by_name, tmp_path


def holds(by_name, folder):
    return [bar.holds for bar in report.of(by_name, folder).bars]


def test_bars_hold_and_fail(whole):
    by_name, folder = whole
    assert zoo_of(folder / f"{FULL}-0") == (1.15, 1.05)
    found = report.of(by_name, folder)
    assert [bar.holds for bar in found.bars] == [True] * 7
    assert found.bars[-1].met == "lion 3 of 3, adan 3 of 3, nesterov 3 of 3, optimistic 0 of 3"
    forgotten = {n: replace(f, met=()) for n, f in by_name.items()}
    assert holds(forgotten, folder)[-1] is False
    worse = {
        "winner": {"winner": 1.0},
        "families": {"good_families": 10},
        "largest": {"largest_family": 0.5},
        "unseen": {"unseen": 0.9},
    }
    for changes in worse.values():
        lower = {n: replace(f, **changes) if n.startswith(FULL) else f for n, f in by_name.items()}
        assert False in holds(lower, folder)[:6]
    behind = {n: replace(f, winner=1.2) if n == f"{DEFAULT}-3" else f for n, f in by_name.items()}
    assert holds(behind, folder)[2] is False
    assert holds({**by_name, "best_of_n-0": replace(FACTS, winner=9.0)}, folder)[3] is True


def test_what_is_missing_leaves_a_bar_open(whole):
    by_name, folder = whole
    del by_name[f"{FULL}-4"]
    found = report.of(by_name, folder)
    assert found.bars[0].holds is None and found.missing == [f"{FULL}-4"]
    assert "to do: default_full-4" in str(found) and "open" in str(found)


def test_the_page_shows_arms_bars_winners_and_clans(whole):
    by_name, folder = whole
    assert {FULL, *ARMS} == set(ABOUT)
    text = page(report.of(by_name, folder), by_name, folder)
    assert "| best_of_n | 5 | 1.1500 |" in text
    assert text.count("| holds |") == 7 and "Not yet run" not in text
    assert "| 3 | 1.250 | 1.150 | 1.100 | 1.050 | 0 | 100 |" in text
    assert "| nesterov | 2 | nadam | 1.150 |" in text and "| optimistic | 0 | none |" in text
    del by_name[f"{FULL}-4"]
    text = page(report.of(by_name, folder), by_name, folder)
    assert "## Not yet run\n\ndefault_full-4" in text and "| open |" in text


def test_the_best_starts_are_measured_as_finalists_were(tmp_path, monkeypatch):
    settings = config(start=["adamw", "lion", "sgd"], strategy={"kind": "recombination"})
    run_campaign(settings, tmp_path, make_worker=fake_worker)
    monkeypatch.setattr("benchmarks.search_quality.zoo.CampaignWorker", fake_worker)
    best_of_zoo(settings, tmp_path)
    rows = json.loads((tmp_path / FILE).read_text())
    assert {row["rule"] for row in rows} == {"adamw", "lion", "sgd"}
    assert zoo_of(tmp_path) == (max(row["score"] for row in rows), None)
