"""`stepsmith tasks check` measures a task of one's own, and commands then know it as ours."""

import json

import pytest

from dsl.plugins import load
from evaluators import registry
from evaluators.catalogue import TaskEntry
from evaluators.errors import TaskFault
from tests.support.commands import refused, run
from tests.support.own_tasks import FIRST, alone_in, written
from tests.support.plugins import forgotten

GOOD = (
    'supervised("line", params={"w": np.zeros((4, 1))}, model=lambda p, x: x @ p["w"], x=x,\n'
    '    y=x.sum(1, keepdims=True), loss="squared_error", horizon=30)'
)


@pytest.fixture(autouse=True)
def _alone(tmp_path):
    with alone_in(tmp_path):
        yield


def test_a_task_is_checked_then_known(tmp_path, monkeypatch):
    written(tmp_path, GOOD)
    _, out, err = run("tasks", "--plugin", "mine.py", "line", "--json")
    assert json.loads(out) == [{"name": "line", "measured": False}]
    assert "not measured yet: line" in err
    status, out, _ = run("tasks", "check", "mine.py", "--rules", "adamw,sgd,lion", "--json")
    (report,) = json.loads(out)
    assert (
        status == 0
        and report["fault"] is None
        and (report["line"], report["name"])
        == (
            FIRST,
            "line",
        )
    )
    facts = report["facts"]
    assert facts["untrained"] == pytest.approx(4, rel=0.3) and facts["parameters"] == 4
    assert facts["best"]["loss"] < 0.1 * facts["untrained"] and report["differentiable_twice"]
    assert {each["rule"] for each in report["rules"]} == {"adamw", "sgd", "lion"}
    found = TaskEntry.from_json("line", facts)

    monkeypatch.setattr("evaluators.measuring.first_use.ranked", None)  # nothing is trained again
    _, out, _ = run("tasks", "check", "line", "--rules", "adamw,sgd,lion")
    assert f"line: a {report['verdict']} proxy" in out and "untrained" in out
    registry.learn({"line": found})
    status, out, _ = run("tasks", "--plugin", "mine.py", "line", "--json")
    assert status == 0 and json.loads(out)[0]["best"] == facts["best"]
    status, out, _ = run("tasks", "show", "line")
    assert status == 0 and f"mine.py:{FIRST}" in out
    (tmp_path / "own.yaml").write_text(
        "suite: own\npurpose: mine\ntasks: [{name: line, steps: 7}, {name: wine, steps: 5}]"
    )
    assert "A task of mine.py" in run("suites", "own.yaml")[1]


def test_an_equal_task_is_known_and_is_called_what_its_own_file_calls_it(tmp_path, monkeypatch):
    def facts(name: str, text: str) -> dict:
        with forgotten():
            written(tmp_path, text, name)
            status, out, err = run("tasks", "check", name, "--rules", "adamw,sgd", "--json")
        assert status == 0, err
        return json.loads(out)[0]["facts"]

    before = facts("mine.py", GOOD)
    monkeypatch.setattr("evaluators.measuring.first_use.ranked", None)  # nothing is trained again
    again = facts("again.py", GOOD.replace("horizon=30", "horizon=30, dataset='points'"))
    words = {"summary": "A task of again.py", "dataset": "points"}
    assert again == {**before, **words} and before["dataset"] == "line"


def test_a_fault_is_the_answer_and_the_job_failed(tmp_path):
    written(tmp_path, 'task("t", params=w, loss=lambda p, b: (b @ p["w"]) ** 2, examples=x)')
    status, out, _ = run("tasks", "check", "mine.py")
    assert status == 1 and "t cannot be trained:\nmine.py:6: `loss` gives an array" in out
    status, out, _ = run("tasks", "check", "mine.py", "--json")
    (report,) = json.loads(out)
    assert status == 1 and report["fault"]["line"] == FIRST and report["fault"]["help"]


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "wrong.py").write_text("def loss(p, b)\n    return 1\n")
    assert "wrong.py:1: SyntaxError" in refused("tasks", "check", "wrong.py")
    (tmp_path / "empty.py").write_text("print('hello')\n")
    assert "empty.py declares no task" in refused("tasks", "check", "empty.py")
    (tmp_path / "other.py").write_text(
        'from dsl.language.registry import primitive\n\n\n@primitive("K -> K", torch="{x}", '
        'latex="{x}", weight=0.0)\ndef nothing_to_do(xp, x):\n    """`x`."""\n    return x\n'
    )
    assert "other.py declares no task" in refused("tasks", "check", "other.py")
    assert "nowhere.py" in refused("tasks", "check", "nowhere.py")
    assert "comes with Stepsmith" in refused("tasks", "check", "digits")
    written(tmp_path, GOOD)
    assert "did you mean 'lion'?" in refused("tasks", "check", "mine.py", "--rules", "lyon")


def test_a_task_that_was_never_measured_is_when_it_is_first_asked_for(tmp_path, monkeypatch, capfd):
    written(tmp_path, GOOD)
    load("mine.py")

    def told(own, observe):
        for rule in ("adamw", "adamw", "sgd"):
            observe(rule)
        raise TaskFault("mine.py", 6, "not this time")

    monkeypatch.setattr("evaluators.measuring.first_use.measured", told)

    with pytest.raises(TaskFault, match="not this time"):
        registry.get("line")
    assert capfd.readouterr().err.count("line is measured, once") == 1


def test_prints_of_a_loss_are_no_data(tmp_path):
    written(
        tmp_path,
        'def loss(p, b):\n    print("called")\n    return square(p, b) + p["v"]\n'
        'task("t", params=w, loss=loss, examples=x)',
    )
    status, out, err = run("tasks", "check", "mine.py", "--json")
    assert status == 1 and "called" in err
    assert "KeyError" in json.loads(out)[0]["fault"]["met"]
