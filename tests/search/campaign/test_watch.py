"""The best of a search is looked at on other tasks, and the search does not know."""

from dataclasses import replace
from statistics import fmean

import pytest

from evaluators.evaluation import Evaluation
from evaluators.seeds import validation_seeds
from evaluators.suites import load_suite
from evaluators.workers import SerialPool
from search import run
from search.campaign import events, loop
from search.candidates.proposer import Proposer
from search.errors import ConfigChanged
from search.ledger import FILE, Ledger
from search.ledger.looks import Look
from search.ledger.results import META_VALIDATION, StageEntrant
from search.pool.jobs import TuneAndJudge
from search.pool.worker import CampaignWorker
from search.report.status import read_status
from search.run import run_campaign
from stepsmith.cli.status import _lines
from tests.support.fakes import FakeEvaluator, config, fake_sweep, fake_tune, fake_worker

FINAL = {"finalists": 1, "seeds": 3, "reduction": {"evaluations": 0}}
UNSEEN = {task.name for task in load_suite(META_VALIDATION).tasks}


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


class LastFirst(SerialPool):
    """Runs the job that was submitted last first."""

    def collect(self):
        self._queue._waiting.rotate(1)
        return super().collect()


class LooksLast(SerialPool):
    """Leaves looks until there is nothing else to do."""

    def collect(self):
        waiting = self._queue._waiting
        for _ in range(len(waiting)):
            if not waiting[0].job.alone:
                break
            waiting.rotate(-1)
        return super().collect()


def watched(watch=5, **changes):
    final = {**FINAL, "meta_validation": META_VALIDATION, "watch": watch}
    return config(**{"final": final, **changes})


def content(folder, settings, observe=events.ignore, make_worker=fake_worker):
    return run_campaign(settings, folder, observe, make_worker).content_hash


def read(folder):
    ledger = Ledger.read(folder / FILE)
    rows, looks, scale = list(ledger.rows()), ledger.looks, ledger.scale_of_looks
    validation = ledger.validation
    ledger.close()
    return rows, looks, scale, validation


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    seen = []
    return folder, content(folder, watched(), seen.append), seen


def test_the_best_alive_is_looked_at_as_it_changes(reference, monkeypatch, tmp_path):
    best = []
    original = Proposer.best
    monkeypatch.setattr(Proposer, "best", lambda self: best.append(original(self)) or best[-1])
    content(tmp_path, watched())
    rows, looks, _, _ = read(reference[0])
    changed = [
        (5 * (place + 1), number)
        for place, number in enumerate(best)
        if place == 0 or number != best[place - 1]
    ]
    assert len(best) == 12 and 2 < len(changed) < 12
    assert [(look.told, look.candidate) for look in looks] == changed
    for look in looks:
        told = rows[: look.told]
        same = [r for r in told if look.candidate in (r.candidate.number, r.candidate.remeasures)]
        assert look.score == fmean(row.verdict.score for row in same)
        runs = look.found.evaluation.measurements
        assert {run.task for run in runs} == UNSEEN
        assert {run.seed for run in runs} == set(validation_seeds(0, 0, 2, 3)[1][:2])
        assert look.gap == look.score - look.unseen


def test_the_search_itself_is_as_without_looks(reference, tmp_path):
    content(tmp_path, watched(watch=0))
    rows, looks, scale, _ = read(tmp_path)
    of_watched = read(reference[0])[0]
    assert [row[:2] for row in rows] == [row[:2] for row in of_watched]
    assert looks == [] and scale is None


def test_a_campaign_without_other_tasks_is_the_same_whatever_watch_says(tmp_path):
    found = {
        content(tmp_path / str(watch), config(final={**FINAL, "watch": watch}))
        for watch in (0, 7, 2000)
    }
    assert len(found) == 1 and not read(tmp_path / "7")[1]
    assert "watch" not in config().comparable()["final"]
    assert watched().comparable()["final"]["watch"] == 5


@pytest.mark.parametrize("pool", [LastFirst, LooksLast])
def test_it_does_not_matter_when_a_look_is_done(reference, pool, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SerialPool", pool)
    assert content(tmp_path, watched()) == reference[1]


def test_the_ledger_is_covered_by_its_hash(reference):
    folder, whole, _ = reference
    ledger = Ledger.open(folder / FILE)
    with pytest.raises(Stop), ledger.transaction():
        look = ledger.looks[1]
        ledger.enter_look(replace(look, score=look.score + 1e-9))
        assert ledger.content_hash() != whole
        raise Stop
    assert ledger.content_hash() == whole
    ledger.close()


@pytest.mark.parametrize("every", [1, 500])
def test_a_look_that_was_lost_is_made_up(reference, every, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STATE_EVERY", every)
    monkeypatch.setattr(run, "SerialPool", LooksLast)
    open_looks = []
    for stop_at in (1, 5, 6, 11, 20, 21, 34, 60):

        def stop(event, stop_at=stop_at):
            if isinstance(event, events.VerdictEntered) and event.progress.judged == stop_at:
                raise Stop

        with pytest.raises(Stop):
            content(tmp_path, watched(), stop)
        open_looks.append(sum(look.found is None for look in read(tmp_path)[1]))
    assert open_looks[0] == 0 < open_looks[1] <= open_looks[-1]
    assert content(tmp_path, watched()) == reference[1]


def test_a_search_killed_during_its_last_look_makes_it_up(reference, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SerialPool", LooksLast)

    def stop(event):
        if isinstance(event, events.Looked) and event.look.told > 5:
            raise Stop

    with pytest.raises(Stop):
        content(tmp_path, watched(), stop)
    assert len(read(tmp_path)[0]) == 60
    assert content(tmp_path, watched()) == reference[1]


def test_a_grown_budget_goes_on_with_its_looks(reference, tmp_path):
    content(tmp_path, watched(budget={"candidates": 20}))
    assert content(tmp_path, watched()) == reference[1]


def test_the_baseline_is_tuned_once_for_looks_and_finalists(tmp_path):
    tuned = []

    def tune(program, **how):
        if {task.name for task in how["tasks"]} == UNSEEN:
            tuned.append((program.name, len(how["seeds"])))
        return fake_tune(program, **how)

    settings = watched(baseline={"seeds": 4})
    content(tmp_path, settings, make_worker=lambda: CampaignWorker(FakeEvaluator, tune))
    _, looks, scale, validation = read(tmp_path)
    assert [seeds for name, seeds in tuned if name == "adamw"] == [4]
    assert [seeds for _, seeds in tuned] == [4, *[2] * len(looks), 4]
    baseline = validation[META_VALIDATION].entrants[0]
    assert replace(baseline, evaluation=None) == scale


def test_a_look_whose_worker_raises_is_recorded_as_lost_and_the_search_goes_on(reference, tmp_path):
    class Refusing(FakeEvaluator):
        def evaluate(self, program, *how):
            if program.name != "adamw" and {t.name for t in self.setup.tasks} == UNSEEN:
                raise MemoryError("no room")
            return super().evaluate(program, *how)

    seen = []
    worker = CampaignWorker(Refusing, fake_tune)
    content(tmp_path, watched(), seen.append, lambda: worker)
    rows, looks, _, _ = read(tmp_path)
    was_rows, was, _, _ = read(reference[0])
    assert [row[:2] for row in rows] == [row[:2] for row in was_rows]
    assert [look.candidate for look in looks] == [look.candidate for look in was]
    assert all(look.unseen is None and look.found for look in looks)
    assert sum(isinstance(event, events.Looked) for event in seen) == len(looks)
    assert content(tmp_path, watched()) == content(tmp_path, watched())


def test_a_baseline_that_cannot_be_tuned_there_costs_the_looks_alone(tmp_path):
    def tune(program, **how):
        if {task.name for task in how["tasks"]} == UNSEEN:
            raise MemoryError("no room")
        return fake_tune(program, **how)

    final = {**FINAL, "finalists": 1, "meta_validation": META_VALIDATION, "watch": 20}
    with pytest.raises(Exception, match="could not be tuned on meta_validation"):
        settings = watched(final=final)
        content(tmp_path, settings, make_worker=lambda: CampaignWorker(FakeEvaluator, tune))
    rows, looks, scale, _ = read(tmp_path)
    assert len(rows) == 60 and looks and scale is None
    assert all(look.found and look.unseen is None for look in looks)


def test_a_watch_cannot_change_in_the_middle(tmp_path):
    content(tmp_path, watched(budget={"candidates": 20}))
    for watch in (6, 0):
        with pytest.raises(ConfigChanged, match=f"final.watch = 5, the config now says {watch}"):
            content(tmp_path, watched(watch=watch))


def test_a_look_goes_to_a_worker_alone(tmp_path):
    batches = []

    class Noting(CampaignWorker):
        def run(self, jobs):
            batches.append(jobs)
            return super().run(jobs)

    settings = watched(evaluation={"generation": 20, "batch": 4})
    content(tmp_path, settings, make_worker=lambda: Noting(FakeEvaluator, fake_tune))
    looks = [jobs for jobs in batches if any(isinstance(job, TuneAndJudge) for job in jobs)]
    assert looks and all(len(jobs) == 1 for jobs in looks)
    assert max(map(len, batches)) == 4


def test_progress_knows_families_best_and_look_after_resuming(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STATE_EVERY", 1)

    def figures(progress):
        return progress.families, progress.best, progress.best_program, progress.look

    def run_to(folder, *stops):
        found = {}

        def observe(event):
            if isinstance(event, events.VerdictEntered):
                found[event.progress.judged] = figures(event.progress)
                if event.progress.judged in stops:
                    raise Stop

        try:
            content(folder, watched(), observe)
        except Stop:
            return {**found, **run_to(folder, *stops)}
        return found

    straight, stopped = run_to(tmp_path / "one"), run_to(tmp_path / "two", 3, 17, 31, 52)
    assert len(straight) == 60
    for judged, (families, best, program, _) in straight.items():
        assert stopped[judged][:3] == (families, best, program)
    assert stopped[4][3] is None and stopped[53][3].found
    rows = read(tmp_path / "one")[0]
    trained = {
        row.candidate.keys.family
        for row in rows
        if row.candidate.source is None and row.verdict.outcome == "ok"
    }
    assert straight[60][0] == len(trained) == read_status(tmp_path / "one")["trained_families"]
    assert f"families:     {len(trained)} trained to the end" in "\n".join(
        _lines(read_status(tmp_path / "one"))
    )


def test_status_shows_every_look(reference):
    folder, _, seen = reference
    status, looks = read_status(folder), read(folder)[1]
    assert [each["candidate"] for each in status["looks"]] == [look.candidate for look in looks]
    assert [each["gap"] for each in status["looks"]] == [look.gap for look in looks]
    lines = _lines(status)
    table = lines[next(n for n, line in enumerate(lines) if "best after" in line) :]
    for look, line in zip(looks, table[1:], strict=False):
        told, candidate, inside, unseen, gap, digest = line.split()
        assert (int(told), candidate) == (look.told, f"c{look.candidate}")
        assert (inside, unseen) == (f"{look.score:.4f}", f"{look.unseen:.4f}")
        assert gap == f"{look.gap:+.4f}" and digest
    told = [event.look for event in seen if isinstance(event, events.Looked)]
    assert sorted(told, key=lambda look: look.told) == looks
    lost = {**status["looks"][0], "unseen_score": None, "gap": None}
    assert any(line.split()[3:5] == ["-", "-"] for line in _lines({**status, "looks": [lost]}))


def test_a_look_comes_back_from_the_ledger_as_it_was(tmp_path):
    content(tmp_path, config(budget={"candidates": 4}, final=FINAL))
    ledger = Ledger.open(tmp_path / FILE)
    row = ledger.row(1)
    before = ledger.content_hash()
    entrant = StageEntrant(1, row.candidate.program, {"wine": 0.1}, Evaluation("ok", 0.5))
    ledger.enter_look(Look(4, 1, 0.75))
    assert ledger.looks == [Look(4, 1, 0.75)] and ledger.content_hash() != before
    ledger.enter_look(Look(4, 1, 0.75, entrant))
    ledger.enter_look(Look(2, 0, 0.5))
    (first, second), scale = ledger.looks, ledger.scale_of_looks
    ledger.close()
    assert (first.told, second.told, scale) == (2, 4, None)
    assert second.found.program == entrant.program and second.unseen == 0.5 and second.gap == 0.25


def test_looks_are_scaled_by_the_baseline_as_the_search_tuned_it(tmp_path):
    def tuner(program, **how):
        twice = 2 * program.hyperparameters["lr"]
        return replace(fake_tune(program, **how), program=program.with_hyperparameters(lr=twice))

    def worker():
        return CampaignWorker(FakeEvaluator, tuner, fake_sweep)

    content(tmp_path, watched(), make_worker=worker)
    _, _, scale, validation = read(tmp_path)
    ledger = Ledger.read(tmp_path / FILE)
    tuned = ledger.baseline.program
    ledger.close()
    again = tuned.with_hyperparameters(lr=2 * tuned.hyperparameters["lr"])
    assert scale.program.same_rule(again)
    assert validation[META_VALIDATION].entrants[0].program.same_rule(again)
