"""A campaign goes on from its last stored state, and its ledger is what it would have been."""

import json
from dataclasses import replace

import pytest

from dsl import parse
from dsl.zoo import ZOO
from search.campaign import events, loop
from search.candidates.plain import from_text, to_text
from search.ledger import FILE, Ledger
from search.pool.worker import CampaignWorker
from search.report.status import read_status
from search.run import run_campaign
from search.strategies import STRATEGIES, Judged, Options, Proposal, Strategy
from tests.support.everyday import each
from tests.support.fakes import (
    FakeEvaluator,
    config,
    fake_score,
    fake_sweep,
    fake_tune,
    fake_worker,
)

SMALL = {
    "recombination": {"population": 12, "drawn": 4, "family": 6, "settings": 4},
    "regularized_evolution": {"population": 8, "tournament": 3},
    "constants_only": {"population": 8, "tournament": 3},
}


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


def campaign(kind, **changes):
    tasks = [{"name": "digits", "steps": 20}, {"name": "quadratic", "steps": 20}]
    return config(
        start=["adamw", "lion", "sgd", "adan"],
        tasks=tasks,
        strategy={"kind": kind, **SMALL.get(kind, {})},
        evaluation={"generation": 12, "elites": 2},
        screen={"keep": 0.5, "window": 20},
        final={"finalists": 1, "seeds": 2, "reduction": {"evaluations": 0}},
        **changes,
    )


def run_to(settings, folder, stop_at=None):
    """Run or resume a campaign, up to a number of candidates; the events that it told."""
    seen = []

    def observe(event):
        seen.append(event)
        if isinstance(event, events.VerdictEntered) and event.progress.judged == stop_at:
            raise Stop

    if stop_at is None:
        result = run_campaign(settings, folder, observe, fake_worker)
        return seen, result.content_hash
    with pytest.raises(Stop):
        run_campaign(settings, folder, observe, fake_worker)
    return seen, None


@pytest.mark.parametrize("kind", each(STRATEGIES, ("recombination", "regularized_evolution")))
@pytest.mark.parametrize("look_ahead", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_every_strategy_goes_on_from_its_state(kind, look_ahead, tmp_path, monkeypatch):
    settings = campaign(kind, look_ahead=look_ahead)
    _, undisturbed = run_to(settings, tmp_path / "undisturbed")
    monkeypatch.setattr(loop, "STATE_EVERY", 1)
    folder, told = tmp_path / "stopped", []
    monkeypatch.setattr(
        loop, "bring_back", lambda text, n, *rest: (told.append(n), BRING_BACK(text, n, *rest))[1]
    )
    for stop_at in (9, 10, 13, 24, 25, 31, 50, 59):
        run_to(settings, folder, stop_at)
    assert run_to(settings, folder)[1] == undisturbed
    assert len(told) == 8 and told == sorted(told) and told[-1] >= 54
    with_state = Ledger.read(folder / FILE)
    assert with_state.content_hash(anew=True) == undisturbed
    with_state.close()


BRING_BACK = loop.bring_back


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Candidates with verdicts, and the hash, of a campaign that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    _, content = run_to(campaign("recombination"), folder)
    return rows_of(folder), content


def test_a_state_of_other_code_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STATE_EVERY", 1)
    settings = campaign("recombination")
    run_to(settings, tmp_path, 30)
    monkeypatch.setattr(loop, "code_digest", lambda packages: "another")
    monkeypatch.setattr(loop, "bring_back", None)
    resumed, found = run_to(settings, tmp_path)
    assert events.Resumed(30) in resumed and len(found) == 64


def test_a_larger_budget_goes_on_from_a_state(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STATE_EVERY", 1)
    for budget in (20, 33):
        run_to(campaign("recombination", budget={"candidates": budget}), tmp_path / "grown")
    assert run_to(campaign("recombination"), tmp_path / "grown")[1] == whole[1]


def test_a_state_holds_programs_as_they_were():
    text = "def c3(w, g, m=zeros, *, lr=0.1):\n    u = tanh(g)\n    m = 2 * u\n    return u"
    program, other = parse(text), ZOO["lion"]
    data = {"members": [[3, program, float("-inf")], [4, other, None]], "by_task": {"a": 0.1}}
    written = to_text(data, lambda each: 3 if each is program else None)
    assert "tanh" not in written and "sign" in written
    again = from_text(written, {3: parse(str(program))}.__getitem__)
    assert again == data
    names = [statement.name for statement in program.statements]
    assert [statement.name for statement in again["members"][0][1].statements] == names
    assert json.loads(written)["members"][0][2] == float("-inf")
    with pytest.raises(TypeError, match="object is neither plain data nor a program"):
        to_text([object()], lambda each: None)


def test_a_strategy_that_keeps_something_must_say_what():
    class Forgetful(Strategy):
        def ask(self, number, rng, name):
            return Proposal(self.starts[0], 0, None)

        def tell(self, judged: Judged):
            self.last = judged

    strategy = Forgetful(Options(kind="forgetful"), [ZOO["sgd"]], config().breeder())
    assert strategy.state() is None
    strategy.tell(Judged(0, ZOO["sgd"], "", 0.5))
    with pytest.raises(TypeError, match=r"Forgetful keeps last, and has no state\(\)"):
        strategy.state()


def rows_of(folder):
    ledger = Ledger.read(folder / FILE)
    rows = [(row.candidate, row.verdict) for row in ledger.rows()]
    ledger.close()
    return rows


def sentences(seen):
    return [event.sentence for event in seen if isinstance(event, events.SearchEnded)]


def test_a_target_ends_the_search_and_a_higher_one_goes_on(whole, tmp_path):
    rows, undisturbed = whole
    scores = [verdict.score for _, verdict in rows if verdict.score is not None]
    target = sorted(scores)[-3]
    first = next(n for n, (_, verdict) in enumerate(rows) if (verdict.score or 0) >= target)
    some = {"candidates": 60, "score": target}
    seen, content = run_to(campaign("recombination", budget=some), tmp_path / "some")
    assert rows_of(tmp_path / "some") == rows[: first + 1]
    assert "a candidate reached budget.score; raise budget.score" in sentences(seen)[0]
    again, unchanged = run_to(campaign("recombination", budget=some), tmp_path / "some")
    assert unchanged == content and sentences(again) == sentences(seen)
    run_to(campaign("recombination", budget={**some, "score": 9.0}), tmp_path / "some")
    assert run_to(campaign("recombination"), tmp_path / "some")[1] == undisturbed


class Walking(FakeEvaluator):
    """Every evaluation takes thirty training steps."""

    def evaluate(self, *how):
        return replace(super().evaluate(*how), steps=(10, 20))


def test_training_steps_end_the_search_and_more_go_on(tmp_path):
    def walk(folder, **budget):
        settings = campaign("recombination", budget={"candidates": 60, **budget})
        worker = CampaignWorker(Walking, fake_tune, fake_sweep)
        return run_campaign(settings, tmp_path / folder, make_worker=lambda: worker).content_hash

    whole = walk("whole")
    walk("some", steps=600)
    rows = rows_of(tmp_path / "some")
    paid = [candidate for candidate, _ in rows if candidate.source is None]
    assert rows == rows_of(tmp_path / "whole")[: len(rows)]
    assert len(paid) == 20 and rows[-1][0].source is None
    assert walk("some") == whole


def test_seconds_end_a_search_and_more_go_on(whole, tmp_path):
    budget = {"candidates": 60, "seconds": 1e-3}
    seen, content = run_to(campaign("recombination", budget=budget), tmp_path / "some")
    rows = rows_of(tmp_path / "some")
    assert len(rows) < 60 and rows == whole[0][: len(rows)]
    assert "raise budget.seconds to go on" in sentences(seen)[0] and content != whole[1]
    assert run_to(campaign("recombination"), tmp_path / "some")[1] == whole[1]


def test_a_file_ends_a_search_which_goes_on_without_it(whole, tmp_path):
    folder = tmp_path / "some"

    def observe(event):
        if isinstance(event, events.VerdictEntered) and event.progress.judged == 21:
            (folder / loop.STOP).touch()

    run_campaign(campaign("recombination"), folder, observe, fake_worker)
    assert rows_of(folder) == whole[0][:21]
    seen, _ = run_to(campaign("recombination"), folder)
    assert "a file STOP in its folder; remove it to go on" in sentences(seen)[0]
    assert not any(isinstance(event, events.VerdictEntered) for event in seen)
    (folder / loop.STOP).unlink()
    assert run_to(campaign("recombination"), folder)[1] == whole[1]


def test_a_candidate_with_tuned_numbers_is_the_program_that_was_judged(tmp_path):
    run_to(campaign("recombination"), tmp_path)
    tuned = [(found, verdict) for found, verdict in rows_of(tmp_path) if found.asked is not None]
    assert len(tuned) > 5
    for found, verdict in tuned:
        assert verdict.evaluation.setting > 0 and found.asked.text != found.text
        program, proposed = parse(found.text), parse(found.asked.text)
        assert found.keys.text == program.digest and found.asked.keys.text == proposed.digest
        assert [each.op for each in program.statements] == [e.op for e in proposed.statements]
        measured = verdict.evaluation.measurements[0]
        assert measured.score == fake_score(program, measured.seed)
    assert read_status(tmp_path, known_as=False)["tuned"] == len(tuned)
    fresh = {found.asked.keys.family for found, _ in tuned}
    assert len(fresh) == len(tuned), "a family is tuned once"


def test_published_strategies_judge_what_they_propose(tmp_path):
    run_to(campaign("regularized_evolution"), tmp_path)
    assert all(found.asked is None for found, _ in rows_of(tmp_path))
