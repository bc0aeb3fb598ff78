"""Importing the language: quick, and complete."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOWN = "print(json.dumps([dsl.__file__, sorted({name.split('.')[0] for name in sys.modules})]))"
HEAVY = {"jax", "optax", "scipy", "ray", "torch", "sklearn", "matplotlib", "plotly", "egglog"}


def modules_after(code: str) -> set[str]:
    """The packages that a fresh process has imported after `code`, which imports `dsl`."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys, dsl; {code}; {SHOWN}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    file, modules = json.loads(done.stdout)
    assert Path(file) == ROOT / "dsl" / "__init__.py"
    return set(modules)


def test_the_language_stands_alone():
    modules = modules_after("pass")
    assert not HEAVY & modules
    assert not {"evaluators", "search", "stepsmith"} & modules


def test_only_running_a_program_by_jax_imports_jax():
    rooms = (
        "language",
        "primitives",
        "program",
        "rewrite",
        "combine",
        "zoo",
        "behaviour",
        "export",
    )
    every = "; ".join(f"import_all('dsl.{room}')" for room in rooms)
    code = f"from dsl.declare import import_all; {every}; import dsl.ops, dsl.run.fingerprint"
    assert not HEAVY & modules_after(code)
    assert {"jax", "optax"} <= modules_after("dsl.to_optax")


def test_every_public_name_is_there():
    import dsl

    assert all(hasattr(dsl, name) for name in dsl.__all__)
    assert Path(dsl.__file__).parent == ROOT / "dsl"


def test_the_words_of_the_language_are_those_of_the_registries():
    import dsl.ops
    from dsl import PRIMITIVES
    from dsl.language.initialisers import INITIALISERS

    assert set(dsl.ops.__all__) == set(PRIMITIVES) | set(INITIALISERS)
    assert not set(PRIMITIVES) & set(INITIALISERS)
    with pytest.raises(AttributeError, match="no word 'nope'"):
        _ = dsl.ops.nope
