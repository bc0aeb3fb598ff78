"""The examples train a model with an exported file, and need nothing of ours."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
OURS = {"dsl", "evaluators", "search", "stepsmith", "tests", "benchmarks"}


def imported(path: Path) -> set[str]:
    """The packages that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_there_is_one_for_each_host():
    assert [path.name for path in EXAMPLES] == ["digits_optax.py", "digits_torch.py"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_imports_an_exported_file_and_nothing_of_ours(path):
    host = path.stem.split("_")[1]
    assert f"winner_{host}" in imported(path) and not OURS & imported(path)
    assert not OURS & imported(ROOT / "discovered" / "quickstart" / f"winner_{host}.py")


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_learns_digits(path, tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    done = subprocess.run(
        [sys.executable, "-I", str(path)],
        cwd=tmp_path,
        env={**own, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["optimizer", "rate", "test", "loss", "accuracy"] and len(rows) == 2
    for row in rows:
        assert float(re.findall(r"([\d.]+)%", row)[0]) > 95, row
