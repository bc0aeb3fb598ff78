"""Whatever decides a result is in its key, and a file that is damaged is no result."""

import dataclasses
import json

import pytest

from evaluators.comparison.key import Key
from evaluators.comparison.results import TaskSetup
from evaluators.files import result_cache as keys
from evaluators.files.result_cache import ResultCache, default_folder, environment

GROUND = TaskSetup("quadratic", 40, (20, 40), (13, 40), 0.1)
KEY = Key(
    what="tuning",
    rule="ab12",
    primitives=("add", "mul"),
    width=5,
    setup=GROUND,
    examples="cd34",
    seeds=(1, 2),
    grid=((-1, 0, 1), (0.0, 0.1)),
    reference=(0.5, 1.5),
    environment=(("code", "ef56"), ("jax", "0.10.2")),
)
OTHER = {
    "what": "runs",
    "rule": "ab13",
    "primitives": ("add", "mul", "sign"),
    "width": 2,
    "setup": dataclasses.replace(GROUND, steps=41),
    "examples": "cd35",
    "seeds": (1, 2, 3),
    "grid": ((-1, 0, 1), (0.0, 0.2)),
    "reference": (0.5, 1.6),
    "environment": (("code", "ef56"), ("jax", "0.10.3")),
}


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Key)])
def test_every_field_tells_results_apart(field, tmp_path):
    cache = ResultCache(tmp_path)
    cache.put(KEY, [1])
    assert cache.get(KEY, list) == [1] and cache.holds(KEY)
    other = dataclasses.replace(KEY, **{field: OTHER[field]})
    assert cache.get(other, list) is None and not cache.holds(other)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TaskSetup)])
def test_every_field_of_the_ground_does(field):
    other = {"name": "digits", "steps": 41, "checkpoints": (40,), "horizons": (40,), "least": 0.2}
    setup = dataclasses.replace(GROUND, **{field: other[field]})
    changed = dataclasses.replace(KEY, setup=setup)
    assert changed.digest != KEY.digest


def test_the_environment_is_code_libraries_and_device(monkeypatch):
    here = environment({})
    names = {name for name, _ in here}
    assert {"code", "jax", "jaxlib", "numpy", "python", "device", "x64", "xla_flags"} <= names
    assert environment({}) == here
    assert environment({"XLA_FLAGS": "--xla_fast"}) != here
    monkeypatch.setattr(keys, "code_digest", lambda: "another version")
    assert environment({}) != here


def test_the_digest_of_the_code_changes_with_any_line_of_it(tmp_path, monkeypatch):
    before = keys.code_digest.__wrapped__()
    assert before == keys.code_digest.__wrapped__()
    package = tmp_path / "evaluators"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(keys, "_PACKAGES", ("evaluators",))
    monkeypatch.setattr("evaluators.__path__", [str(package)])
    empty = keys.code_digest.__wrapped__()
    (package / "task.py").write_text("x = 1\n")
    assert len({before, empty, keys.code_digest.__wrapped__()}) == 3


DAMAGE = {
    "empty": "",
    "cut off": '{"key": {"what": "tun',
    "not JSON": "\x00\x01",
    "another form": "[1, 2]",
    "no value": json.dumps({"key": KEY.to_json()}),
    "of another key": json.dumps({"key": {}, "value": [1]}),
    "not what was kept": json.dumps({"key": KEY.to_json(), "value": 7}),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_said_to_be_so_and_replaced(case, tmp_path):
    said = []
    cache = ResultCache(tmp_path, said.append)
    cache.put(KEY, [1])
    (file,) = tmp_path.iterdir()
    file.write_text(DAMAGE[case])
    assert cache.get(KEY, list) is None
    assert len(said) == 1 and str(file) in said[0] and "computed anew" in said[0]
    cache.put(KEY, [2])
    assert cache.get(KEY, list) == [2] and len(said) == 1


def test_bytes_that_are_no_text_are_damage_too(tmp_path):
    said = []
    cache = ResultCache(tmp_path, said.append)
    cache.put(KEY, [1])
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"\xff\xfe")
    assert cache.get(KEY, list) is None and len(said) == 1


def test_a_folder_that_cannot_be_written_keeps_nothing_and_is_said_once(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    said = []
    cache = ResultCache(blocked, said.append)
    cache.put(KEY, [1])
    cache.put(KEY, [1])
    assert len(said) == 1 and "cannot be written" in said[0]
    assert not ResultCache(None).holds(KEY) and ResultCache(None).get(KEY, list) is None


def test_results_lie_in_the_cache_folder_of_the_user(tmp_path):
    found = default_folder("compared", {"XDG_CACHE_HOME": str(tmp_path)})
    assert found == tmp_path / "stepsmith" / "compared"
    assert default_folder("compared", {}).parts[-3:] == (".cache", "stepsmith", "compared")
