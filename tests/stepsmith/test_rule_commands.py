"""`stepsmith zoo`, `show`, `simplify` and `export`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dsl import canonical_hash, fingerprint, parse
from dsl.combine import COMBINATORS, clipped_by_global_norm, cosine, warmup
from dsl.export import HOSTS, to_graph
from dsl.export.host import Host
from dsl.zoo import ZOO
from stepsmith.cli import app
from tests.support.commands import refused, run

NOISY = """
def noisy(w, g, m=zeros, v=zeros, *, lr=0.1, b1=0.9, b2=0.5):
    v = interp(g, v, b2)
    m = interp(g * 1, m, b1)
    return lr * m
"""


@pytest.fixture
def noisy(tmp_path):
    path = tmp_path / "noisy.rule"
    path.write_text(NOISY)
    return path


def test_zoo_lists_every_rule():
    status, out, _ = run("zoo")
    assert status == 0
    names = [line.split()[0] for line in out.splitlines() if line[:1].strip()][1:]
    assert sorted(names) == sorted(ZOO)
    listed = json.loads(run("zoo", "--json")[1])
    assert sorted(rule["name"] for rule in listed) == sorted(ZOO)
    lion = next(rule for rule in listed if rule["name"] == "lion")
    assert lion["slots"] == {"m": "Tensor"} and lion["statements"] == 6
    assert lion["oracle_calls"] == [] and lion["oracle_calls_per_step"] == "none"
    assert lion["memory_per_parameter"] == 1 and lion["checked_against"] == "optax.lion"
    assert lion["hyperparameters"]["b1"]["default"] == 0.9


def test_zoo_tells_all_about_the_rules_that_are_named():
    status, out, _ = run("zoo", "sophia_h", "galore")
    assert status == 0
    for fact in (
        "Sophia: A Scalable Stochastic Second-order Optimizer",
        "oracle calls per step 2 gradients every 10 steps",
        "pytorch_optimizer.SophiaH to 1e-10",
        "[1, inf) whole",
        "steps between estimates of the curvature",
        "for rank 2 only, since leading singular vectors are those of a matrix",
    ):
        assert fact in " ".join(out.split()), fact
    sophia, galore = json.loads(run("zoo", "sophia_h", "galore", "--json")[1])
    assert sophia["oracle_calls"] == [
        {
            "oracle": "hvp",
            "cost": "2 gradients",
            "share_of_steps": {"least": 0.1, "most": 0.1},
        }
    ]
    assert sophia["status"] == "verified" and galore["ranks"] == [2]
    assert "did you mean 'lion'?" in refused("zoo", "lio")
    assert "excludes" in refused("zoo", "lion", "--markdown")


def test_combine_makes_a_rule_of_a_rule(tmp_path):
    made = cosine(warmup(clipped_by_global_norm(ZOO["lion"], c=2), warmup=100))
    words = ("lion", "clipped_by_global_norm:c=2", "warmup:warmup=100", "cosine")
    status, out, _ = run("combine", *words)
    assert status == 0 and parse(out) == made
    assert run("combine", *words, "-o", tmp_path / "made.rule")[:2] == (0, "")
    assert parse(run("show", tmp_path / "made.rule")[1]) == made
    listed = run("combine", "lion")[1]
    assert run("combine")[1] == listed and "period=5 (1 or more, whole), alpha=0.5" in listed
    assert "period=0 is out of range" in refused("combine", "lion", "lookahead:period=0")
    assert all(f"\n{name} " in listed for name in COMBINATORS)
    assert "unknown combinator 'warmap'; did you mean 'warmup'?" in refused(
        "combine", "lion", "warmap"
    )
    assert "'x' is not NAME=VALUE" in refused("combine", "lion", "warmup:x")
    assert "no hyperparameter 'c'" in refused("combine", "lion", "warmup:c=1")


def test_show_prints_a_rule_that_can_be_read_back():
    status, out, _ = run("show", "lion")
    assert status == 0 and parse(out) == ZOO["lion"]
    assert canonical_hash(ZOO["lion"]) in out and fingerprint(ZOO["lion"]) in out


def test_show_has_other_forms():
    assert "%1 u    Tensor  = sign(%0)" in run("show", "lion", "--as", "kinds")[1]
    assert run("show", "lion", "--as", "latex")[1].startswith("\\begin{align*}")
    assert canonical_hash(parse(run("show", "lion", "--as", "canonical")[1])) == canonical_hash(
        ZOO["lion"]
    )
    assert run("show", "lion", "--as", "graph")[1] == to_graph(ZOO["lion"])
    facts = json.loads(run("show", "lion", "--json")[1])
    assert facts["canonical_hash"] == canonical_hash(ZOO["lion"])
    assert "exclude each other" in refused("show", "lion", "--json", "--as", "latex")


def test_show_marks_what_is_dead(noisy):
    listing = run("show", noisy, "--as", "kinds")[1]
    assert [line.endswith("# dead") for line in listing.splitlines() if "interp" in line] == [
        True,
        False,
    ]


def test_simplify_prints_the_rule_and_says_what_went(noisy, tmp_path):
    status, out, err = run("simplify", noisy)
    assert status == 0 and parse(out).slots.keys() == {"m"}
    assert err == "Removed: 2 of 4 statements; slot v; hyperparameter b2\n"
    target = tmp_path / "short.rule"
    status, printed, _ = run("simplify", noisy, "-o", target)
    assert (status, printed, target.read_text()) == (0, "", out)
    assert run("simplify", target)[2] == "Nothing to remove\n"


@pytest.mark.parametrize(
    ("host", "word"),
    [
        ("optax", "def scale_by_lion("),
        ("torch", "class Lion(torch.optim.Optimizer):"),
        ("latex", "\\begin{align*}"),
        ("rule", "def lion(w, g"),
    ],
)
def test_export_writes_for_every_host(host, word, tmp_path):
    status, out, _ = run("export", "lion", "--to", host)
    assert status == 0 and word in out
    target = tmp_path / "made"
    assert run("export", "lion", "--to", host, "-o", target) == (0, "", "")
    assert target.read_text() == out
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_host_that_is_declared_can_be_exported_to(monkeypatch):
    monkeypatch.setitem(HOSTS, "fake", Host("Fake", ".fake", lambda program, **_: program.name))
    assert run("export", "lion", "--to", "fake") == (0, "lion\n", "")
    assert "unknown format 'fax'; did you mean 'fake'" in refused("export", "lion", "--to", "fax")


def test_a_file_is_replaced_by_force_only(tmp_path):
    target = tmp_path / "lion.py"
    target.write_text("mine")
    assert f"{target} exists" in refused("export", "lion", "--to", "torch", "-o", target)
    assert target.read_text() == "mine"
    assert run("export", "lion", "--to", "torch", "-o", target, "--force")[0] == 0
    assert "class Lion" in target.read_text()


@pytest.mark.parametrize(("host", "module"), [("torch", "torch"), ("optax", "optax")])
def test_a_file_does_not_take_the_place_of_a_module_that_it_imports(host, module, tmp_path):
    target = tmp_path / f"{module}.py"
    words = refused("export", "lion", "--to", host, "-o", target)
    assert f"imports the module {module}" in words and f"{module}_rule.py" in words
    assert not target.exists()
    assert run("export", "lion", "--to", "rule", "-o", tmp_path / f"{module}.rule")[0] == 0


@pytest.fixture
def campaigns(tmp_path, monkeypatch):
    """A campaign with a winner in each of `discovered` and `runs`, and one without."""
    for folder, rule in (("discovered/found", "lion"), ("runs/mine", "signum")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "winner.rule").write_text(f"{ZOO[rule]}\n")
    (tmp_path / "runs" / "unfinished").mkdir()
    (tmp_path / "runs" / "unfinished" / "ledger.sqlite").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = {
    "show": ("--as", "canonical"),
    "simplify": (),
    "nearest": ("--count", "2"),
    "export": ("--to", "rule"),
    "verify": ("--against", "lion", "--steps", "2", "--ranks", "1"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("rule", ["found", "discovered/found", "./discovered/found/"])
def test_every_command_takes_a_discovered_rule(command, rule, campaigns):
    assert run(command, rule, *COMMANDS[command]) == run(command, "lion", *COMMANDS[command])


def test_a_discovered_rule_can_be_what_another_is_verified_against(campaigns):
    for against in ("found", "./discovered/found"):
        assert run("verify", "lion", "--against", against, "--steps", 2, "--ranks", 1)[0] == 0


def test_the_winner_of_a_run_goes_by_the_name_or_folder_of_the_run(campaigns):
    assert parse(run("show", "mine")[1]) == ZOO["signum"]
    assert parse(run("show", campaigns / "runs" / "mine")[1]) == ZOO["signum"]


def test_rules_that_came_with_stepsmith_are_found_from_anywhere(campaigns):
    winner = Path(__file__).parents[2] / "discovered" / "quickstart" / "winner.rule"
    assert run("show", "quickstart") == run("show", winner)


def test_a_name_of_several_rules_is_refused_unless_they_are_the_same(campaigns):
    again = campaigns / "runs" / "found"
    again.mkdir()
    (again / "winner.rule").write_text(str(ZOO["lion"]))
    assert run("show", "found")[0] == 0
    (again / "winner.rule").write_text(str(ZOO["signum"]))
    message = refused("show", "found")
    assert "several rules are called 'found'" in message
    assert str(again) in message and str(campaigns / "discovered" / "found") in message
    assert run("show", "runs/found")[0] == 0


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("runs/unfinished", "the campaign in runs/unfinished has no winner yet"),
        ("runs", "runs is a folder without a winner.rule"),
        ("founds", "did you mean 'found'?"),
    ],
)
def test_a_folder_without_a_winner_is_refused(rule, message, campaigns):
    assert message in refused("show", rule)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("loin", "unknown rule 'loin'; did you mean 'lion'?"),
        ("no_such.rule", "cannot read no_such.rule: No such file or directory"),
        ("nowhere:ab12", "nowhere"),
        (":", "RUN:HASH"),
        ("", "unknown rule ''"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (
        ["show"],
        ["simplify", "-o", "made"],
        ["export", "--to", "torch", "-o", "made"],
    ):
        assert message in refused(*command, rule)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def rule(w, g):\n    return lr * g\n", "unbound name 'lr'"),
        ("import os\n", "a program file is data"),
        ("def rule(:\n", "not a program"),
        ("", "a program is a function"),
    ],
)
def test_a_file_that_is_no_rule_is_refused_with_its_place(text, message, tmp_path):
    path = tmp_path / "bad.rule"
    path.write_text(text)
    target = tmp_path / "made"
    error = refused("export", path, "--to", "optax", "-o", target)
    assert error.startswith(f"{path}: ") and message in error
    assert not target.exists()


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16"])
def test_a_rule_with_a_byte_order_mark_is_read(code, tmp_path):
    path = tmp_path / "marked.rule"
    path.write_bytes(str(ZOO["lion"]).replace("\n", "\r\n").encode(code))
    assert parse(run("show", path)[1]) == ZOO["lion"] == parse(f"\ufeff{ZOO['lion']}")


@pytest.mark.parametrize("command", [("show",), ("zoo",), ("compare", "lion", "--baselines")])
def test_an_unknown_rule_comes_with_the_five_nearest(command):
    told = refused(*command, "AdamWW").splitlines()
    assert "unknown rule 'AdamWW'; did you mean 'adamw'?" in told[0]
    names = told[1].partition("names are ")[2].partition("; ")[0].split(", ")
    assert names[0] == "adamw" and len(set(names)) == 5 and set(names) <= {*ZOO}


def test_bytes_that_are_no_text_and_folders_are_refused(tmp_path):
    path = tmp_path / "bytes.rule"
    path.write_bytes(b"\xff\xfe\x00")
    assert f"{path} is not a text file" in refused("show", path)
    assert "is a folder" in refused("export", "lion", "--to", "rule", "-o", tmp_path)
    missing = tmp_path / "no" / "file"
    assert "cannot write" in refused("export", "lion", "--to", "rule", "-o", missing)


def test_wrong_usage_is_refused():
    assert "--to" in refused("export", "lion")
    assert "foo" in refused("export", "lion", "--to", "foo")
    assert "show" in refused("show")
    assert "frobnicate" in refused("frobnicate")


def test_every_command_has_help_with_an_example():
    commands = [command.name for command in app.registered_commands]
    assert {"zoo", "show", "simplify", "export"} <= set(commands)
    for command in commands:
        status, out, _ = run(command, "--help")
        assert status == 0 and f"Example: stepsmith {command}" in out


def test_help_does_not_wait_for_jax():
    script = "import sys, stepsmith.cli; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
@pytest.mark.parametrize("words", ["show lion", "page config", "zoo --json"])
def test_output_that_cannot_be_written_is_a_sentence(words):
    code = "from stepsmith.cli import main; main()"
    with open("/dev/full", "w") as full:
        said = subprocess.run(
            [sys.executable, "-c", code, *words.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert said.returncode == 1
    assert said.stderr == (
        "the output cannot be written: No space left on device\n"
        "help: see whether the disk is full or failing\n"
    )
