"""Commands that show text start quickly: they import nothing that computes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from search.run import run_campaign
from tests.support.fakes import config, fake_worker

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"jax", "jaxtyping", "optax", "scipy", "sklearn", "ray", "torch", "matplotlib"}
CODE = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from stepsmith.cli import main
main()
"""


def modules_of(*command: str, cwd: Path = ROOT) -> set[str]:
    """The packages that are imported when a command ends; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    "command",
    [
        "show lion",
        "show lion --json",
        "show lion --as kinds",
        "show lion --as latex",
        "show lion --as graph",
        "show lion --as canonical",
        "simplify adamw",
        "nearest lion",
        "nearest lion --json",
        "primitives",
        "primitives --json",
        "zoo",
        "zoo lion",
        "zoo --markdown",
        "tasks",
        "tasks --json",
        "suites",
    ],
)
def test_a_command_that_shows_text_imports_nothing_that_computes(command):
    assert not HEAVY & modules_of(*command.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one finished campaign, `runs/tiny`."""
    folder = tmp_path_factory.mktemp("startup")
    run_campaign(config(), folder / "runs" / "tiny", make_worker=fake_worker)
    return folder


@pytest.mark.parametrize("command", ["runs", "runs --json", "status tiny", "status tiny --json"])
def test_a_run_is_shown_without_what_made_it(folder, command):
    assert not HEAVY & modules_of(*command.split(), cwd=folder)


def test_a_rule_is_shown_without_tracing_the_others():
    code = (
        "from dsl.zoo import ENTRIES, ZOO; lion = ZOO['lion']; "
        "print(*(name for name, entry in ENTRIES.items() if 'program' in vars(entry)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["lion"]
