"""The stages after the search: other tasks, the funnel as a whole, what a person is shown."""

import io

import pytest
from rich.console import Console

from dsl import parse
from evaluators.evaluation import Evaluation, Measurement, Outcome
from evaluators.registry import get
from evaluators.score import WORST
from evaluators.seeds import COMPARISON_TUNING_SEEDS, final_seeds, search_seeds, validation_seeds
from evaluators.suites import TaskChoice, load_suite
from search.campaign import events
from search.campaign.choice import Contender, best_first, winner
from search.config import config_of
from search.errors import ConfigError
from search.ledger import FILE, Ledger
from search.ledger.results import StageEntrant, StageResult, seed_scores
from search.pool.jobs import time_limit
from search.pool.worker import CampaignWorker
from search.reduction.fresh import FinalEntrant
from search.report.funnel import funnel
from search.report.status import read_status
from search.report.transfer import HEADING, transfers
from search.run import run_campaign
from stepsmith.cli.status import _lines
from stepsmith.discovering.hall import hall_table
from tests.support.fakes import CONFIG, FakeEvaluator, config, fake_tune, fake_worker

SGD = parse("def sgd(w, g, *, lr=0.1):\n    return lr * g")
FINAL = {
    "finalists": 6,
    "seeds": 2,
    "reduction": {"evaluations": 0},
    "meta_validation": "meta_validation",
    "held_out": "held_out",
}


class Funnelled(FakeEvaluator):
    """Refuses programs with `tanh` for free, prunes those with `square` at the first checkpoint."""

    def evaluate(self, program, seeds, rates, early):
        ops = {statement.op for statement in program.statements}
        if "tanh" in ops:
            return Evaluation(Outcome.MOTIONLESS, -1.0)
        whole = super().evaluate(program, seeds, rates, early)
        runs = len(whole.measurements)
        if early and "square" in ops:
            stopped = tuple(
                Measurement(m.task, m.seed, Outcome.SCREENED, None, m.early, None, m.rate, m.early)
                for m in whole.measurements
            )
            return Evaluation(Outcome.SCREENED, -0.5, stopped, (10 * runs, 0))
        return Evaluation(whole.outcome, whole.score, whole.measurements, (10 * runs, 20 * runs))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    seen = []
    settings = config(
        final=FINAL,
        screen={"keep": 0.5, "window": 10},
        primitives={"only": ["tanh", "square", "add", "mul", "interp", "sign"]},
    )
    worker = CampaignWorker(Funnelled, fake_tune)
    result = run_campaign(settings, folder, seen.append, lambda: worker)
    return folder, result, seen


def test_finalists_are_measured_on_other_tasks_and_the_winner_on_held_out_ones(finished):
    folder, result, seen = finished
    ledger = Ledger.read(folder / FILE)
    validation = ledger.validation
    ledger.close()
    meta, held_out = validation["meta_validation"], validation["held_out"]
    assert len(meta.entrants) == 7 and len(held_out.entrants) == 2
    assert meta.entrants[0].candidate is None is held_out.entrants[0].candidate
    measured = {m.task for m in meta.entrants[1].evaluation.measurements}
    assert measured == {task.name for task in load_suite("meta_validation").tasks}
    by = {each.candidate: each.evaluation.score for each in meta.entrants[1:]}
    contenders = [
        Contender(FinalEntrant(each.candidate, each.program, {}), seed_scores([each.evaluation], 6))
        for each in meta.entrants[1:]
    ]
    chosen = winner(contenders, {}).candidate
    assert result.hall.winner.candidate == chosen == held_out.entrants[1].candidate
    assert result.hall.winner.validated == by[chosen]
    stages = [event.stage for event in seen if isinstance(event, events.Validating)]
    assert stages[0] == "meta_validation" and stages[-1] == "held_out"


def test_the_funnel_says_what_each_stage_let_through_and_cost(finished):
    ledger = Ledger.read(finished[0] / FILE)
    stages = {stage.name: stage for stage in funnel(ledger)}
    judged = list(ledger.judged())
    ledger.close()
    free, screen, proxy = (stages[name] for name in ("free checks", "screen", "proxy"))
    assert list(stages) == [
        *("free checks", "screen", "proxy", "fresh seeds"),
        *("meta validation", "held out"),
    ]
    assert free.entered == len(judged) and free.refused == {
        "motionless": free.entered - free.passed
    }
    assert screen.entered == free.passed and proxy.entered == screen.passed
    assert screen.refused == {"screened": screen.entered - screen.passed}
    assert min(free.refused["motionless"], screen.refused["screened"]) > 0
    assert screen.steps == 20 * screen.entered and proxy.steps == 40 * proxy.entered
    assert screen.agreement is not None and -1 <= screen.agreement <= 1
    assert stages["fresh seeds"].entered == 6 and stages["meta validation"].passed == 1
    assert stages["held out"].entered == 1 and stages["held out"].agreement is None


def test_status_shows_families_alarms_and_the_funnel(finished):
    status = read_status(finished[0])
    assert status["alarms"] == 0 and status["remeasured"] == 4
    assert 0 < status["family_hits"] < status["evaluated"]
    assert [stage["name"] for stage in status["funnel"]][:2] == ["free checks", "screen"]
    text = "\n".join(_lines(status))
    assert "rank corr." in text and "motionless" in text and "ALARMS" not in text
    assert "ALARMS:       2:" in "\n".join(_lines({**status, "alarms": 2}))


def test_a_person_is_shown_what_the_winner_did_on_tasks_that_the_search_never_saw(finished):
    folder, result, _ = finished
    ledger = Ledger.read(folder / FILE)
    validation = ledger.validation
    ledger.close()
    meta, held_out = result.hall.transfers
    assert (meta.stage, held_out.stage) == ("meta_validation", "held_out")
    winner = result.hall.winner
    for found in (meta, held_out):
        stage = validation[found.stage]
        assert tuple(found.tasks) == stage.tasks
        assert found.mean == pytest.approx(stage.scores()[winner.candidate])
        assert found.ahead == sum(score > 1 for score in found.tasks.values())
        assert found.tasks[found.worst] == min(found.tasks.values())

    status = read_status(folder)
    assert [each["stage"] for each in status["unseen"]] == ["meta_validation", "held_out"]
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(hall_table(result.hall, 140))
    table = console.export_text()
    for text in ("\n".join(_lines(status)), table):
        assert HEADING in text and meta.sentence in text and held_out.sentence in text
    names = [entry.known_as for entry in result.hall.entries]
    assert [each["known_as"] for each in status["finalists"]] == names
    assert status["winner"] == status["finalists"][0]
    assert f"known as:     {names[0]}" in _lines(status)
    for entry in result.hall.entries[1:]:
        assert any(entry.hash in line and entry.known_as in line for line in _lines(status))
    assert read_status(folder, known_as=False)["winner"]["known_as"] is None
    for entry in result.hall.entries:
        assert f"{entry.validated:.4f}" in table
    doc = parse((folder / "winner.rule").read_text()).doc
    assert HEADING in doc and held_out.sentence in doc
    assert max(map(len, doc.splitlines())) <= 100


def test_a_task_that_was_not_reached_counts_as_failed():
    measured = [Measurement("one", seed, Outcome.OK, loss=0.5, score=1.25) for seed in (1, 2)]
    failed = Evaluation(Outcome.NON_FINITE, WORST, tuple(measured), (2, 2))
    entrants = (StageEntrant(None, SGD, {}, None), StageEntrant(7, SGD, {}, failed))
    validation = {"held_out": StageResult("some", ("one", "two"), entrants)}
    (found,) = transfers(validation, 7)
    assert found.tasks == {"one": 1.25, "two": WORST} and found.worst == "two"
    assert found.ahead == 1 and "non finite" in found.sentence
    assert transfers(validation, None) == transfers({}, 7) == ()


def test_what_asks_for_more_work_than_a_candidate_may_take_longer():
    settings = config(
        tasks=[{"name": "digits", "steps": 100}], evaluation={"seeds": 2, "timeout": 10.0}
    )
    own = settings.choices
    assert time_limit(settings, own, (0, 1)) == 10
    assert time_limit(settings, own, (0,)) == 10
    assert time_limit(settings, own, (0, 1, 2, 3), evaluations=5) == pytest.approx(100)
    twice = (*own, TaskChoice("digits", 100))
    assert time_limit(settings, twice, (0, 1)) == pytest.approx(20)
    dear = time_limit(settings, (TaskChoice("digits_wide", 100),), (0, 1))
    assert dear == pytest.approx(10 * get("digits_wide").flops / get("digits").flops)


def test_seeds_of_other_tasks_are_used_nowhere_else():
    tuning, measuring = validation_seeds(0, 0, 4, 8)
    assert len({*tuning, *measuring}) == 12
    assert validation_seeds(0, 1, 4, 8)[1] != measuring
    compared = range(COMPARISON_TUNING_SEEDS[0], COMPARISON_TUNING_SEEDS[0] + 2**29)
    assert not any(seed in compared for seed in (*tuning, *measuring, *final_seeds(0, 9)))
    others = {*final_seeds(0, 100), *(s for g in range(500) for s in search_seeds(0, g, 4))}
    assert not others & {*tuning, *measuring}


def test_ranking_keeps_the_order_of_equals():
    scores = {3: (0.4, 0.6), 8: (0.9, 0.9), 9: (0.5, 0.5)}
    ranked = best_first([Contender(FinalEntrant(n, SGD, {}), each) for n, each in scores.items()])
    assert [each.entrant.candidate for each in ranked] == [8, 3, 9]


@pytest.mark.slow
def test_a_search_on_real_tasks_is_validated_on_others(tmp_path):
    for name, task, steps in (("meta", "wine", 40), ("held", "digits_softmax", 30)):
        text = f"suite: {name}\npurpose: small\ntasks: [{{name: {task}, steps: {steps}}}]\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    settings = config(
        tasks=[{"name": "quadratic", "steps": 40}],
        primitives={"only": ["sign", "add", "mul", "interp", "square", "sqrt_abs", "div_eps"]},
        baseline={"evaluations": 10},
        final={
            "finalists": 2,
            "seeds": 2,
            "reduction": {"evaluations": 120, "seeds": 4},
            "meta_validation": str(tmp_path / "meta.yaml"),
            "watch": 20,
            "held_out": str(tmp_path / "held.yaml"),
        },
    )
    result = run_campaign(settings, tmp_path / "run")
    again = run_campaign(settings, tmp_path / "again")
    assert result.content_hash == again.content_hash
    status = read_status(tmp_path / "run")
    assert status["looks"] and all(-1 <= look["unseen_score"] <= 2 for look in status["looks"])
    stages = {stage["name"]: stage for stage in status["funnel"]}
    assert stages["meta validation"]["entered"] == 2 and stages["held out"]["entered"] == 1
    assert stages["held out"]["steps"] > 0
    assert -1 <= result.hall.winner.validated <= 2
    assert result.hall.baseline.validated == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("stage", ["meta_validation", "held_out"])
def test_a_suite_with_a_task_of_the_search_is_refused_before_it_begins(stage, tmp_path):
    suite = tmp_path / "mine.yaml"
    suite.write_text("suite: mine\npurpose: mine\ntasks: [{name: quadratic, steps: 9}]\n")
    asked = config(tasks=[{"name": "quadratic", "steps": 40}], final={stage: str(suite)})
    with pytest.raises(ConfigError, match=f"final.{stage}: .*has 'quadratic', which the search tr"):
        run_campaign(asked, tmp_path / "run", make_worker=fake_worker)
    assert not (tmp_path / "run").exists()


def test_what_is_wrong_in_a_suite_of_a_config_is_said_with_its_own_advice(tmp_path):
    suite = tmp_path / "mine.yaml"
    suite.write_text("suite: mine\npurpose: mine\ntasks: [{name: my_net, steps: 9}]\n")
    with pytest.raises(ConfigError) as met:
        config_of({**CONFIG, "tasks": str(suite)})
    said, advice = str(met.value).splitlines()
    assert said.endswith("mine.yaml, line 3: tasks.0.name: unknown task 'my_net'")
    assert "--plugin FILE" in advice


@pytest.mark.parametrize("key", ["tasks", "meta_validation"])
def test_a_suite_that_is_none_is_named_with_the_nearest(key):
    with pytest.raises(ValueError, match="did you mean 'search'"):
        config(**({"tasks": "serach"} if key == "tasks" else {"final": {key: "serach"}}))
