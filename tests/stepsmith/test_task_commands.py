"""`stepsmith tasks` and `stepsmith suites` list what rules are judged on."""

import json
import subprocess
import sys

from evaluators import registry
from evaluators.suites import names
from tests.support.commands import refused, run


def listed(*args):
    status, out, _ = run(*args, "--json")
    assert status == 0
    return json.loads(out)


def test_every_task_is_listed_with_what_is_known_of_it():
    found = listed("tasks")
    assert [task["name"] for task in found] == registry.names()
    for facts in found:
        task = registry.get(facts["name"])
        assert facts["floor"] < facts["best"]["loss"] < facts["untrained"]
        assert (facts["parameters"], facts["flops"]) == (task.parameters(), task.flops)
        assert (facts["dataset"], facts["model"]) == (task.dataset, task.model)


def test_the_tables_hold_the_names():
    out = run("tasks")[1]
    assert all(name in out for name in registry.names())
    out = run("suites")[1]
    assert all(name in out for name in (*names(), *registry.names()))


def test_some_are_listed_by_name():
    assert [task["name"] for task in listed("tasks", "digits", "chars")] == ["digits", "chars"]
    (suite,) = listed("suites", "held_out")
    assert suite["name"] == "held_out"
    assert {"name", "steps"} == set(suite["tasks"][0])


def test_a_file_of_ones_own_is_shown_as_a_suite(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("suite: own\npurpose: mine\ntasks: [{name: wine, steps: 7}]")
    assert listed("suites", path) == [
        {"name": "own", "purpose": "mine", "tasks": [{"name": "wine", "steps": 7}]}
    ]
    path.write_text("suite: own\npurpose: mine\ntasks: [{name: vine, steps: 7}]")
    assert "line 3: tasks.0.name: unknown task 'vine'; did you mean 'wine'?" in refused(
        "suites", path
    )


def test_an_unknown_one_is_refused_with_the_nearest():
    assert "did you mean 'digits'?" in refused("tasks", "digit")
    assert "did you mean 'held_out'?" in refused("suites", "held-out")


def test_listing_loads_no_data():
    code = (
        "import sys; from stepsmith.cli import app; sys.argv = ['stepsmith', 'tasks', '--json'];"
        "app(standalone_mode=False); sys.exit('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0
