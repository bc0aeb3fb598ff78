"""Suites are data: every one loads, none shares what it is judged on, and a wrong one says why."""

import itertools
import tomllib
from pathlib import Path

import pytest

from evaluators import registry, suites
from evaluators.errors import ConfigError, UnknownSuite
from evaluators.suites import load_suite

ROOT = Path(__file__).parents[2]
SUITES = [load_suite(name) for name in suites.names()]
FILE = """\
suite: mine
purpose: a test
tasks:
  - {name: digits, steps: 20}
  - {name: chars, steps: 10}
"""


def test_the_three_suites_come_by_their_names():
    assert {"search", "meta_validation", "held_out"} == {suite.name for suite in SUITES}
    assert all(load_suite(suite.name) == suite and suite.purpose for suite in SUITES)


def test_every_task_is_in_one_suite_and_there_are_enough():
    listed = [task.name for suite in SUITES for task in suite.tasks]
    assert sorted(listed) == registry.names()
    assert len(listed) >= 24


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(SUITES, 2)])
def test_no_two_suites_share_a_pair_of_data_set_and_model(one, other):
    pairs = [
        {(registry.get(task.name).dataset, registry.get(task.name).model) for task in suite.tasks}
        for suite in (one, other)
    ]
    assert not pairs[0] & pairs[1]
    assert len(pairs[0]) == len(one.tasks)


def test_held_out_tasks_cost_more_and_are_larger_than_those_of_a_search():
    def mean(suite, of):
        return sum(of(registry.get(task.name)) for task in suite.tasks) / len(suite.tasks)

    search, held_out = load_suite("search"), load_suite("held_out")
    for of in (lambda task: task.flops * task.horizon, lambda task: task.parameters()):
        assert mean(held_out, of) > 2 * mean(search, of)


def test_a_wheel_carries_the_suites_to_where_they_are_looked_for():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = build["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    (source, target), *_ = carried.items()
    assert ROOT / source == suites.FOLDERS[1]
    assert ROOT / target == suites.FOLDERS[0]


def test_a_file_is_a_suite_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    suite = load_suite(path)
    assert (suite.name, suite.purpose) == ("mine", "a test")
    assert [(task.name, task.steps) for task in suite.tasks] == [("digits", 20), ("chars", 10)]
    assert load_suite(str(path)) == suite


def test_an_unknown_name_is_met_with_the_nearest():
    with pytest.raises(UnknownSuite) as caught:
        load_suite("heldout")
    assert caught.value.nearest == "held_out"
    assert "help: the names are held_out, meta_validation, search" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("chars", "char", ", line 5: tasks.1.name: unknown task 'char'; did you mean 'chars'?"),
        ("20", "0", ", line 4: tasks.0.steps: wanted 1 or more, met 0"),
        ("20", "many", ", line 4: tasks.0.steps: wanted a whole number, met 'many'"),
        ("steps: 10", "step: 10", ", line 5: tasks.1.step: unknown key; did you mean 'steps'?"),
        (", steps: 10", "", ", line 5: tasks.1.steps: missing"),
        ("purpose: a test", "", ": purpose: missing"),
        ("purpose:", "purpos:", ", line 2: purpos: unknown key; did you mean 'purpose'?"),
        ("a test", "3", ", line 2: purpose: wanted text, met 3"),
        ("chars", "digits", ": task 'digits' is listed twice"),
        ("mine", "My own", ", line 1: suite: wanted a name of lower-case letters"),
        ("suite: mine", "suite: mine\nseeds: 3", ", line 2: seeds: unknown key"),
        ("{name: digits, steps: 20}", "{name: digits", ", line 5, column 5: not YAML"),
    ],
)
def test_an_error_names_file_line_key_and_what_would_do(tmp_path, old, new, expected):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_suite(path)
    assert str(caught.value).startswith(f"ConfigError: {path}{expected}")


def test_a_file_that_is_none_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    with pytest.raises(ConfigError, match="mine.yaml: No such file"):
        load_suite(path)
    path.write_text("- 1")
    with pytest.raises(ConfigError, match="configs/suites/search.yaml is a complete one"):
        load_suite(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a text file"):
        load_suite(path)
