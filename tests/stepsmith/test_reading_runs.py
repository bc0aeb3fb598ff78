"""`stepsmith top`, `show RUN:HASH` and `status`: a run as a person reads it."""

import csv
import io
import json

import pytest

from dsl import parse
from evaluators.evaluation import Outcome
from evaluators.workers import WorkerFailure
from search.errors import CampaignFailed
from search.ledger import reading
from search.pool.worker import CampaignWorker
from search.report.status import read_status
from search.report.words import WORDS
from search.run import run_campaign
from stepsmith.table import print_table
from tests.support.commands import refused, run
from tests.support.fakes import FakeEvaluator, config, fake_sweep, fake_worker


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one finished campaign, `runs/tiny`."""
    folder = tmp_path_factory.mktemp("reading")
    changes = {"start": ["adamw", "lion"], "budget": {"candidates": 80}}
    run_campaign(config(**changes), folder / "runs" / "tiny", make_worker=fake_worker)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def test_top_lists_programs_one_a_line_as_json_and_as_csv(here):
    found = json.loads(run("top", "tiny", "--json", "--limit", 4)[1])
    status, out, _ = run("top", "tiny", "-n", 4)
    lines = out.splitlines()
    assert (
        status == 0 and len(lines) == 5 and lines[0].split()[:3] == ["candidate", "hash", "score"]
    )
    for line, each in zip(lines[1:], found, strict=True):
        words = line.split()
        assert words[:2] == [f"c{each['number']}", each["hash"][:8]]
        assert line.endswith(parse(each["program"]).line)
    table = list(csv.DictReader(io.StringIO(run("top", "tiny", "-n", 4, "--csv")[1])))
    for row, each in zip(table, found, strict=True):
        assert float(row["score"]) == each["score"] and row["hash"] == each["hash"]
        assert int(row["size"]) == each["size"]
    assert "exclude each other" in refused("top", "tiny", "--json", "--csv")
    assert "help: the names are digits" in refused("top", "tiny", "--task", "digit")
    assert "no run at nowhere" in refused("top", "nowhere")
    assert "without the ledger" in refused("top", "quickstart")


def test_show_tells_how_a_program_of_a_run_came_about(here):
    listed = json.loads(run("top", "tiny", "--json", "--by", "age", "--all", "-n", 70)[1])
    made = next(each for each in listed if each["parent"] not in (None, 0, 1))
    status, out, _ = run("show", f"tiny:{made['hash']}")
    assert status == 0 and parse(out) == parse(made["program"])
    assert f"# candidate c{made['number']} of runs/tiny: from c{made['parent']}, " in out
    assert "ok: trained to the end" in out
    assert f"\n# against its parent, c{made['parent']}: " in out
    assert "\n# against the start, c" in out and "\n#   They part at step " in out
    facts = json.loads(run("show", f"tiny:{made['hash']}", "--json")[1])["origin"]
    assert facts["candidate"] == made["number"] and facts["parent"]["candidate"] == made["parent"]
    assert {each["task"] for each in facts["runs"]["search"]} == {"digits"}
    start = next(each for each in listed if each["parent"] is None)
    out = run("show", f"tiny:{start['hash']}")[1]
    assert "a start program" in out and "against" not in out
    assert "candidate" not in run("show", "lion")[1]


def test_every_outcome_has_its_word():
    assert {*Outcome, *WorkerFailure} <= WORDS.keys()


def test_status_explains_the_words_that_it_shows(here):
    status, out, _ = run("status", "tiny")
    told = out.partition("\nwords\n")[2].splitlines()
    words = [line.strip().partition(": ")[0] for line in told]
    assert status == 0 and {"ok", "families", "rank corr.", "proxy"} <= set(words)
    before = out.partition("\nwords\n")[0]
    assert all(word.partition(" ")[0] in before for word in words)
    assert "directionless" not in words and "gap" not in words


def refusing_tune(program, **how):
    raise MemoryError("no room to tune in\nand more")


def test_status_says_why_a_campaign_failed_until_it_goes_on(tmp_path):
    def failing():
        return CampaignWorker(FakeEvaluator, refusing_tune, fake_sweep)

    small = config(budget={"candidates": 9})
    with pytest.raises(CampaignFailed):
        run_campaign(small, tmp_path, make_worker=failing)
    found = read_status(tmp_path)
    reason = "the baseline adamw could not be tuned: "
    assert found["state"] == "failed" and found["failure"].startswith(reason)
    assert "no room to tune in" in found["failure"]
    assert f"failed: {reason}" in run("status", tmp_path)[1]
    assert "failed" in run("runs", tmp_path.parent)[1]
    result = run_campaign(small, tmp_path, make_worker=fake_worker)
    found = read_status(tmp_path)
    assert (found["state"], found["failure"]) == ("complete", None)
    with reading(tmp_path) as ledger:
        assert ledger.content_hash(anew=True) == result.content_hash


def test_status_finds_discovered_rules_as_show_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("status", "quickstart")
    text = run("show", "quickstart")[1].partition("\n\n#")[0]
    assert status == 0 and "without the ledger of its campaign" in out
    assert "\n".join(f"    {line}".rstrip() for line in text.splitlines()) in out
    found = json.loads(run("status", "quickstart", "--json")[1])
    assert found["state"] == "rule" and parse(found["winner"]["program"]).name == "quickstart"


def test_a_table_has_a_line_for_each_row_where_there_is_no_terminal(capsys):
    print_table(("name", "what"), [("a", "word " * 60), ("b", "x")])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_table_fits_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    print_table(("name", "what", "text"), [("a", "word " * 30, "y" * 90)], cut=("text",))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2 and max(map(len, lines[1:])) <= 60
    assert lines[1].endswith("…")
