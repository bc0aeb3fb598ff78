"""The exam: its campaigns are campaigns, its figures are those of the ledger, its bars can fail."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.search_quality import planted, report
from benchmarks.search_quality.facts import Facts, facts_of
from benchmarks.search_quality.page import page
from benchmarks.search_quality.pieces import (
    ABOUT,
    ARMS,
    CLANS,
    DEFAULT,
    FULL,
    MASKED,
    Piece,
    pieces,
)
from benchmarks.search_quality.results import RESULTS, Known, Result, store, stored
from benchmarks.search_quality.zoo import best_of_zoo
from dsl.zoo import ZOO
from evaluators import registry
from search.config import Config, check_same
from search.ledger import reading
from search.run import run_campaign
from tests.support.fakes import config, fake_worker

FACTS = Facts(
    winner=1.23,
    top=1.25,
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


ZOO_ROWS = (Known("soap", 1.15, 1.0), Known("adamw", 1.1, 1.05))


def test_every_piece_is_a_campaign_and_clans_are_rules_of_the_zoo():
    names = [piece.name for piece in pieces()]
    masks = len(MASKED) + len(planted.RULES)
    assert len(set(names)) == len(names) == 5 + 5 * len(ARMS) + 3 * masks
    done = set()
    for piece in pieces():
        with planted.planted(piece.hides) if piece.hides else nullcontext():
            found = Config.model_validate(piece.config(4_000, scale=0.1))
        assert found.seed == piece.seed
        assert found.budget.steps == (4_000 if piece.equals else None)
        assert found.final.held_out is None and not found.final.reduction.evaluations
        assert piece.equals in {None, *done}
        done.add(piece.name)
    assert all(set(clan) <= set(ZOO) for clan in CLANS.values())


def test_the_default_is_the_search_at_full_size_with_fewer_candidates_and_cheaper_finals():
    small, large = (
        Config.model_validate(Piece(arm, 3).config(None, scale=1)) for arm in (DEFAULT, FULL)
    )
    assert (small.budget.candidates, large.budget.candidates) == (5_000, 20_000)
    assert small.final.meta_validation is None and large.final.meta_validation is not None
    final = small.final.model_copy(update={"meta_validation": large.final.meta_validation})
    same = small.model_copy(update={"campaign": large.campaign, "final": final})
    check_same(same.comparable(), large, Path("run"))


def test_a_hidden_rule_scores_1_at_any_rate_and_others_less(tmp_path):
    piece = Piece("planted_signum", 0, hides="signum")
    changes = {"start": ["sgd", "signum", "rmsprop"], "mask": []}
    with planted.planted("signum") as problems:
        settings = Config.model_validate({**piece.config(None, scale=0.0007), **changes})
        run_campaign(settings, tmp_path, problems=problems)
    found = facts_of(tmp_path)
    assert found is not None and found.candidates == 3
    assert set(found.starts) == {"sgd", "signum", "rmsprop"}
    assert set(found.starts["signum"].values()) == {1.0} and found.winner == 1.0
    assert all(0 < each < 0.6 for each in found.starts["sgd"].values())
    assert "hidden_steps_1" not in registry.names()


def test_facts_are_those_of_the_ledger(tmp_path):
    settings = config(start=["adamw", "lion"], strategy={"kind": "recombination"})
    result = run_campaign(settings, tmp_path, make_worker=fake_worker)
    found = facts_of(tmp_path)
    assert found is not None and facts_of(tmp_path / "none") is None
    with reading(tmp_path) as ledger:
        rows = list(ledger.rows())
    ok = [row for row in rows if row.candidate.source is None and row.verdict.outcome == "ok"]
    assert found.winner == result.hall.winner.mean and found.candidates == len(rows) == 60
    assert found.top == max(each.mean for each in result.hall.entries)
    assert found.families == len({row.candidate.keys.family for row in ok})
    assert found.cached == sum(row.candidate.source is not None for row in rows) / 60
    assert set(found.starts) == {"adamw", "lion"}
    assert json.loads(json.dumps(found.to_json()))["winner"] == found.winner


@pytest.fixture
def whole():
    """All campaigns done, the controls behind by 0.1."""
    known = {}
    for piece in pieces():
        lower = 0.1 if piece.arm not in (FULL, DEFAULT) else 0.0
        zoo = ZOO_ROWS if piece.arm in (FULL, DEFAULT) else ()
        known[piece.name] = Result(
            replace(FACTS, winner=FACTS.winner - lower, top=FACTS.top - lower), zoo, "abc1234"
        )
    return known


def changed(known, arm, **changes):
    return {
        name: replace(each, facts=replace(each.facts, **changes)) if name.startswith(arm) else each
        for name, each in known.items()
    }


def holds(known):
    return [bar.holds for bar in report.of(known).bars]


def test_bars_hold_and_fail(whole):
    found = report.of(whole)
    assert [bar.holds for bar in found.bars] == [True] * 7
    assert found.bars[-1].met == "lion 3 of 3, adan 3 of 3, nesterov 3 of 3, optimistic 0 of 3"
    assert holds(changed(whole, "", met=()))[-1] is False
    worse = {
        0: {"winner": 1.0},
        1: {"winner": 1.2},
        4: {"unseen": 1.04},
        5: {"good_families": 10},
    }
    for bar, changes in worse.items():
        assert holds(changed(whole, FULL, **changes))[bar] is False
    assert holds(changed(whole, FULL, largest_family=0.5))[5] is False
    assert holds(changed(whole, f"{DEFAULT}-3", top=1.2))[2] is False
    assert holds(changed(whole, "best_of_n-0", top=9.0))[3] is True
    assert holds(changed(whole, "best_of_n", top=9.0))[3] is False


def test_what_is_missing_leaves_a_bar_open(whole):
    del whole[f"{FULL}-4"]
    found = report.of(whole)
    assert found.bars[0].holds is None and found.missing == [f"{FULL}-4"]
    assert "to do: default_full-4" in str(found) and "open" in str(found)


def test_the_page_shows_arms_bars_winners_and_clans(whole):
    assert {FULL, *ARMS} == set(ABOUT)
    text = page(report.of(whole), whole)
    assert "| best_of_n | 5 | 1.1300 | 1.1500 |" in text
    assert text.count("| holds |") == 7 and "Not yet run" not in text
    assert "Not as they would be" not in text
    assert "| 3 | 1.230 | 1.150 | soap | 1.100 | 1.050 | 0 | 100 | abc1234 |" in text
    assert "| rmsprop | 1 | 1.130 | no | 0 |" in text
    assert "| nesterov | 2 | nadam | 1.130 |" in text and "| optimistic | 0 | none |" in text
    del whole[f"{FULL}-4"]
    whole["best_of_n-2"] = replace(whole["best_of_n-2"], unlike="had fewer seeds")
    text = page(report.of(whole), whole)
    assert "run now\n\n- `best_of_n-2`: had fewer seeds\n" in text
    assert "## Not yet run\n\n- `default_full`: 4\n" in text and "| open |" in text


def test_results_are_read_as_they_were_stored(whole, tmp_path):
    whole["best_of_n-2"] = replace(whole["best_of_n-2"], unlike="had fewer seeds")
    for name in ("default-0", "best_of_n-2"):
        store(tmp_path, name, whole[name])
    (tmp_path / "notes.json").write_text("[]")
    assert stored(tmp_path) == {name: whole[name] for name in ("default-0", "best_of_n-2")}
    assert set(stored(RESULTS)) == {path.stem for path in RESULTS.glob("*.json")}


def test_the_best_starts_are_measured_as_finalists_were(tmp_path, monkeypatch):
    settings = config(start=["adamw", "lion", "sgd"], strategy={"kind": "recombination"})
    run_campaign(settings, tmp_path, make_worker=fake_worker)
    monkeypatch.setattr("benchmarks.search_quality.zoo.CampaignWorker", fake_worker)
    found = best_of_zoo(settings, tmp_path)
    assert {each.rule for each in found} == {"adamw", "lion", "sgd"}
    assert list(found) == sorted(found, key=lambda each: -each.score)
    assert all(each.unseen is None for each in found)
