"""`stepsmith compare`: the table, the files, and what it refuses."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from evaluators.comparison.plan import CellEstimate, ComparisonPlan
from evaluators.comparison.ranking import ranked
from stepsmith.comparing.figure import figure
from stepsmith.comparing.progress import plan_lines
from stepsmith.comparing.view import tables
from tests.support.commands import refused, run, working_in
from tests.support.comparisons import by_hand

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
    """A folder with a rule and a suite."""
    files = {"mine.rule": MINE, "small.yaml": SUITE}
    with working_in(tmp_path_factory.mktemp("compare"), files) as folder:
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
        assert all(figures.pop("seconds") > 0 for figures in row["by_task"].values())
    return data


def test_the_table_reads_as_it_should(snapshot):
    console = Console(highlight=False, width=140, color_system=None)
    with console.capture() as capture:
        console.print(tables(ranked(by_hand())))
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    assert text == snapshot


def test_the_figure_is_svg_with_a_panel_per_task_and_the_same_each_time():
    text = figure(by_hand())
    assert figure(by_hand()) == text
    words = {element.text for element in ElementTree.fromstring(text).iter() if element.text}
    assert {"performance profiles", "first", "second", "third", "mine", "lion"} <= words


def test_a_comparison_prints_json_and_writes_figure_and_data(first, surroundings):
    status, out, err = first
    assert status == 0 and "To do: 2 of 2 pairs of a rule and a task" in err
    assert "small: 1 task (quadratic); 2 rules (mine, adamw); 2 fresh seeds" in err
    assert "tuning and running adamw on quadratic" in err
    data = json.loads(out)
    assert [rule["name"] for rule in data["rules"]] == ["mine", "adamw"]
    assert data["verdicts"][0]["rule"] == "mine"
    folder = surroundings / "out" / "here"
    assert json.loads((folder / "comparison.json").read_text()) == data
    ElementTree.parse(folder / "comparison.svg")
    assert sorted(file.name for file in folder.iterdir()) == ["comparison.json", "comparison.svg"]
    kept = list((surroundings / "cache" / "stepsmith" / "compared").iterdir())
    assert len(kept) == 4, "a tuning and runs of one rule and one baseline on one task"


def test_the_json_holds_what_the_table_shows(first):
    row = json.loads(first[1])["table"][0]
    wanted = {"rank", "score", "won", "steps", "wall", "reached", "window", "memory", "failed"}
    assert wanted <= row.keys()
    assert row["score"].keys() == {"low", "estimate", "high"} and row["won"].keys() <= {"adamw"}
    assert row["by_task"]["quadratic"].keys() == {"score", "steps", "seconds"}


def test_without_a_folder_every_comparison_gets_a_new_one(first, surroundings):
    """Files that are there stay as they are."""
    base = surroundings / "runs" / "compare"
    before = set(base.glob("*"))
    _, _, err = compared(surroundings, "--json")
    (one,) = set(base.iterdir()) - before
    assert f"Written: runs/compare/{one.name}/comparison.svg" in err
    assert "All runs are kept from earlier" in err
    (one / "comparison.svg").write_text("mine")
    _, _, err = compared(surroundings, "--json")
    (two,) = set(base.iterdir()) - before - {one}
    assert two.name.startswith("small-") and f"Written: runs/compare/{two.name}/" in err
    assert (one / "comparison.svg").read_text() == "mine"


def test_ctrl_c_says_how_to_go_on(surroundings, monkeypatch):
    def interrupted(self, rule):
        raise KeyboardInterrupt

    monkeypatch.setattr("evaluators.comparison.runner.TaskRunner._tune", interrupted)
    monkeypatch.setattr("sys.argv", ["stepsmith", "compare", "my rule.rule"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(surroundings / "empty"))
    before = list(surroundings.rglob("comparison.*"))
    status, out, err = compared(surroundings)
    assert (status, out) == (130, "")
    assert "is kept; to go on:\n  stepsmith compare 'my rule.rule'\n" in err
    assert list(surroundings.rglob("comparison.*")) == before


@pytest.mark.ray
@pytest.mark.slow
def test_workers_find_what_one_process_finds(first, surroundings, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(surroundings / "by_workers"))
    status, out, err = compared(surroundings, "--json", "--workers", 2)
    assert status == 0 and "with 2 workers" in err
    assert without_times(out) == without_times(first[1])
    assert len(list((surroundings / "by_workers" / "stepsmith" / "compared").iterdir())) == 4
    status, out, _ = compared(surroundings, "--json", "--workers", 2, "--no-cache")
    assert status == 0 and without_times(out) == without_times(first[1])


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


def test_the_plan_says_what_is_to_be_done_and_what_takes_longest():
    rules = ("adamw", "mine")
    cells = [
        CellEstimate(task, rule, task == 0, 165, 60.0 * task)
        for task in range(5)
        for rule in range(2)
    ]
    plan = ComparisonPlan(tuple("abcde"), rules, tuple(cells))
    assert plan_lines(plan, "small", 10, 2) == [
        "small: 5 tasks (a, b, c, d, e); 2 rules (adamw, mine); 10 fresh seeds",
        "To do: 8 of 10 pairs of a rule and a task, 2 kept from earlier: about 1,300 training "
        "runs, very roughly 10:00 with 2 workers",
        "Longest: e 8:00, d 6:00, c 4:00; --tasks leaves tasks out",
    ]
    busy = plan_lines(replace(plan, share=0.5), "small", 10, 2)
    assert busy[1].endswith("20:00 with 2 workers, at 50% of a core for each process, as now")


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
def test_wrong_use_is_refused_and_writes_nothing(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, message = REFUSED[case]
    assert message in refused("compare", *arguments, "--out", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_could_not_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    taken = tmp_path / "comparison.svg"
    taken.write_text("mine")
    assert "--force replaces it" in refused("compare", "lion", "--out", tmp_path)
    assert "is not a folder" in refused("compare", "lion", "--out", taken / "below")
    assert taken.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("")
    assert "--out DIR writes" in refused("compare", "lion", "--tasks", "parity")
