"""The tasks of the docs and of `examples/tasks/` can be trained, and are searched on."""

import json
import re
from pathlib import Path

import pytest

from dsl.plugins import load
from evaluators import registry
from evaluators.catalogue import Best, TaskEntry
from evaluators.measuring.soundness import sound
from search.config import load_config
from tests.support.commands import run
from tests.support.own_tasks import alone_in

ROOT = Path(__file__).resolve().parents[3]
PLAIN = "adamw,nadamw,heavy_ball,lion,rmsprop,sgd"
"""Rules without oracles, whose machine is compiled soon."""
EXAMPLES = sorted((ROOT / "examples" / "tasks").glob("*.py"))


@pytest.fixture(autouse=True)
def _alone(tmp_path):
    with alone_in(tmp_path):
        yield


def test_the_file_of_the_docs_is_a_task():
    text = (ROOT / "docs" / "own_tasks.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n# my_task.py\n(.*?)```", text, re.DOTALL)
    Path("my_task.py").write_text(block, encoding="utf-8")
    (name,) = load("my_task.py").names("task")
    own = registry.own(name)
    assert own is not None
    found = sound(own.task, own.source)
    assert found.twice and own.task.parameters() == 144


def test_there_is_one_with_a_sampler_and_one_with_examples():
    assert [path.stem for path in EXAMPLES] == ["heat_equation", "matrix_sensing"]


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_good_proxy_and_a_campaign_finds_something(path):
    status, out, _ = run("tasks", "check", path, "--rules", PLAIN, "--json")
    (report,) = json.loads(out)
    assert status == 0 and report["fault"] is None and report["verdict"] == "good"
    facts = report["facts"]
    assert facts["best"]["loss"] < 0.2 * facts["untrained"]
    registry.learn({report["name"]: TaskEntry.from_json(report["name"], facts)})
    smaller = ("budget.candidates=20", "tasks.0.steps=60", "final.finalists=2", "workers=0")
    asked = [word for each in smaller for word in ("--set", each)] + ["--plugin", path]
    status, out, err = run("discover", path.with_suffix(".yaml"), "--out", "found", *asked)
    assert status == 0 and Path("found", "winner_optax.py").exists()
    assert "is measured, once" not in err  # what the check found is known by now
    status, out, _ = run("top", "found", "--json", "--plugin", path)
    best = json.loads(out)[0]
    assert best["score"] > 0.8


def test_the_campaigns_of_the_examples_can_be_read():
    best = Best(0.1, "adamw", {})
    for path in EXAMPLES:
        load(str(path))
        known = TaskEntry(path.stem, "", "", "", 300, 1, 1, 1.0, best, 0.0, "stated", None)
        registry.learn({path.stem: known})
        config = load_config(path.with_suffix(".yaml"))
        assert [task.name for task in config.tasks] == [path.stem] and config.campaign == path.stem
