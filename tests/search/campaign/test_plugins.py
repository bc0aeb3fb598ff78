"""A run says which plug-ins it is made from, and goes on with these alone."""

import json
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

import stepsmith
from dsl.language.initialisers import INITIALISERS, initialiser
from dsl.language.kinds import Kind
from dsl.plugins import load, load_named, loaded
from evaluators import registry
from evaluators.catalogue import Best, TaskEntry
from search.campaign.plugins import check_workers_know
from search.config import Config
from search.errors import ConfigChanged, ConfigError, PluginMissing
from search.ledger import FILE, Ledger
from search.run import run_campaign
from stepsmith.cli.discover import resume_command
from tests.support.commands import refused, run
from tests.support.fakes import CONFIG, config, fake_worker
from tests.support.own_tasks import declared
from tests.support.plugins import CHANGE, SOFT_SIGN, forgotten

TASK = """from types import SimpleNamespace

from evaluators.registry import register

register(SimpleNamespace(name="a_task_of_mine"))
"""


@pytest.fixture(autouse=True)
def _forgotten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("evaluators.training.environment.prepare_process", lambda: None)
    (tmp_path / "soft.py").write_text(SOFT_SIGN)
    (tmp_path / "change.py").write_text(CHANGE)
    (tmp_path / "task.py").write_text(TASK)
    with forgotten():
        yield


def campaign(tmp_path, **changes) -> str:
    """The content hash of a small campaign, run or resumed in `run`."""
    return run_campaign(config(**changes), tmp_path / "run", make_worker=fake_worker).content_hash


def with_soft_sign() -> Config:
    return config(primitives={"weights": {"soft_sign": 20.0}})


@pytest.fixture
def made(tmp_path):
    """A run with a plug-in, which is forgotten then."""
    with forgotten():
        load("soft.py")
        found = run_campaign(with_soft_sign(), tmp_path / "run", make_worker=fake_worker)
    assert any(
        "soft_sign" in str(row.candidate.text) for row in Ledger.read(found.folder / FILE).rows()
    )
    return found


def test_a_run_without_plug_ins_has_no_record_of_them(tmp_path):
    campaign(tmp_path)
    assert Ledger.read(tmp_path / "run" / FILE)._get("plugins") is None


def test_what_was_used_is_in_the_run_and_in_its_hash(tmp_path, made):
    ledger = Ledger.read(tmp_path / "run" / FILE)
    (recorded,) = ledger.plugins
    assert (recorded.name, recorded.brings) == ("soft.py", {"primitive": ["soft_sign"]})
    assert recorded.checksum == load("soft.py").checksum
    hashed = ledger.hashed()
    assert recorded.checksum in hashed and "soft.py" not in hashed


def test_it_goes_on_with_the_same_one_by_another_path(tmp_path, made):
    load(str(tmp_path / "soft.py"))
    again = run_campaign(with_soft_sign(), tmp_path / "run", make_worker=fake_worker)
    assert again.was_complete and again.content_hash == made.content_hash


def test_it_does_not_go_on_without_it(tmp_path, made):
    with pytest.raises(PluginMissing, match="started with the plug-in soft.py.*'soft_sign'") as met:
        run_campaign(config(), tmp_path / "run", make_worker=fake_worker)
    assert met.value.help == "add --plugin soft.py"


def test_it_does_not_go_on_with_a_changed_one(tmp_path, made):
    (tmp_path / "soft.py").write_text(SOFT_SIGN + "\n")
    load("soft.py")
    with pytest.raises(ConfigChanged, match="soft.py is not the one that .* was started with"):
        run_campaign(with_soft_sign(), tmp_path / "run", make_worker=fake_worker)


def test_it_does_not_go_on_with_a_further_one_that_a_search_may_use(tmp_path):
    campaign(tmp_path)
    load("task.py")
    campaign(tmp_path)
    load("change.py")
    with pytest.raises(ConfigChanged, match=r"started without the plug-in change\.py") as met:
        campaign(tmp_path)
    assert "--plugin none" in (met.value.help or "")


def test_reading_says_which_one_is_missing(tmp_path, made):
    said = refused("top", "run")
    assert said.startswith("PluginMissing: run was made with the plug-in soft.py, which brings the")
    assert said.rstrip().endswith("help: add --plugin soft.py")
    status, out, _ = run("top", "run", "--plugin", "soft.py", "--csv")
    assert status == 0 and "soft_sign" in out


def test_a_list_of_runs_says_which_one_is_missing(tmp_path, made):
    _, out, _ = run("runs", tmp_path, "--json")
    (found,) = json.loads(out)
    assert found["state"] == "lacks a plug-in"
    assert (
        "made with the plug-in soft.py" in found["error"] and "--plugin soft.py" in found["error"]
    )
    assert "lacks a plug-in" in run("runs", tmp_path)[1]
    _, out, _ = run("runs", tmp_path, "--json", "--plugin", "soft.py")
    assert json.loads(out)[0]["state"] == "complete"


def test_a_winner_says_which_one_is_missing(tmp_path, made):
    winner = tmp_path / "run" / "winner.rule"
    winner.write_text("def r(w, g):\n    return soft_sign(g)\n")
    assert "made with the plug-in soft.py" in refused("show", winner)


def test_a_config_says_which_name_is_missing_and_the_file_where_the_run_knows_it(tmp_path, made):
    import yaml

    values = {**CONFIG, "primitives": {"weights": {"soft_sign": 20.0}}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(values))
    said = refused("discover", "c.yaml")
    assert "unknown primitive 'soft_sign'" in said and "known with --plugin FILE" in said
    assert not (tmp_path / "runs").exists()
    assert "add --plugin soft.py" in refused("discover", "c.yaml", "--out", "run")
    (tmp_path / "runs").mkdir()
    (tmp_path / "run").rename(tmp_path / "runs" / "tiny")
    assert "add --plugin soft.py" in refused("discover", "c.yaml")


def test_a_command_says_what_is_wrong_with_a_plug_in(tmp_path):
    (tmp_path / "bad.py").write_text("def f(:\n")
    assert refused("zoo", "--plugin", "bad.py") == "bad.py:1: SyntaxError: invalid syntax\n"
    assert refused("zoo", "--plugin", "soft").startswith("there is no file and no module soft\n")


def test_a_command_sets_up_jax_before_a_plug_in_may_import_it(monkeypatch):
    prepared = []
    monkeypatch.setattr(
        "evaluators.training.environment.prepare_process", lambda: prepared.append(len(loaded()))
    )
    assert run("primitives")[0] == 0 and prepared == []
    assert run("primitives", "--plugin", "none")[0] == 0 and prepared == []
    assert run("primitives", "--plugin", "soft.py")[0] == 0 and prepared == [0]


def test_the_variable_sets_up_jax_too(monkeypatch):
    prepared = []
    monkeypatch.setattr(
        "evaluators.training.environment.prepare_process", lambda: prepared.append(len(loaded()))
    )
    monkeypatch.setenv("STEPSMITH_PLUGINS", "soft.py")
    assert run("primitives")[0] == 0 and prepared == [0]


def test_the_command_that_resumes_leaves_out_what_was_left_out():
    plain = resume_command(Path("c.yaml"), [], None)
    assert plain == "stepsmith discover c.yaml"
    load_named(["none", "soft.py"])
    words = resume_command(Path("c.yaml"), ["seed=1"], Path("run"))
    assert words == (
        "stepsmith discover c.yaml --set seed=1 --plugin none --plugin soft.py --out run"
    )


def test_a_card_names_the_plug_in_of_its_rule(tmp_path, made):
    status, _, err = run(
        *("export", "run", "--to", "discovered", "--name", "mine", "--out", "cards"),
        *("--plugin", "soft.py"),
    )
    assert status == 0, err
    (card,) = tmp_path.glob("cards/**/README.md")
    text = " ".join(card.read_text().split())
    assert "Made with the plug-in `soft.py` (checksum `" in text
    assert "brings the primitive 'soft_sign'" in text


def test_a_card_of_a_rule_of_no_campaign_names_the_plug_in_of_its_words(tmp_path):
    (tmp_path / "one.rule").write_text("def one(w, g):\n    return soft_sign(g)\n")
    (tmp_path / "lion.rule").write_text("def lion_too(w, g):\n    return sign(g)\n")
    for rule, named in (("one", True), ("lion", False)):
        words = ("--to", "discovered", "--name", rule, "--out", "cards", "--plugin", "soft.py")
        status, _, err = run("export", f"{rule}.rule", *words, "--force")
        assert status == 0, err
        text = " ".join((tmp_path / "cards" / "README.md").read_text().split())
        assert ("Written in words of the plug-in `soft.py` (checksum `" in text) is named
        assert ("the primitive 'soft_sign': commands that read the rule take it" in text) is named


def test_what_one_process_alone_knows_is_no_good_for_workers(tmp_path):
    @initialiser(Kind.TENSOR, torch="torch.zeros_like({w})")
    def of_this_process(xp, w):
        """All entries 0."""
        return xp.zeros_like(w)

    try:
        with pytest.raises(PluginMissing, match="'of_this_process' is declared in this process"):
            campaign(tmp_path, workers=2)
        assert not (tmp_path / "run").exists()
        campaign(tmp_path, workers=0)
    finally:
        del INITIALISERS["of_this_process"]


def test_workers_know_the_tasks_of_the_suites_too(monkeypatch):
    registry.register(SimpleNamespace(name="task_of_this_process"))
    suite = (SimpleNamespace(name="task_of_this_process"),)
    monkeypatch.setattr("search.campaign.plugins.tasks_of", lambda name: suite)
    final = config().final.model_copy(update={"held_out": "mine"})
    asked = config(workers=2).model_copy(update={"final": final})
    try:
        with pytest.raises(PluginMissing, match="the task 'task_of_this_process' is declared in"):
            check_workers_know(asked)
    finally:
        del registry._TASKS["task_of_this_process"]


def test_a_campaign_from_python_names_its_plug_ins(tmp_path, monkeypatch):
    values = {**CONFIG, "primitives": {"weights": {"soft_sign": 1.0, "no_such_word": 1.0}}}
    with pytest.raises(ConfigError, match="unknown primitive 'no_such_word'"):
        stepsmith.discover(values, out=tmp_path / "run", plugins=["soft.py"])
    prepared = []
    monkeypatch.setattr(
        "evaluators.training.environment.prepare_process", lambda: prepared.append(len(loaded()))
    )
    with pytest.raises(ConfigError, match="no_such_word"):
        stepsmith.discover(values, out=tmp_path / "run", plugins=["change.py"])
    assert prepared[0] == 1, "JAX is set up before a plug-in may import it"
    assert [each.name for each in loaded()] == ["soft.py", "change.py"]


def test_it_goes_on_with_the_numbers_of_a_task_that_it_began_with(tmp_path, monkeypatch):
    def known(untrained: float) -> TaskEntry:
        best = Best(0.5, "adamw", {"lr": 0.1})
        return TaskEntry("t", *("", "t", "t"), 20, 4, 9, untrained, best, 0.0, "stated", None)

    def recorded() -> float:
        with closing(Ledger.read(tmp_path / "run" / FILE)) as ledger:
            return ledger.own_tasks["t"].entry.untrained

    text = 'task("t", params=w, loss=square, examples=x)'
    tasks = [{"name": "t", "steps": 20}]
    with forgotten():
        declared(tmp_path, text)
        registry.learn({"t": known(4.0)})
        campaign(tmp_path, tasks=tasks)
        assert recorded() == 4.0
    monkeypatch.setattr("evaluators.measuring.entry_at_first_use", None)  # nothing is measured
    with forgotten():
        declared(tmp_path, text)
        for elsewhere in (None, known(5.0)):
            registry.learn({"t": elsewhere} if elsewhere else {})
            campaign(tmp_path, tasks=tasks)
            assert registry.get("t").untrained == recorded() == 4.0
    with forgotten():
        declared(tmp_path, text + "  # as before")
        with pytest.raises(ConfigChanged, match="the plug-in"):
            campaign(tmp_path, tasks=tasks)


def test_it_does_not_go_on_when_a_task_computes_something_else(tmp_path, monkeypatch):
    (tmp_path / "data.txt").write_text("1.0")
    text = "task('t', params=w, loss=square, examples=x * np.loadtxt('data.txt'))"
    tasks = [{"name": "t", "steps": 20}]
    best = Best(0.5, "adamw", {"lr": 0.1})
    known = TaskEntry("t", *("", "t", "t"), 20, 4, 9, 4.0, best, 0.0, "stated", None)
    with forgotten():
        declared(tmp_path, text)
        registry.learn({"t": known})
        campaign(tmp_path, tasks=tasks)
    (tmp_path / "data.txt").write_text("2.0")
    declared(tmp_path, text)
    with pytest.raises(ConfigChanged, match="the task 't' is not the one that"):
        campaign(tmp_path, tasks=tasks)
