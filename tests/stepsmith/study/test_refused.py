"""Sentences for all that a study cannot begin with, or be told; nothing is lost by them."""

import json
import shutil

import pytest

from evaluators import registry
from evaluators.errors import EvaluatorError
from evaluators.own.outside import Problem
from search.errors import CampaignFailed, ConfigChanged, ConfigError, LedgerError
from search.ledger import FILE, Ledger
from stepsmith import Study
from stepsmith.asking import journal
from stepsmith.errors import UsageError
from tests.support.own_tasks import alone_in, written
from tests.support.studies import CONFIG, MINE, content, finish, study, told


def test_what_cannot_be_told_is_refused_in_a_sentence(tmp_path):
    with study(tmp_path) as asking:
        rule = asking.ask()[0]
        (seed,) = rule.seeds
        for losses, said in (
            (
                {seed: 0.5, 17: 0.5},
                f"rule {rule.id} was asked with the seed {seed}, met the seed 17",
            ),
            (
                {seed: [0.5, 0.4]},
                "wanted one loss, or one after each of the steps 20, 60, 63, met 2",
            ),
            ({seed: "low"}, "wanted a number for a loss, met 'low'"),
            ({seed: [0.5, "low", 0.1]}, "wanted numbers for losses, met"),
            (0.5, "wanted losses by seed, met float"),
            ({seed: 0.5, str(seed): 0.5}, "a seed is told twice"),
            ({"first": 0.5}, f"was asked with the seed {seed}, met the seed 'first'"),
        ):
            with pytest.raises(UsageError, match=said):
                asking.tell(rule, losses)
        with pytest.raises(UsageError, match="rule deadbeef was not asked"):
            asking.tell("deadbeef", {seed: 0.5})
        with pytest.raises(UsageError, match="wanted a rule that was asked, or its `id`, met 7"):
            asking.tell(7, {seed: 0.5})  # pyright: ignore
        assert asking.ask()[0].id == rule.id
        asking.tell(rule, {str(seed): 0.5})  # pyright: ignore
        with pytest.raises(UsageError, match=f"rule {rule.id} was told already"):
            asking.tell(rule, {seed: 0.5})


def test_a_run_keeps_the_numbers_of_its_problem(whole):
    said = (
        "started with floor=0, untrained=2 for the problem 'my_problem', met floor=0, untrained=3"
    )
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    with pytest.raises(ConfigChanged, match=said):
        study(whole, Problem("my_problem", steps=60, untrained=3.0))
    with pytest.raises(ConfigChanged, match="started with seed = 0, the config now says 7"):
        study(whole, seed=7)
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before


def test_two_studies_have_no_problem_and_no_folder_in_common(whole, tmp_path):
    other = Problem("other_problem", steps=60, untrained=2.0)
    with study(tmp_path / "a") as first:
        (rule, *_) = first.ask()
        with pytest.raises(UsageError, match="the problem 'my_problem' is that of a study of this"):
            study(tmp_path / "b", seed=3)
        with pytest.raises(UsageError, match="a is the folder of a study of this process; close"):
            study(tmp_path / "a", other)
        assert not (tmp_path / "b").exists() and "other_problem" not in registry.names()
        with study(tmp_path / "b", other) as second:
            batches = [first.ask(), second.ask()]
            assert [batch[0].task for batch in batches] == ["my_problem", "other_problem"]
            while any(batches):
                for asking, batch in zip((first, second), batches, strict=True):
                    for rule in batch:
                        asking.tell(rule, told(rule))
                batches = [
                    batch and asking.ask()
                    for asking, batch in zip((first, second), batches, strict=True)
                ]
        registry.forget_outside("other_problem")
    assert content(tmp_path / "a") == content(whole)


def test_a_closed_study_is_told_nothing(whole, tmp_path):
    first = study(tmp_path)
    rule = first.ask()[0]
    first.close()
    with study(tmp_path) as second:
        assert second.ask()[0].id == rule.id
        second.tell(rule, told(rule))
        kept = (tmp_path / "told.jsonl").read_bytes()
        with pytest.raises(UsageError, match="the study is closed; another one in its folder"):
            first.tell(rule, told(rule))
        with pytest.raises(UsageError, match="the study is closed"):
            first.ask()
        assert kept and (tmp_path / "told.jsonl").read_bytes() == kept
    assert finish(tmp_path) == content(whole)


@pytest.mark.parametrize("change", ["longer", "shorter", "gone", "as long", "begun otherwise"])
def test_told_losses_of_another_writer_are_left_as_they_are(change, tmp_path, monkeypatch):
    if change == "begun otherwise":
        monkeypatch.setattr(journal, "_END", 8)
    path = tmp_path / "told.jsonl"
    with study(tmp_path) as asking:
        for _ in range(2):
            rule = asking.ask()[0]
            asking.tell(rule, told(rule))
        first, second = path.read_bytes().splitlines(keepends=True)
        other, before = (
            line[:-4] + (b"1" if line[-4:-3] != b"1" else b"2") + line[-3:]
            for line in (second, first)
        )
        new = {
            "longer": first + second + second,
            "shorter": first,
            "gone": b"",
            "as long": first + other,
            "begun otherwise": before + second,
        }[change]
        assert json.loads(other)["losses"] != json.loads(second)["losses"]
        path.unlink()
        if new:
            path.write_bytes(new)
        rule = asking.ask()[0]
        said = (
            "other losses than" if len(new) == len(first + second) else "of which this study knows"
        )
        with pytest.raises(LedgerError, match=said):
            asking.tell(rule, told(rule))
        assert path.read_bytes() == new
        assert asking.ask()[0].id == rule.id, "it was not told"


def test_a_run_goes_on_with_the_losses_alone_that_it_has_scored(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    path = folder / "told.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    scored = {
        run.loss
        for row in Ledger.read(folder / FILE).rows()
        if row.verdict.evaluation is not None
        for run in row.verdict.evaluation.measurements
    }
    at = next(n for n, line in enumerate(lines) if scored & {*json.loads(line)["losses"]})
    kept = path.read_bytes()
    changed = json.loads(lines[at])
    changed["losses"] = [loss + 0.125 for loss in changed["losses"]]
    path.write_text("".join([*lines[:at], json.dumps(changed) + "\n", *lines[at + 1 :]]))
    with pytest.raises(LedgerError, match="is not that of this run: its ledger has scored a loss"):
        study(folder)
    path.write_bytes(kept)
    assert finish(folder) == content(whole)


def test_a_baseline_that_always_diverges_ends_the_study(tmp_path):
    with (
        study(tmp_path, start=["sgd"]) as asking,
        pytest.raises(CampaignFailed, match="all 3 runs of the baseline adamw on the problem"),
    ):
        while batch := asking.ask():
            for rule in batch:
                asking.tell(rule, {})


def test_losses_below_the_floor_end_the_study_at_its_baseline(tmp_path):
    count = 0
    said = "of the problem 'my_problem' that are below `floor=0`, the least -0.5"
    with study(tmp_path) as asking, pytest.raises(CampaignFailed, match=said):
        while batch := asking.ask():
            for rule in batch:
                count += 1
                asking.tell(rule, dict.fromkeys(rule.seeds, 0.5 if count < 3 else -0.5))
    assert count == CONFIG["baseline"]["evaluations"]


def test_a_problem_that_is_none_is_refused(tmp_path):
    with pytest.raises(EvaluatorError, match="untrained loss 1 is not above the floor 2"):
        Problem("odd", steps=5, untrained=1.0, floor=2.0)
    for name, said in (
        ("parity", "problem 'parity': the task of that name is one of Stepsmith's own"),
        ("my net", "a problem called 'my net'"),
        (7, "a problem called 7"),
    ):
        with pytest.raises(EvaluatorError, match=said):
            Problem(name, steps=5, untrained=2.3)  # pyright: ignore
    for numbers, said in (
        ({"steps": "10"}, "`steps` is '10', not a whole number"),
        ({"untrained": "2"}, "`untrained` is '2', no number"),
        ({"floor": None}, "`floor` is None, no number"),
    ):
        with pytest.raises(EvaluatorError, match=said):
            Problem("odd", **{"steps": 5, "untrained": 2.0, **numbers})  # pyright: ignore
    for problems in (7, "odd", [MINE, "odd"]):
        with pytest.raises(UsageError, match="wanted a list of `Problem`s, met"):
            Study(CONFIG, problems, out=tmp_path)  # pyright: ignore
    with pytest.raises(ConfigError, match="unknown task 'other'"):
        study(tmp_path, tasks=[{"name": "other", "steps": 5}])
    with pytest.raises(UsageError, match=f"not name the problem '{MINE.name}' .*, which are wine"):
        study(tmp_path, tasks=[{"name": "wine", "steps": 5}])
    with pytest.raises(UsageError, match="is given twice"):
        Study(CONFIG, [MINE, MINE], out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_problem_called_like_a_task_of_a_plug_in_is_refused(tmp_path):
    taken = Problem("taken", steps=5, untrained=2.0)
    with alone_in(tmp_path):
        plugin = written(tmp_path, 'task("taken", params=w, loss=square, examples=x)')
        with pytest.raises(EvaluatorError, match="that name is brought by the plug-in .*mine.py"):
            Study(CONFIG, taken, tmp_path / "a", plugins=[plugin])
        assert not (tmp_path / "a").exists() and registry.own("taken") is not None
