"""The way to a program is in its ledger: parents and donors before their children."""

import json

import pytest

from search.errors import NoSuchRun
from search.ledger import FILE, Ledger
from search.report.lineage import lineage
from search.run import run_campaign
from tests.support import commands
from tests.support.fakes import config, fake_worker

SETTINGS = {
    "start": ["adamw", "lion", "sgd", "adan"],
    "strategy": {"kind": "recombination", "population": 20, "graft": 0.6},
    "budget": {"candidates": 120},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run_campaign(config(**SETTINGS), folder, make_worker=fake_worker)
    return folder


def rows_of(run):
    ledger = Ledger.read(run / FILE)
    rows = list(ledger.rows())
    ledger.close()
    return rows


def test_every_ancestor_is_there_once_and_before_its_children(run):
    rows, checked = rows_of(run), set()
    first = {}
    for row in rows:
        first.setdefault(row.candidate.keys.canonical, row.candidate.number)
    for row in rows[-40:]:
        steps = lineage(run, row.candidate.keys.canonical)
        numbers = [step.number for step in steps]
        assert numbers[-1] == first[row.candidate.keys.canonical]
        assert len(set(numbers)) == len(numbers)
        for place, step in enumerate(steps):
            stored = rows[step.number]
            assert (step.parent, step.score) == (stored.candidate.parent, stored.verdict.score)
            sources = [each for each in (step.parent, step.donor) if isinstance(each, int)]
            assert set(sources) <= set(numbers[:place])
            if step.parent is None:
                assert step.mutation == "start"
            checked.add("donor" if len(sources) == 2 else "parent")
    assert checked == {"donor", "parent"}


def test_a_hash_that_no_program_has(run):
    with pytest.raises(NoSuchRun, match="begins with 'zz'"):
        lineage(run, "zz")


def test_the_command_prints_the_way_and_the_program(run):
    last = rows_of(run)[-1].candidate
    rule = f"{run}:{last.keys.canonical}"
    status, out, _ = commands.run("show", rule, "--lineage")
    steps = lineage(run, last.keys.canonical)
    assert status == 0 and out.startswith(f"{steps[0]}\n")
    assert out.endswith(f"\n{steps[-1].program}\n")
    status, out, _ = commands.run("show", rule, "--lineage", "--json")
    assert [step["number"] for step in json.loads(out)] == [step.number for step in steps]


def test_wrong_usage(run):
    assert "--lineage is for a program of a run, met 'lion'" in commands.refused(
        "show", "lion", "--lineage"
    )
    hashed = f"{run}:{rows_of(run)[3].candidate.keys.canonical}"
    assert "exclude each other" in commands.refused("show", hashed, "--lineage", "--as", "latex")
