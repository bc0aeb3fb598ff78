"""`stepsmith compare`: the table, the files, and what it refuses."""

import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from stepsmith.comparison.figure import figure
from stepsmith.comparison.view import tables
from tests.comparisons import by_hand
from tests.stepsmith.commands import refused, run

MINE = "def mine(w, g, m=zeros, *, lr=0.1):\n    m = interp(g, m, 0.9)\n    return lr * m\n"
SUITE = """
suite: small
purpose: a quick look
tasks:
  - {name: quadratic, steps: 200}
  - {name: digits, steps: 20}
"""
SMALL = ("--tasks", "quadratic", "--baselines", "adamw", "--seeds", 2)


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """A folder with a rule and a suite, and a cache folder of its own."""
    folder = tmp_path_factory.mktemp("compare")
    (folder / "mine.rule").write_text(MINE)
    (folder / "small.yaml").write_text(SUITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr("search.environment.prepare_process", lambda: None)
        yield folder


@pytest.fixture(scope="module")
def first(surroundings):
    return compared(surroundings, "--json", "--out", surroundings / "out" / "here")


def compared(folder, *options):
    return run("compare", folder / "mine.rule", "--suite", folder / "small.yaml", *SMALL, *options)


def without_times(text):
    data = json.loads(text)
    for rule in data["rules"]:
        for runs in rule["runs"].values():
            assert runs.pop("seconds_per_step") > 0
    for row in data["table"]:
        assert row.pop("wall") > 0
    return data


def test_the_table_reads_as_it_should(snapshot):
    console = Console(highlight=False, width=140, color_system=None)
    with console.capture() as capture:
        console.print(tables(by_hand()))
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    assert text == snapshot


def test_the_figure_is_svg_with_a_panel_per_task_and_the_same_each_time():
    text = figure(by_hand())
    assert figure(by_hand()) == text
    words = {element.text for element in ElementTree.fromstring(text).iter() if element.text}
    assert {"performance profiles", "first", "second", "third", "mine", "lion"} <= words


def test_a_comparison_prints_json_and_writes_figure_and_data(first, surroundings):
    status, out, err = first
    assert status == 0 and "tuning and running mine on quadratic" in err
    data = json.loads(out)
    assert [rule["name"] for rule in data["rules"]] == ["mine", "adamw"]
    assert data["verdicts"][0]["rule"] == "mine"
    folder = surroundings / "out" / "here"
    assert json.loads((folder / "comparison.json").read_text()) == data
    ElementTree.parse(folder / "comparison.svg")
    assert sorted(file.name for file in folder.iterdir()) == ["comparison.json", "comparison.svg"]
    kept = list((surroundings / "cache" / "stepsmith" / "compared").iterdir())
    assert len(kept) == 2, "one rule and one baseline on one task"


def test_the_same_comparison_has_the_same_figures_kept_or_not(first, surroundings):
    kept, fresh = (
        compared(surroundings, "--json", *options)[1] for options in ((), ("--no-cache",))
    )
    assert without_times(first[1]) == without_times(kept) == without_times(fresh)


def test_without_json_the_table_ends_with_the_verdict(first, surroundings):
    status, out, _ = compared(surroundings)
    assert status == 0
    said = json.loads(first[1])["verdicts"][0]["sentence"]
    assert out.splitlines()[-1] == said and said.startswith("mine: ")
    assert list(filter(None, out.splitlines()))[0] == "small: 1 task, 2 fresh seeds"


REFUSED = {
    "an unknown rule": (("lyon",), "unknown rule 'lyon'; did you mean 'lion'?"),
    "an unknown baseline": (("lion", "--baselines", "adamw,adann"), "unknown rule 'adann'; did"),
    "an unknown suite": (("lion", "--suite", "helt_out"), "did you mean 'held_out'?"),
    "a task that is not there": (("lion", "--tasks", "digits_dep"), "did you mean 'digits_deep'?"),
    "a rule twice": (("lion", "lion"), "'lion' is the same rule as 'lion'"),
    "too few looked at": (("lion", "sgd", "--looked-at", 1), "only 1 were looked at"),
    "what a task does not answer": (("sophia_g",), "draws no labels"),
    "one seed": (("lion", "--seeds", 1), "Invalid value for '--seeds'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_use_is_refused_and_writes_nothing(case, tmp_path):
    arguments, message = REFUSED[case]
    assert message in refused("compare", *arguments, "--out", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_could_not_be_written_is_refused_before_the_work(tmp_path):
    taken = tmp_path / "comparison.svg"
    taken.write_text("mine")
    assert "--force replaces it" in refused("compare", "lion", "--out", tmp_path)
    assert "is not a folder" in refused("compare", "lion", "--out", taken / "below")
    assert taken.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
