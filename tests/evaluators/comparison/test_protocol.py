"""A comparison on a small task: deterministic, kept, and refused before any work where it must."""

import importlib.metadata
import statistics
from dataclasses import dataclass, replace

import pytest

import dsl
from dsl.zoo import ZOO
from evaluators.comparison.protocol import compare, subset
from evaluators.comparison.ranking import standings, verdicts
from evaluators.comparison.results import TaskSetup
from evaluators.comparison.runner import BASELINES, TaskRunner, carried
from evaluators.comparison.work import Timing
from evaluators.errors import CannotCompare, NotInSuite, UnknownTask
from evaluators.files.result_cache import ResultCache
from evaluators.registry import get
from evaluators.score import WORST, score
from evaluators.seeds import COMPARISON_TUNING_SEEDS as TUNING_SEEDS
from evaluators.seeds import comparison_seeds as fresh_seeds
from evaluators.suites import TaskChoice
from evaluators.training.trainer import Trainer

pytestmark = pytest.mark.lightly_compiled

MINE = dsl.parse(
    "def mine(w, g, m=zeros, *, lr=0.1):\n    m = interp(g, m, 0.9)\n    return lr * m"
)
ASCENT = dsl.parse("def ascent(w, g, *, lr=0.1):\n    return -lr * g")
TASK = TaskChoice("quadratic", get("quadratic").horizon)


@dataclass(frozen=True)
class Suite:
    name: str
    tasks: tuple


SUITE = Suite("small", (TASK,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def seen():
    return []


@pytest.fixture(scope="module")
def result(folder, seen):
    return compared([MINE, ASCENT], folder=folder, observe=seen.append)


def compared(rules, **options):
    return compare(rules, SUITE, baselines=["adamw"], seeds=3, **options)


def plain(comparison):
    """All runs without NaN, which equals nothing."""
    return [[runs.to_json() for runs in row] for row in comparison.runs]


def bench(folder, fresh=3, task=None):
    task = task or get("quadratic")
    setup = TaskSetup.of(task, TASK.steps)
    return TaskRunner(task, setup, TUNING_SEEDS, fresh_seeds(fresh), ResultCache(folder))


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr("evaluators.comparison.runner._trainer", None)


def test_every_rule_is_tuned_and_run_on_fresh_seeds(result):
    assert [rule.name for rule in result.entrants] == ["mine", "ascent", "adamw"]
    assert [rule.candidate for rule in result.entrants] == [True, True, False]
    assert [rule.memory for rule in result.entrants] == [1, 0, 2]
    assert not set(result.seeds) & set(TUNING_SEEDS) and len(result.seeds) == 3
    for row in (result.runs[0], result.runs[2]):
        assert row[0].tuned.interior and len(row[0].losses) == 3
        assert len(row[0].losses[0]) == len(result.setups[0].checkpoints)
    assert all(seconds > 0 for seconds in (*result.seconds[0], *result.seconds[2]))


def test_the_plan_comes_first_then_the_scale_then_the_others(result, seen):
    plan, *steps, timing = seen
    assert len(plan.left) == 3 and plan.seconds > 0
    assert [step.now for step in steps] == [
        (("adamw", "quadratic"),),
        (("mine", "quadratic"),),
        (("ascent", "quadratic"),),
    ]
    assert [(step.done, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3)]
    assert steps[0].seconds_left == pytest.approx(plan.seconds, rel=1e-12)  # in another order
    assert steps[-1].seconds_left > 0
    assert timing == Timing("quadratic")


def test_tuning_is_worth_it_and_ascent_is_not(result):
    rows = {row.name: row for row in standings(result)}
    assert rows["adamw"].score.estimate == pytest.approx(1)
    assert rows["mine"].score.estimate > 0.5 > rows["ascent"].score.estimate
    assert rows["ascent"].rank == 3 and rows["ascent"].reached == 0
    found = {verdict.name: verdict.claim.word for verdict in verdicts(result)}
    assert found["ascent"] == "not supported"


def test_tuning_goes_by_the_score(result, folder):
    """The worth of a point of the grid is its score on the seeds of the tuning, and AdamW's best
    is worth 1 there."""
    assert result.runs[2][0].tuned.value == pytest.approx(1)
    tuning = bench(folder).tuning(MINE)
    assert tuning.reference == bench(folder).tuning(ZOO["adamw"]).reference
    task, rates = get("quadratic"), [rate for rate, _ in tuning.tuned.sweep]
    trainer = Trainer(
        task, TASK.steps, carried(MINE), width=5, checkpoints=result.setups[0].checkpoints
    )
    places = [result.setups[0].checkpoints.index(step) for step in result.setups[0].horizons]
    for runs, (_, value) in zip(
        trainer.run(dsl.canonical(MINE), TUNING_SEEDS, rates), tuning.tuned.sweep, strict=True
    ):
        if value > WORST:
            losses = [[run.losses[place] for place in places] for run in runs]
            scores = [score(task, each, tuning.reference) for each in losses]
            assert value == pytest.approx(statistics.fmean(scores))


def test_results_that_were_kept_are_not_trained_again(result, folder, no_training):
    assert bench(folder).runs(MINE) == result.runs[0][0]
    assert bench(folder).runs(MINE.renamed("other")) == result.runs[0][0]
    assert bench(folder).kept(MINE) and bench(folder).kept(ZOO["adamw"])
    for other in (MINE.with_hyperparameters(lr=0.2), ASCENT.with_hyperparameters(lr=1.0)):
        assert not bench(folder).kept(other)
        with pytest.raises(TypeError):
            bench(folder).runs(other)
    assert not bench(folder, fresh=4).kept(MINE)
    assert bench(folder, fresh=4).tuning(MINE) == bench(folder).tuning(MINE), "seeds differ alone"


def test_other_data_and_another_version_find_nothing(result, folder, monkeypatch):
    altered = replace(get("quadratic"), digest=None, load=get("digits").load)
    assert not bench(folder, task=altered).kept(MINE)
    assert bench(folder).kept(MINE)
    known = importlib.metadata.version
    monkeypatch.setattr(
        "importlib.metadata.version", lambda name: "0" if name == "jax" else known(name)
    )
    assert not bench(folder).kept(MINE)


def test_an_interrupted_comparison_goes_on_where_it_was(result, tmp_path, monkeypatch):
    done, train = [], TaskRunner._tune

    def interrupted(self, rule):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(rule.name)
        return train(self, rule)

    monkeypatch.setattr(TaskRunner, "_tune", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compared([MINE, ASCENT], folder=tmp_path)
    assert done == ["adamw", "mine"]
    del done[:]
    again = compared([MINE, ASCENT], folder=tmp_path)
    assert done == ["ascent"], "the others were kept"
    assert plain(again) == plain(result)


def test_damaged_results_are_computed_anew_and_said_so(result, folder, tmp_path):
    for file in folder.iterdir():
        half = file.read_text()
        (tmp_path / file.name).write_text(half[: len(half) // 2])
    said = []
    again = compared([MINE, ASCENT], folder=tmp_path, say=said.append)
    assert plain(again) == plain(result)
    assert said and all("is damaged" in each and "computed anew" in each for each in said)
    assert plain(compared([MINE, ASCENT], folder=tmp_path, say=pytest.fail)) == plain(result)


def test_a_comparison_is_deterministic_and_independent_of_company(result):
    alone = compared([MINE])
    assert alone.runs == (result.runs[0], result.runs[2])
    assert alone.setups == result.setups and alone.seeds == result.seeds


REFUSED = {
    "the same rule twice": (
        [MINE, MINE.renamed("yours")],
        {},
        "'yours' is the same rule as 'mine'",
    ),
    "no optimizer": (
        [dsl.parse("def decay(w, g, *, lr=0.1):\n    return lr * w")],
        {},
        "'decay' is no optimizer",
    ),
    "a question that the task does not answer": ([ZOO["sophia_g"]], {}, "draws no labels"),
    "more rules than were looked at": ([MINE, ASCENT], {"looked_at": 1}, "2 rules are given"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared_is_refused_before_any_work(case, monkeypatch):
    monkeypatch.setattr("evaluators.comparison.work.TaskRunner", None)
    rules, options, message = REFUSED[case]
    with pytest.raises(CannotCompare, match=message):
        compare(rules, SUITE, baselines=["adamw"], **options)
    with pytest.raises(UnknownTask, match="did you mean 'quadratic'"):
        compare([MINE], Suite("odd", (TaskChoice("quadratik", 40),)))


def test_a_candidate_with_the_name_of_a_baseline_is_told_apart(monkeypatch):
    monkeypatch.setattr("evaluators.comparison.work.TaskRunner", None)
    faster = ZOO["adamw"].with_hyperparameters(b1=0.8)
    result = compare([faster], Suite("none", ()), baselines=["lion"])
    assert [rule.name for rule in result.entrants] == [
        f"adamw-{dsl.canonical_hash(faster)[:6]}",
        "lion",
        "adamw",
    ]


def test_all_baselines_share_one_loop():
    assert len({carried(ZOO[name]) for name in BASELINES}) == 1
    assert carried(dsl.parse("def odd(w, g):\n    return cosh(g)")) == ("cosh",)


def test_tasks_are_picked_from_a_suite_in_its_order():
    tasks = (TASK, TaskChoice("digits", 10))
    assert subset("s", tasks, []).tasks == tasks
    assert subset("s", tasks, ["digits", "quadratic"]).tasks == tasks
    with pytest.raises(UnknownTask, match="did you mean 'digits'"):
        subset("s", tasks, ["digit"])
    with pytest.raises(
        NotInSuite, match="the suite s has no task 'wine'\nhelp: the names are digits"
    ):
        subset("s", tasks, ["wine"])
