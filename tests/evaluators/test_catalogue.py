"""The catalogue says of every task what the task says of itself, and what was measured."""

import pytest

from evaluators import catalogue, registry
from evaluators.catalogue import TaskEntry
from evaluators.errors import ConfigError, NotMeasured
from evaluators.suites import load_suite

SAME = [
    "name",
    "summary",
    "dataset",
    "model",
    "horizon",
    "flops",
    "untrained",
    "best",
    "floor",
    "floor_from",
]


def test_every_declared_task_has_an_entry_and_every_entry_a_task():
    assert set(registry.declared()) == set(catalogue.entries())


@pytest.mark.parametrize("entry", catalogue.entries().values(), ids=lambda entry: entry.name)
def test_an_entry_says_what_its_task_says(entry: TaskEntry):
    task = registry.get(entry.name)
    assert {field: getattr(entry, field) for field in SAME} == {
        field: getattr(task, field) for field in SAME
    }
    assert entry.checksum == task.digest
    assert entry.parameters == task.parameters()


def test_entries_survive_the_file():
    for name, entry in catalogue.entries().items():
        assert TaskEntry.from_json(name, entry.to_json()) == entry


def test_a_task_that_was_not_measured_says_what_measures_it(monkeypatch, tmp_path):
    known = {name: entry for name, entry in catalogue.entries().items() if name != "digits"}
    monkeypatch.setattr(catalogue, "entries", lambda: known)
    assert "digits" not in registry.names()
    with pytest.raises(NotMeasured, match=r"benchmarks\.measure_tasks digits` measures it"):
        registry.get("digits")
    suite = tmp_path / "mine.yaml"
    suite.write_text("suite: mine\npurpose: own\ntasks: [{name: digits, steps: 3}]")
    with pytest.raises(ConfigError, match="task 'digits' has no entry in the catalogue"):
        load_suite(suite)


def test_the_losses_of_a_task_without_an_entry_are_not_numbers():
    empty = catalogue.measured("never measured")
    assert not empty.best.loss < 0 and not empty.best.loss >= 0
    assert empty.checksum is None
