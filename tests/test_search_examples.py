"""The examples that search: with a primitive and a strategy of one's own, on a model in PyTorch."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dsl.plugins import load
from dsl.zoo import ZOO
from search.config import load_config
from search.ledger import FILE, Ledger
from search.run import run_campaign
from search.strategies import STRATEGIES, Judged
from tests.support.commands import run
from tests.support.fakes import config, fake_worker
from tests.support.plugins import forgotten

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "examples" / "plugins"
FILES = (FOLDER / "agreeing.py", FOLDER / "beam.py")


@pytest.fixture(autouse=True)
def _forgotten():
    with forgotten():
        yield


@pytest.mark.torch
def test_the_primitive_holds_what_it_states():
    status, out, _ = run("primitives", "check", FILES[0])
    assert status == 0 and "FAILS" not in out and "not checked" not in out


def test_the_strategy_keeps_the_best_of_each_family():
    load(str(FILES[1]))
    kind, made = STRATEGIES["beam"], config()
    beam = kind(kind.options_type(width=2), [ZOO["sgd"], ZOO["adamw"]], made.breeder())
    told = [(0, "sgd", 0.5), (1, "lion", 0.7), (2, "sgd", 0.4), (3, "adamw", 0.6)]
    for number, family, score in told:
        beam.tell(Judged(number, ZOO[family], family, score, complete=True))
    assert [beam.ask(n, np.random.default_rng(n), "c").parent for n in (4, 5)] == [1, 3]
    assert beam.elite(1) == (3, ZOO["adamw"]) and beam.elite(2) is None
    other = kind(kind.options_type(width=2), [ZOO["sgd"]], made.breeder())
    other.restore([list(each) for each in beam.state()])
    assert other.ask(5, np.random.default_rng(5), "c").parent == 3


def test_a_search_with_it_is_resumed_as_if_it_had_not_stopped(tmp_path):
    load(str(FILES[1]))
    short, whole = ({"candidates": count} for count in (14, 28))
    beam = {"kind": "beam", "width": 3}

    def found(folder: str, budget: dict) -> str:
        made = config(strategy=beam, budget=budget)
        return run_campaign(made, tmp_path / folder, make_worker=fake_worker).content_hash

    found("again", short)
    assert found("again", whole) == found("once", whole)


def test_the_config_of_the_example_asks_for_both():
    for file in FILES:
        load(str(file))
    made = load_config(FOLDER / "campaign.yaml")
    assert made.strategy.kind == "beam" and made.primitives.weights["agreeing"] > 0


@pytest.mark.slow
def test_the_example_searches_with_both(tmp_path):
    named = [word for file in FILES for word in ("--plugin", str(file))]
    command = ["discover", str(FOLDER / "campaign.yaml"), "--out", str(tmp_path / "run"), *named]
    done = subprocess.run(
        [sys.executable, "-c", "from stepsmith.cli import main; main()", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ledger = Ledger.read(tmp_path / "run" / FILE)
    assert {each.name for each in ledger.plugins} == set(map(str, FILES))
    assert sum("agreeing" in row.candidate.text for row in ledger.rows()) > 10
    ledger.close()


@pytest.mark.slow
@pytest.mark.torch
def test_a_pytorch_model_is_searched_on_by_ask_and_tell(tmp_path):
    script = ROOT / "examples" / "ask_tell" / "digits.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "told_digits, complete, 40 of 40 programs" in done.stdout
