"""A comparison on a small task: deterministic, kept, and refused before any work where it must."""

from dataclasses import dataclass

import pytest

import dsl
from dsl.zoo import ZOO
from evaluators.comparison.bench import BASELINES, Bench, carried
from evaluators.comparison.cache import RunCache
from evaluators.comparison.protocol import TUNING_SEEDS, compare, fresh_seeds, subset
from evaluators.comparison.ranking import standings, verdicts
from evaluators.comparison.results import Ground
from evaluators.errors import CannotCompare, UnknownTask
from evaluators.registry import get
from evaluators.suites import TaskChoice

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
    return compare(
        [MINE, ASCENT],
        SUITE,
        baselines=["adamw"],
        seeds=3,
        kept=RunCache(folder),
        observe=seen.append,
    )


def bench(folder, fresh=3):
    task, ground = get("quadratic"), Ground.of(TASK.name, TASK.steps)
    return Bench(task, ground, TUNING_SEEDS, fresh_seeds(fresh), RunCache(folder))


def test_every_rule_is_tuned_and_run_on_fresh_seeds(result, seen):
    assert [rule.name for rule in result.entrants] == ["mine", "ascent", "adamw"]
    assert [rule.candidate for rule in result.entrants] == [True, True, False]
    assert [rule.memory for rule in result.entrants] == [1, 0, 2]
    assert not set(result.seeds) & set(TUNING_SEEDS) and len(result.seeds) == 3
    for row in (result.runs[0], result.runs[2]):
        assert row[0].tuned.interior and len(row[0].losses) == 3
        assert len(row[0].losses[0]) == len(result.grounds[0].looks)
    assert [progress.done for progress in seen] == [0, 1, 2] and seen[0].total == 3
    assert all(seconds > 0 for seconds in (*result.seconds[0], *result.seconds[2]))


def test_tuning_is_worth_it_and_ascent_is_not(result):
    rows = {row.name: row for row in standings(result)}
    assert rows["adamw"].score.estimate == pytest.approx(1)
    assert rows["mine"].score.estimate > 0.5 > rows["ascent"].score.estimate
    assert rows["ascent"].rank == 3 and rows["ascent"].reached == 0
    found = {verdict.name: verdict.claim.word for verdict in verdicts(result)}
    assert found["ascent"] == "not supported"


def test_runs_that_were_kept_are_not_trained_again(result, folder, monkeypatch):
    monkeypatch.setattr("evaluators.comparison.bench._trainer", None)
    assert bench(folder).runs(MINE) == result.runs[0][0]
    assert bench(folder).runs(MINE.renamed("other")) == result.runs[0][0]
    for other in (MINE.with_hyperparameters(lr=0.2), ASCENT.with_hyperparameters(lr=1.0)):
        with pytest.raises(TypeError):
            bench(folder).runs(other)
    with pytest.raises(TypeError):
        bench(folder, 4).runs(MINE)


def test_whatever_decides_a_result_is_in_its_key(folder, monkeypatch):
    kept = RunCache(folder)
    kept.put({"rule": "a"}, [1])
    assert kept.get({"rule": "a"}) == [1] and kept.get({"rule": "b"}) is None
    monkeypatch.setattr("evaluators.comparison.cache.code_digest", lambda: "another version")
    assert kept.get({"rule": "a"}) is None


def test_a_spoilt_or_missing_folder_keeps_nothing_and_fails_nothing(tmp_path):
    kept = RunCache(tmp_path / "new")
    kept.put({"rule": "a"}, [1])
    (file,) = (tmp_path / "new").iterdir()
    file.write_text("{")
    assert kept.get({"rule": "a"}) is None
    file.write_text("{}")
    assert kept.get({"rule": "a"}) is None
    blocked = RunCache(file)
    blocked.put({"rule": "a"}, [1])
    assert blocked.get({"rule": "a"}) is None and RunCache(None).get({"rule": "a"}) is None


def test_a_comparison_is_deterministic_and_independent_of_company(result):
    alone = compare([MINE], SUITE, baselines=["adamw"], seeds=3)
    assert alone.runs == (result.runs[0], result.runs[2])
    assert alone.grounds == result.grounds and alone.seeds == result.seeds


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
    monkeypatch.setattr("evaluators.comparison.protocol.Bench", None)
    rules, options, message = REFUSED[case]
    with pytest.raises(CannotCompare, match=message):
        compare(rules, SUITE, baselines=["adamw"], **options)
    with pytest.raises(UnknownTask, match="did you mean 'quadratic'"):
        compare([MINE], Suite("odd", (TaskChoice("quadratik", 40),)))


def test_a_candidate_with_the_name_of_a_baseline_is_told_apart(monkeypatch):
    monkeypatch.setattr("evaluators.comparison.protocol.Bench", None)
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
