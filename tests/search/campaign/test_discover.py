"""The real command in processes of its own, with real tasks."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from dsl.export import HOSTS
from search.errors import SearchError
from search.ledger import FILE, Ledger

CONFIG = {
    "campaign": "tiny",
    "tasks": [{"name": "digits", "steps": 20}, {"name": "quadratic", "steps": 20}],
    "budget": {"candidates": 120},
    "strategy": {"kind": "regularized_evolution", "population": 16, "tournament": 3},
    "evaluation": {"generation": 40},
    "baseline": {"evaluations": 4},
    "final": {"finalists": 2, "seeds": 2},
    "look_ahead": 6,
}
STEPSMITH = [sys.executable, "-c", "from stepsmith.cli import main; main()"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("discover")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def start(folder, *words):
    root = str(Path(__file__).resolve().parents[3])
    search_path = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [*STEPSMITH, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stepsmith(folder, *words):
    process = start(folder, *words)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def discover(folder, name, workers):
    return ("discover", "tiny.yaml", "--set", f"workers={workers}", "--out", name)


def wait_for(folder, name, candidates):
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        try:
            ledger = Ledger.read(folder / name / FILE, whole=False)
        except SearchError:
            count = 0
        else:
            count = len(ledger)
            ledger.close()
        if count >= candidates:
            return
        time.sleep(0.02)
    raise AssertionError(f"{name} did not get to {candidates} candidates")


def status(folder, name):
    code, out, _ = stepsmith(folder, "status", name, "--json")
    assert code == 0
    return json.loads(out)


@pytest.fixture(scope="module")
def reference(folder):
    code, out, err = stepsmith(folder, *discover(folder, "serial", 0))
    assert code == 0, err
    assert "->" in out
    return status(folder, "serial")


@pytest.mark.slow
def test_a_finished_run_says_so_and_keeps_its_files(folder, reference):
    assert reference["state"] == "complete"
    assert reference["programs"] == 120
    assert reference["compilations"] == 2
    code, _, err = stepsmith(folder, *discover(folder, "serial", 0))
    assert code == 0
    assert "complete" in err
    names = {path.name for path in (folder / "serial").iterdir()}
    winners = {f"winner{host.suffix}" for host in HOSTS.values()}
    assert {"config.yaml", FILE, "winner.rule", *winners} <= names


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_killed_and_resumed_on_ray_is_the_serial_run(folder, reference, workers):
    name = f"killed{workers}"
    process = start(folder, *discover(folder, name, workers))
    wait_for(folder, name, 40)
    process.kill()
    process.communicate()
    before = status(folder, name)
    assert before["state"] == "interrupted"
    assert 40 <= before["programs"] < 120
    code, _, err = stepsmith(folder, *discover(folder, name, workers))
    assert code == 0, err
    assert f"Resumed: {before['programs']} programs" in err
    assert status(folder, name)["content_hash"] == reference["content_hash"]


@pytest.mark.slow
def test_ctrl_c_ends_with_the_command_to_resume(folder, reference):
    # Where these tests run in the background, an ignored signal would be inherited.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = start(folder, *discover(folder, "stopped", 0))
    signal.signal(signal.SIGINT, before)
    wait_for(folder, "stopped", 30)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stepsmith discover tiny.yaml --set workers=0 --out stopped" in err
    assert "Traceback" not in err
    code, _, _ = stepsmith(folder, *discover(folder, "stopped", 0))
    assert code == 0
    assert status(folder, "stopped")["content_hash"] == reference["content_hash"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("discover", "tiny.yaml", "--set", "workrs=1"), "did you mean 'workers'?"),
        (("discover", "nowhere.yaml"), "No such file"),
        (("status", "nothing"), "no run at nothing"),
    ],
)
def test_wrong_use_is_status_2_a_sentence_and_no_folder(folder, words, text):
    code, out, err = stepsmith(folder, *words)
    assert code == 2
    assert text in " ".join(err.split())
    assert "Traceback" not in err
    assert not out
    assert not (folder / "runs").exists()
