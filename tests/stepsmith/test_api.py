"""`import stepsmith`: what the commands do, as functions."""

import json
import os
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import pytest

import stepsmith
from dsl import canonical_hash
from dsl.zoo import ZOO
from search import run as run_module
from search.campaign import events
from search.config import config_of
from search.errors import ConfigError, NoSuchRule, NoSuchRun
from search.ledger.lock import run_lock
from search.run import run_campaign
from stepsmith.errors import UsageError
from tests.stepsmith.test_startup import HEAVY, ROOT
from tests.support.commands import run as command
from tests.support.fakes import CONFIG, config, fake_worker

CHANGES = {"start": ["adamw", "lion"], "budget": {"candidates": 80}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one finished campaign, `runs/tiny`."""
    folder = tmp_path_factory.mktemp("api")
    run_campaign(config(**CHANGES), folder / "runs" / "tiny", make_worker=fake_worker)
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return stepsmith.Run("tiny")


def test_the_package_imports_nothing_that_computes_until_it_is_needed(folder):
    code = (
        "import sys, stepsmith; early = len(sys.modules); run = stepsmith.Run('runs/tiny'); "
        "shown = [repr(run), run._repr_html_(), stepsmith.load('lion')._repr_html_()]; "
        "assert 'rich' not in sys.modules and early < 200, early; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.split())


def test_every_name_is_there_and_no_other():
    assert set(stepsmith.__all__) <= set(dir(stepsmith))
    for name in stepsmith.__all__:
        assert getattr(stepsmith, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'discovr'"):
        getattr(stepsmith, "discovr")  # noqa: B009


def test_a_run_has_what_the_commands_show(run, folder):
    assert run.folder.resolve() == folder / "runs" / "tiny"
    assert run.status == json.loads(command("status", "tiny", "--json")[1])
    listed = json.loads(command("top", "tiny", "--json", "-n", 7)[1])
    assert [each.to_json() for each in run.top(limit=7)] == listed
    hall = run.hall_of_fame
    assert hall.winner.hash == run.status["winner"]["hash"] and hall.front[0] in hall.entries
    best = run.top()[0]
    assert run.program(best.hash[:10]) == best.program
    assert run.lineage(best.hash)[-1].number == best.number
    assert run.origin(best.hash).score == best.score
    assert len(run.candidates()) == 80 and run.candidates()[3:5][1].number == 4
    assert set(run.front) <= set(run.top()) and run.config["campaign"] == "tiny"
    assert canonical_hash(run.winner) == canonical_hash(stepsmith.load("runs/tiny"))
    with pytest.raises(NoSuchRun):
        stepsmith.Run("nowhere")
    with pytest.raises(NoSuchRun, match="without the ledger"):
        stepsmith.Run("quickstart")


def test_a_run_and_a_program_show_themselves(run):
    best = run.top()[0]
    shown = repr(run)
    assert "tiny, complete, 80 of 80 programs" in shown and run.hall_of_fame.sentence in shown
    assert shown.count("\n->") == 1
    html = run._repr_html_()
    assert html.count("<table>") == 1 and run.hall_of_fame.winner.hash[:8] in html
    assert repr(best.program) == str(best.program)
    assert best.program._repr_html_().startswith("<pre>def c")
    way = run.lineage(best.hash)
    assert f"{way!r}\n" == command("show", f"tiny:{best.hash}", "--lineage")[1]
    assert way._repr_html_().startswith("<pre>c0 ")
    tricky = stepsmith.parse('def f(w, g):\n    """a < b & c"""\n    return g')
    assert "a &lt; b &amp; c" in tricky._repr_html_()
    assert repr(run.candidates()).splitlines()[0] == "80 candidates"
    assert len(repr(run.candidates()).splitlines()) == 23
    assert "<p>and 60 more</p>" in run.candidates()._repr_html_()


def test_candidates_become_a_frame_where_pandas_is(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_pandas needs pandas, which is not installed"):
        run.candidates().to_pandas()
    frame = SimpleNamespace(
        DataFrame=lambda records, index: (records, index), Index=lambda values, name: values
    )
    monkeypatch.setitem(sys.modules, "pandas", frame)
    records, index = run.candidates().to_pandas()
    assert index == list(range(80))
    for record, each in zip(records, run.candidates(), strict=True):
        assert record["score"] == each.score and record["program"] == each.text
        assert record["score on digits"] == each.by_task.get("digits")
        assert "by_task" not in record and "number" not in record


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_reading_a_run_writes_nothing_and_needs_no_lock(run):
    before = contents(run.folder)
    with run_lock(run.folder):
        held = contents(run.folder)
        assert run.status["state"] == "running"
        assert run.top() and run.candidates() and run.hall_of_fame and repr(run)
        assert contents(run.folder) == held
    assert before.keys() == held.keys()


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


def test_reading_an_interrupted_run_leaves_no_file_beside_it(tmp_path):
    def stop(event):
        if isinstance(event, events.VerdictEntered) and event.progress.judged == 15:
            raise Stop

    with pytest.raises(Stop):
        run_campaign(config(), tmp_path, stop, fake_worker)
    before, run = contents(tmp_path), stepsmith.Run(tmp_path)
    assert run.status["state"] == "interrupted" and len(run.candidates()) == 15 and run.top()
    assert contents(tmp_path) == before


def test_a_run_is_read_while_it_is_written(tmp_path):
    seen = []

    def look(event):
        if isinstance(event, events.VerdictEntered) and event.progress.judged in (10, 20):
            run = stepsmith.Run(tmp_path)
            seen.append((run.status["state"], run.hall_of_fame, len(run.candidates()), repr(run)))

    run_campaign(config(budget={"candidates": 20}), tmp_path, look, fake_worker)
    assert [(state, hall) for state, hall, *_ in seen] == [("running", None)] * 2
    assert seen[0][2] <= seen[1][2] and "tiny, running" in seen[1][3]


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Campaigns of fakes, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("evaluators.training.environment.prepare_process", lambda: None)
    monkeypatch.setattr(run_module, "run_campaign", partial(run_campaign, make_worker=fake_worker))
    return tmp_path


def test_a_campaign_runs_from_a_dict_which_is_left_alone(quick, capsys):
    values, seen = json.loads(json.dumps(CONFIG)), []
    run = stepsmith.discover(values, overrides=["budget.candidates=15"], observe=seen.append)
    assert values == CONFIG and run.folder.as_posix() == "runs/tiny"
    assert run.status["state"] == "complete" and run.status["budget"] == 15
    out, err = capsys.readouterr()
    assert not out and "Measuring the" in err
    assert any(isinstance(event, events.VerdictEntered) for event in seen)
    again = stepsmith.discover(run.folder / "config.yaml", out=run.folder, progress=False)
    assert again.status["content_hash"] == run.status["content_hash"]
    assert capsys.readouterr() == ("", "")
    small = config(budget={"candidates": 9})
    other = stepsmith.discover(small, "elsewhere", progress=False)
    assert other.folder.as_posix() == "elsewhere" and other.status["programs"] == 9


def test_a_wrong_config_is_named(quick):
    with pytest.raises(ConfigError, match="config: campain: unknown key; did you mean 'campaign'"):
        stepsmith.discover({**CONFIG, "campain": "x"})
    with pytest.raises(ConfigError, match="No such file"):
        stepsmith.discover("nowhere.yaml")
    for none in (None, [1], 3):
        with pytest.raises(
            UsageError, match="wanted a dict of the keys of a campaign, or the path"
        ):
            stepsmith.discover(none)  # pyright: ignore
    assert not (quick / "runs").exists()


def test_tuples_do_for_lists(quick):
    values = {**CONFIG, "start": ("adamw", "lion"), "tasks": ({"name": "digits", "steps": 20},)}
    assert config_of(values) == config_of({**CONFIG, "start": ["adamw", "lion"]})


def test_a_hash_is_looked_for_alike_everywhere(run):
    for ask in (run.program, run.lineage, run.origin):
        for wrong, said in (
            ("", "no program of"),
            ("nothing", "no program of"),
            (3, "wanted the first digits of a hash as a text, met 3"),
        ):
            with pytest.raises(NoSuchRun, match=said):
                ask(wrong)
    hashes = [each.hash for each in run.candidates()]
    twice = next(h[0] for h in hashes if len({other for other in hashes if other[0] == h[0]}) > 1)
    for ask in (run.program, run.lineage, run.origin):
        with pytest.raises(NoSuchRun, match="several programs of"):
            ask(twice)


def test_what_is_no_run_is_said(run):
    with pytest.raises(
        UsageError, match="wanted the folder or the name of a run, met an object: R"
    ):
        stepsmith.Run(run)


def test_rules_are_named_as_on_the_command_line(tmp_path):
    path = tmp_path / "mine.rule"
    path.write_text(str(ZOO["lion"]))
    assert stepsmith.load("lion") == stepsmith.load(path) == stepsmith.load(str(path))
    assert stepsmith.load(ZOO["lion"]) is ZOO["lion"]
    with pytest.raises(NoSuchRule, match="did you mean 'lion'"):
        stepsmith.load("lyon")
    for wrong in (None, 3, lambda w, g: g):
        with pytest.raises(UsageError, match="wanted a rule, met .*\n.*`dsl.program` makes"):
            stepsmith.load(wrong)


def test_nearest_is_the_command(run):
    found = stepsmith.nearest("lion", count=3)
    listed = json.loads(command("nearest", "lion", "-n", 3, "--json")[1])
    assert json.loads(json.dumps(found.to_json())) == listed
    assert found[0].name == "lion" and len(found) == len(list(found)) == 3
    assert repr(found).startswith("lion: lion\n  0.0000  lion  the same steps\n")
    assert "<td" in found._repr_html_()


def test_verify_is_the_command_and_takes_what_is_at_hand():
    import optax

    how = {"steps": 2, "ranks": (1,)}
    found = stepsmith.verify(ZOO["lion"], optax.lion, hyper={"lr": 0.01}, **how)
    words = ("--hyper", "lr=0.01", "--steps", 2, "--ranks", "1", "--json")
    status, out, _ = command("verify", "lion", "--against", "optax.lion", *words)
    assert found.equal and found.against == "lion" and status == 0
    assert {**found.to_json(), "against": "optax.lion"} == json.loads(out)
    assert repr(found).startswith("lion and lion are equal: at most ")
    other = stepsmith.verify("sgd", ZOO["sgd"].with_hyperparameters(wd=0.1), hyper={"wd": 0}, **how)
    assert other.equal and other.against == "sgd"
    for wrong in ({"dtype": "half"}, {"ranks": (9,)}, {"steps": 0}):
        with pytest.raises(UsageError):
            stepsmith.verify("lion", "optax.lion", **wrong)


def test_a_comparison_refuses_what_the_command_refuses(tmp_path):
    for wrong, words in (
        ({"baselines": ["adann"]}, "unknown rule 'adann'; did you mean"),
        ({"seeds": 1}, "wanted 2 or more"),
    ):
        with pytest.raises(UsageError, match=words):
            stepsmith.compare("lion", **wrong)
    with pytest.raises(UsageError, match="met none"):
        stepsmith.compare([])
    with pytest.raises(ValueError, match="unknown suite"):
        stepsmith.compare("lion", "held_ou")
    (tmp_path / "comparison.svg").touch()
    with pytest.raises(UsageError, match="exists"):
        stepsmith.compare("lion", out=tmp_path)


SCRIPT = """
import stepsmith

run = stepsmith.discover(
    {
        "campaign": "scripted",
        "start": "adamw",
        "tasks": [{"name": "quadratic", "steps": 20}],
        "evaluation": {"seeds": 1},
        "strategy": {"kind": "regularized_evolution", "population": 3, "tournament": 2},
        "budget": {"candidates": 8},
        "baseline": {"rule": "adamw", "evaluations": 1},
        "final": {"finalists": 1, "seeds": 2, "reduction": {"evaluations": 0}},
        "workers": 1,
    }
)
print(run.status["state"], len(run.candidates()))
"""


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.parametrize("way", ["script", "exec"])
def test_a_script_without_a_guard_may_have_workers(tmp_path, way):
    file = tmp_path / "script.py"
    file.write_text(SCRIPT if way == "script" else f"exec({SCRIPT!r})")
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["complete", "8"]
