from collections import Counter
from statistics import fmean

import pytest
import yaml

from dsl import parse
from dsl.export import HOSTS
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.files.result_cache import ResultCache
from evaluators.seeds import baseline_seeds, final_seeds, search_seeds
from evaluators.workers import SerialPool
from search.campaign import campaign, events
from search.campaign.session import Session
from search.campaign.sources import find_sources
from search.candidates.rates import BestRates
from search.candidates.screen import Screen
from search.candidates.verdict import REMEASURED, Candidate, Keys, Verdict
from search.config import ScreenConfig
from search.errors import CampaignFailed
from search.ledger import FILE, Ledger, Row
from search.mutation.mutator import Mutation
from search.pool.worker import CampaignWorker
from search.run import run_campaign
from tests.support.fakes import FakeEvaluator, RaisingEvaluator, config, fake_tune, fake_worker


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


class LastFirst(SerialPool):
    """Runs the job that was submitted last first."""

    def collect(self):
        self._queue._waiting.rotate(1)
        return super().collect()


def content(folder, **changes):
    return run_campaign(config(**changes), folder, make_worker=fake_worker).content_hash


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return content(tmp_path_factory.mktemp("run"))


def test_the_order_in_which_workers_finish_does_not_matter(tmp_path, reference):
    settings = config()
    ledger = Ledger.create(tmp_path / FILE, settings.comparable(), find_sources(settings))
    cache, pool = ResultCache(None), LastFirst(fake_worker())
    session = Session(settings, ledger, lambda: pool, {}, events.ignore, cache)
    campaign.run(session)
    assert ledger.content_hash() == reference
    ledger.close()


@pytest.mark.parametrize("stop_at", [1, 6, 7, 8, 33, 59, 60])
def test_a_campaign_stopped_anywhere_resumes_to_the_same_ledger(tmp_path, reference, stop_at):
    def stop(event):
        if isinstance(event, events.VerdictEntered) and event.progress.judged == stop_at:
            raise Stop

    with pytest.raises(Stop):
        run_campaign(config(), tmp_path, stop, fake_worker)
    resumed = []
    result = run_campaign(config(), tmp_path, resumed.append, fake_worker)
    assert events.Resumed(stop_at) in resumed
    assert result.content_hash == reference
    assert not result.was_complete


def test_a_complete_campaign_starts_no_worker_and_changes_nothing(tmp_path, reference):
    content(tmp_path)
    before = (tmp_path / FILE).read_bytes()

    def no_worker():
        raise AssertionError

    result = run_campaign(config(), tmp_path, make_worker=no_worker)
    assert result.was_complete
    assert result.content_hash == reference
    assert (tmp_path / FILE).read_bytes() == before


def test_a_grown_budget_goes_on_to_what_it_would_have_been(tmp_path, reference):
    content(tmp_path, budget={"candidates": 25})
    assert content(tmp_path) == reference


def test_other_seeds_and_strategies_are_other_campaigns(tmp_path, reference):
    assert content(tmp_path / "seed", seed=1) != reference
    assert content(tmp_path / "strategy", strategy={"kind": "random_search"}) != reference


def test_a_cached_candidate_is_not_evaluated_again(tmp_path):
    calls = Counter()

    class Counting(FakeEvaluator):
        def evaluate(self, program, *how):
            calls[program.name] += 1
            return super().evaluate(program, *how)

    settings = config(final={"finalists": 1, "seeds": 2, "reduction": {"evaluations": 0}})
    run_campaign(settings, tmp_path, make_worker=lambda: CampaignWorker(Counting, fake_tune))
    ledger = Ledger.read(tmp_path / FILE)
    for candidate, *_ in ledger.rows():
        if candidate.hit is not None:
            assert f"c{candidate.number}" not in calls
        else:
            assert 1 <= calls[f"c{candidate.number}"] <= 2  # the finalist twice
    ledger.close()


def test_a_program_that_raises_twice_is_recorded_as_that(tmp_path):
    settings = config(primitives={"only": ["tanh", "add", "mul"]})
    worker = CampaignWorker(RaisingEvaluator, fake_tune)
    seen = []
    run_campaign(settings, tmp_path, seen.append, lambda: worker)
    ledger = Ledger.read(tmp_path / FILE)
    lost = [row for row in ledger.judged() if row.verdict.outcome == "worker_raised"]
    ledger.close()
    assert lost
    assert all("tanh" in row.candidate.text and row.verdict.score is None for row in lost)
    assert "MemoryError: no room for tanh" in lost[0].verdict.note
    assert any(isinstance(event, events.CandidateLost) for event in seen)


def test_a_start_that_cannot_be_evaluated_ends_the_campaign(tmp_path):
    class Broken(FakeEvaluator):
        def evaluate(self, program, *how):
            raise OSError("no data")

    with pytest.raises(CampaignFailed, match="start program could not be evaluated.*no data"):
        run_campaign(config(), tmp_path, make_worker=lambda: CampaignWorker(Broken, fake_tune))


def test_a_run_holds_config_and_winner(tmp_path):
    result = run_campaign(config(), tmp_path, make_worker=fake_worker)
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == config().resolved()
    winner = parse((tmp_path / "winner.rule").read_text())
    assert winner.name == "tiny"
    assert winner == result.hall.winner.program.renamed("tiny")
    assert not result.not_written
    for name in (f"winner{host.suffix}" for host in HOSTS.values()):
        compile((tmp_path / name).read_text(), name, "exec")


def test_the_search_starts_from_the_tuned_baseline(tmp_path):
    run_campaign(config(), tmp_path, make_worker=fake_worker)
    ledger = Ledger.read(tmp_path / FILE)
    first = next(ledger.rows())
    ledger.close()
    assert first.candidate.program.hyperparameters["lr"] == 3e-3


def test_finals_never_meet_a_seed_of_search_or_tuning():
    search = {s for generation in range(2000) for s in search_seeds(0, generation, 4)}
    final, tuning = set(final_seeds(0, 100)), set(baseline_seeds(0, 64))
    assert len(final) == 100 and len(tuning) == 64
    assert not search & final and not search & tuning and not final & tuning
    assert final_seeds(0, 3) == final_seeds(0, 8)[:3]
    assert max(search | final | tuning) < 2**31


def test_the_best_are_measured_again_on_new_seeds(tmp_path):
    run_campaign(config(), tmp_path, make_worker=fake_worker)
    ledger = Ledger.read(tmp_path / FILE)
    rows = list(ledger.rows())
    ledger.close()
    again = [row.candidate for row in rows if row.candidate.mutation.kind == REMEASURED]
    assert [each.number for each in again] == [20, 21, 40, 41]
    for each in again:
        first = rows[each.parent].candidate
        assert each.text.replace(f"c{each.number}(", f"c{first.number}(") == first.text
        assert each.keys == first.keys and each.hit is None
        seeds = {m.seed for m in rows[each.number].verdict.evaluation.measurements}
        assert seeds == set(search_seeds(0, each.number // 20, 2))
    assert again[0].parent != again[1].parent


def test_the_best_of_a_ledger_count_every_measurement(tmp_path):
    run_campaign(config(), tmp_path, make_worker=fake_worker)
    ledger = Ledger.read(tmp_path / FILE)
    best = ledger.best(60)
    scores = {}
    for candidate, verdict, _ in ledger.judged():
        if verdict.outcome == "ok":
            kept = scores.setdefault(candidate.keys.fingerprint, (candidate.keys.family, []))
            kept[1].append(verdict.score)
    ledger.close()
    families = {}
    for family, measured in scores.values():
        families[family] = max(fmean(measured), families.get(family, -1))
    found = {row.candidate.keys.family: score for row, score in best}
    assert found == pytest.approx(families)
    assert [score for _, score in best] == sorted(found.values(), reverse=True)
    assert max(len(measured) for _, measured in scores.values()) > 1


def test_a_child_is_tried_around_the_rates_of_its_parent(tmp_path):
    jobs = {}

    class Noting(FakeEvaluator):
        def evaluate(self, program, seeds, rates, early):
            jobs.setdefault(program.name, (rates, early))
            return super().evaluate(program, seeds, rates, early)

    settings = config(screen={"early": 0.5, "window": 40})
    run_campaign(settings, tmp_path, make_worker=lambda: CampaignWorker(Noting, fake_tune))
    ledger = Ledger.read(tmp_path / FILE)
    rows = list(ledger.rows())
    ledger.close()
    assert jobs["c0"] == ({"digits": 2e-3}, {})
    judged = [row for row in rows[1:] if row.verdict.evaluation]
    children = [row.candidate for row in judged]
    checked = 0
    for child in children:
        parent = rows[child.parent].candidate
        lr, before = (each.program.hyperparameters["lr"] for each in (child, parent))
        if parent.number and parent.source is None and lr == before:
            assert jobs[f"c{child.number}"][0] == rows[parent.number].rates
            checked += 1
    assert checked > 5
    assert not any(jobs[f"c{child.number}"][1] for child in children if child.number < 10)
    screened = [
        jobs[f"c{child.number}"][1]
        for child in children
        if child.number >= 30 and child.mutation.kind != REMEASURED
    ]
    assert screened and all(0 < early["digits"] < 0.5 for early in screened)


def run_on(task, score, early=0.1):
    return Measurement(task, 0, Outcome.OK, 1.0, score, early=early)


def test_the_bar_at_the_first_checkpoint_is_a_rolling_percentile():
    screen = Screen(ScreenConfig(early=0.75, window=20))
    for score in range(100):
        if score == 4:
            assert screen.now() == ({}, {})
        screen.learn(Evaluation(Outcome.OK, 0.5, (run_on("digits", 0.5, score / 100),)))
    assert list(screen.now().early) == ["digits"]
    assert sum(score / 100 >= screen.now().early["digits"] for score in range(80, 100)) == 15
    failed = Measurement("digits", 0, Outcome.DIVERGED, None, -1.0, 10)
    for _ in range(20):
        screen.learn(Evaluation(Outcome.DIVERGED, -1.0, (failed,)))
    assert screen.now().early == {"digits": -1.0}


def test_a_hurdle_is_a_rolling_percentile_of_the_mean_on_the_tasks_before_it():
    screen = Screen(ScreenConfig(keep=0.75, window=20, after=[1, 2, 9]))
    for score in range(100):
        runs = (run_on("digits", score / 100), run_on("chars", 1.0), run_on("teacher", 5.0))
        screen.learn(Evaluation(Outcome.OK, 0.5, runs[: 1 + score % 3]))
    hurdles = screen.now().hurdles
    assert list(hurdles) == [1, 2]
    assert sum(score / 100 >= hurdles[1] for score in range(80, 100)) == 15
    assert 0.7 < hurdles[1] < hurdles[2] < 1


def test_hurdles_may_let_different_shares_pass():
    screen = Screen(ScreenConfig(keep=[0.8, 0.25], window=20, after=[1, 2]))
    for score in range(100):
        runs = (run_on("digits", score / 100), run_on("chars", score / 100))
        screen.learn(Evaluation(Outcome.OK, 0.5, runs))
    hurdles = screen.now().hurdles
    assert [sum(s / 100 >= hurdles[n] for s in range(80, 100)) for n in (1, 2)] == [16, 5]


def test_a_score_below_the_floor_raises_an_alarm_and_is_not_promoted(tmp_path):
    class Flawed(FakeEvaluator):
        def evaluate(self, program, seeds, rates, early):
            if any(statement.op == "tanh" for statement in program.statements):
                return Evaluation(Outcome.TOO_GOOD, 2.0)
            return super().evaluate(program, seeds, rates, early)

    seen = []
    settings = config(primitives={"only": ["tanh", "add", "mul"]})
    result = run_campaign(
        settings, tmp_path, seen.append, lambda: CampaignWorker(Flawed, fake_tune)
    )
    alarms = [event for event in seen if isinstance(event, events.Alarm)]
    assert alarms and "a flaw of the task" in alarms[0].sentence
    assert all("tanh" not in str(entry.program) for entry in result.hall.entries)


def test_programs_judged_together_are_judged_as_alone(tmp_path, reference):
    sizes = []

    class Noting(FakeEvaluator):
        def evaluate_batch(self, asked, seeds):
            sizes.append(len(asked))
            return super().evaluate_batch(asked, seeds)

    settings = config(evaluation={"generation": 20, "batch": 3})
    result = run_campaign(settings, tmp_path, make_worker=lambda: CampaignWorker(Noting, fake_tune))
    assert result.content_hash == reference
    assert max(sizes) == 3


def test_only_the_program_that_raises_in_a_batch_is_lost(tmp_path):
    ledgers = {}
    for batch in (1, 5):
        folder = tmp_path / str(batch)
        settings = config(
            primitives={"only": ["tanh", "add", "mul"]},
            evaluation={"generation": 20, "batch": batch},
        )
        worker = CampaignWorker(RaisingEvaluator, fake_tune)
        ledgers[batch] = run_campaign(settings, folder, make_worker=lambda w=worker: w)
    assert ledgers[1].content_hash == ledgers[5].content_hash


def test_rates_follow_the_constant_the_parent_and_the_source():
    def candidate(index, parent, lr, source=None, kind="x", step="g"):
        program = parse(f"def p(w, g, *, lr={lr}):\n    return lr * {step}")
        return Candidate(
            index, str(program), parent, Mutation(kind, ""), Keys("", "", "", ""), None, source
        )

    def tell(candidate, **rates):
        measured = [Measurement(t, 0, Outcome.OK, 1.0, 0.5, rate=r) for t, r in rates.items()]
        evaluation = Evaluation(Outcome.OK, 0.5, tuple(measured)) if rates else None
        told.append(Row(candidate, Verdict(Outcome.OK, 0.5, evaluation), 0.0))

    class Past(list):
        def row(self, number):
            return self[number] if number < len(self) else None

    first, told = candidate(0, None, 0.1), Past()
    rates = BestRates([first.program], [{"digits": 0.2, "chars": 0.4}], ["digits", "chars"], told)
    halved = candidate(1, 0, 0.05)
    assert rates.of(halved) == {"digits": 0.1, "chars": 0.2}
    tell(first)
    tell(halved, digits=0.3)
    assert rates.of(candidate(2, 1, 0.05)) == {"digits": 0.3, "chars": 0.2}
    tell(candidate(2, 0, 0.05, source=1))
    assert rates.of(candidate(3, 2, 0.05)) == {"digits": 0.3, "chars": 0.2}
    assert rates.of(candidate(3, 1, 0)) == {"digits": 0.3, "chars": 0.2}
    longer = rates.of(candidate(3, 1, 0.05, step="(4 * g)", kind="graft"))
    assert longer == pytest.approx({"digits": 0.075, "chars": 0.05})
    tell(candidate(3, 2, 0.1, source=None), digits=0.5, chars=0.6)
    assert rates.of(candidate(4, 3, 0.2)) == {"digits": 1.0, "chars": 1.2}
