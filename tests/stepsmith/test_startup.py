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
import json, sys
from stepsmith.cli import main
found = {}
for line in json.loads(sys.argv[1]):
    sys.argv[1:] = line.split()
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, line
    found[line] = sorted(sys.modules)
print(json.dumps(found), file=sys.stderr)
"""
"""Runs commands one after the other: what one of them imports is there after the next."""


def heavy_after(*commands: str, cwd: Path = ROOT) -> dict[str, set[str]]:
    """The packages that compute which are imported after each command; all must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(commands)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stderr.splitlines()[-1])
    assert list(found) == list(commands)
    return {
        line: HEAVY & {name.partition(".")[0] for name in names} for line, names in found.items()
    }


TEXT = (
    "show lion",
    "show lion --json",
    "show lion --as kinds",
    "show lion --as latex",
    "show lion --as graph",
    "show lion --as canonical",
    "simplify adamw",
    "simplify adamw --level finite --explain",
    "diff adamw lion",
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
    "page",
    "page config",
    "page language",
    "page ledger",
    "page zoo",
    "combine lion warmup:warmup=100 cosine",
    "export lion --to torch",
    "export lion --to optax",
)


def test_commands_that_show_text_import_nothing_that_computes():
    assert heavy_after(*TEXT) == {line: set() for line in TEXT}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one finished campaign, `runs/tiny`."""
    folder = tmp_path_factory.mktemp("startup")
    run_campaign(config(), folder / "runs" / "tiny", make_worker=fake_worker)
    return folder


def test_a_run_is_shown_without_what_made_it(folder):
    lines = ("runs", "runs --json", "status tiny", "status tiny --json", "top tiny --csv")
    assert heavy_after(*lines, cwd=folder) == {line: set() for line in lines}


def test_a_rule_is_shown_without_tracing_the_others():
    code = (
        "from dsl.zoo import ENTRIES, ZOO; lion = ZOO['lion']; "
        "print(*(name for name, entry in ENTRIES.items() if 'program' in vars(entry)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["lion"]
