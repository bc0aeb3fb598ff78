"""The folder of a discovery: whole, readable, and true to the ledger."""

import re

import pytest

from dsl import canonical_hash, parse
from dsl.export import HOSTS
from dsl.zoo import ZOO
from search.ledger import FILE, Ledger
from search.report.discovery import CARD, discovery, plain_name
from search.report.hall_of_fame import hall_of_fame
from search.run import run_campaign
from tests.search.campaign.test_reduction import parts_worker
from tests.support.commands import refused, run
from tests.support.fakes import config

SETTINGS = config(
    budget={"candidates": 16},
    final={
        "finalists": 2,
        "seeds": 4,
        "reduction": {"finalists": 1, "evaluations": 100, "seeds": 8},
        "meta_validation": "meta_validation",
        "watch": 0,
    },
)
SECTIONS = (
    "The rule",
    "What it asks for",
    "Evidence",
    "Where it loses",
    "Retuning",
    "Lineage",
    "How to cite",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with the run of a tiny campaign, and its hall of fame."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    run_campaign(SETTINGS, folder, make_worker=parts_worker)
    ledger = Ledger.read(folder / FILE)
    yield folder, ledger, hall_of_fame(ledger)
    ledger.close()


def test_a_known_rule_as_a_discovery(snapshot):
    found = discovery("lion", "my_lion")
    assert set(found.files) == {
        "winner.rule", "winner.tex", CARD, *(f"winner{host.suffix}" for host in HOSTS.values())
    }  # fmt: skip
    assert parse(found.files["winner.rule"]).same_rule(ZOO["lion"])
    assert found.files[CARD] == snapshot


def test_a_card_warns_where_a_rate_of_0_does_not_stop_a_rule(tmp_path):
    for scaled, word in (("lr * g + 0.1 * sign(g)", True), ("lr * (g + 0.1 * sign(g))", False)):
        rule = tmp_path / "partly.rule"
        rule.write_text(f"def partly(w, g, *, lr=1e-3):\n    return {scaled}\n")
        text = discovery(str(rule), "partly").files[CARD]
        assert ("At a rate of 0 it still moves" in text) is word


def test_the_card_of_a_winner_says_what_the_ledger_holds(finished):
    folder, ledger, hall = finished
    found = discovery(str(folder), "fresh_idea")
    text = " ".join(found.files[CARD].split())
    assert re.findall(r"^## (.*)$", found.files[CARD], re.MULTILINE) == [*SECTIONS]
    winner = hall.winner
    program = parse(found.files["winner.rule"])
    assert canonical_hash(program) == winner.hash and program.name == "fresh_idea"
    for fact in (
        f"candidate {winner.candidate}",
        ledger.content_hash(),
        f"{winner.mean:.3f} +- {winner.sd:.3f} over 4 seeds",
        hall.sentence,
        f"In terms of known rules: {winner.known_as}.",
        "On the suite `meta_validation`",
        "| free checks |",
        f"`stepsmith show RUN:{winner.hash} --lineage`",
    ):
        assert fact in text, fact
    for name in ("winner_optax.py", "winner_torch.py"):
        assert "fresh_idea" in found.files[name] or "FreshIdea" in found.files[name]
        assert f"Canonical hash: {winner.hash}." in found.files[name]


def test_where_it_loses_are_the_tasks_below_the_baseline(finished):
    folder, _, hall = finished
    text = discovery(str(folder), "idea").files[CARD]
    section = text.split("## Where it loses")[1].split("## ")[0]
    lost = [task for each in hall.transfers for task, score in each.tasks.items() if score < 1]
    assert all(f"| {task} | `meta_validation` |" in section for task in lost)
    assert section.count("| `meta_validation` |") == len(lost)


def test_every_finalist_and_other_programs_of_a_run_have_a_card(finished):
    folder, ledger, hall = finished
    for entry in hall.entries:
        assert f"{entry.mean:.3f}" in discovery(f"{folder}:{entry.hash}", "one").files[CARD]
    finalists = {entry.candidate for entry in hall.entries}
    other = next(row for row in ledger.rows() if row.candidate.number not in finalists)
    text = discovery(f"{folder}:{other.candidate.keys.canonical}", "one").files[CARD]
    assert "It was no finalist" in text and "## Lineage" in text


NAMES = {
    "my_rule": "my_rule", "My Rule-2": "my_rule_2", "2fast": "rule_2fast", "": "rule",
    "optax": "optax_rule", "json": "json_rule", "lambda": "lambda_rule", "sum": "sum_rule",
    "stepsmith": "stepsmith_rule", "ÜÖ": "rule", "../up": "up",
}  # fmt: skip


@pytest.mark.parametrize(("asked", "name"), NAMES.items())
def test_a_name_becomes_one_that_files_can_have(asked, name):
    assert plain_name(asked) == plain_name(name) == name


def exported(rule, *options):
    return run("export", rule, "--to", "discovered", *options)


def test_the_command_writes_the_folder_and_says_what_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = exported("lion", "--name", "Optax")
    assert (status, out) == (0, "")
    assert "'Optax' is called 'optax_rule'" in err and "Written: discovered/optax_rule" in err
    there = {path.name: path.read_text() for path in (tmp_path / "discovered/optax_rule").iterdir()}
    assert there == discovery("lion", "optax_rule").files
    assert run("show", "optax_rule")[0] == 0, "the folder's name is the rule's"
    assert [path.name for path in (tmp_path / "discovered").iterdir()] == ["optax_rule"]


def test_files_that_are_there_are_kept_without_force(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "curve.svg").write_text("mine too")
    message = refused("export", "lion", "--to", "discovered", "-o", tmp_path)
    assert "holds README.md" in message and "--force" in message
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "curve.svg"}
    assert exported("lion", "-o", tmp_path, "--force")[0] == 0
    assert (tmp_path / "README.md").read_text().startswith("# lion\n")
    assert (tmp_path / "curve.svg").read_text() == "mine too"


def test_wishes_that_cannot_be_met(tmp_path, finished):
    folder, _, _ = finished
    (tmp_path / "file").write_text("")
    for arguments, message in (
        (("lion", "--to", "discovered", "-o", tmp_path / "file"), "is a file"),
        (("lion", "--to", "discovered", "-o", tmp_path / "file" / "in"), "cannot write"),
        (("lion", "--to", "torch", "--name", "x"), "--name is for --to discovered"),
        (("lyon", "--to", "discovered"), "did you mean 'lion'"),
        ((f"{folder}:zz", "--to", "discovered", "--name", "x"), "hash that begins with 'zz'"),
    ):
        assert message in refused("export", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
