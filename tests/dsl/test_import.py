"""What importing the language costs and brings along."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "import json, sys, dsl; "
    "print(json.dumps([dsl.__file__, sorted({name.split('.')[0] for name in sys.modules})]))"
)


def test_the_language_stands_alone():
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    file, modules = json.loads(done.stdout)
    assert Path(file) == ROOT / "dsl" / "__init__.py"
    heavy = {"ray", "torch", "sklearn", "matplotlib", "plotly", "egglog"}
    assert not heavy & set(modules)
    assert not {"evaluators", "search", "stepsmith"} & set(modules)


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
