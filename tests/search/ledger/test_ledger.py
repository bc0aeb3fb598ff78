import sqlite3

import pytest

from dsl.identity import LANGUAGE
from search.errors import ConfigChanged, LedgerError, NoSuchRun, RunLocked
from search.ledger import FILE, Ledger, find_rule, find_run
from search.ledger.lock import is_locked, run_lock
from search.ledger.schema import SCHEMA
from search.report.status import read_status
from search.run import run_campaign
from tests.support.fakes import config, fake_worker


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    run_campaign(config(), folder, make_worker=fake_worker)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the finished run to be spoiled."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for file in finished.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def refused(folder, error, **changes):
    before = (folder / FILE).read_bytes()
    with pytest.raises(error) as caught:
        run_campaign(config(**changes), folder, make_worker=fake_worker)
    assert (folder / FILE).read_bytes() == before
    return str(caught.value)


def test_every_candidate_is_there_with_its_lineage(finished):
    ledger = Ledger.read(finished / FILE)
    rows = list(ledger.rows())
    found = [row.candidate for row in rows]
    assert [each.number for each in found] == list(range(60))
    assert found[0].parent is None
    assert all(each.parent is not None and each.parent < each.number for each in found[1:])
    assert all(each.program.name == f"c{each.number}" for each in found)
    for each in found:
        if each.source is not None:
            assert each.hit is not None and found[each.source].hit is None
            key = getattr(each.keys, each.hit)
            assert any(getattr(other.keys, each.hit) == key for other in found[: each.number])
            assert rows[each.number].verdict.score == rows[each.source].verdict.score
    ledger.close()


def test_text_that_is_no_database_is_refused_and_kept(run):
    (run / FILE).write_text("my notes\n" * 100)
    assert "damaged or not a ledger" in refused(run, LedgerError)


def test_an_empty_file_is_refused_and_kept(run):
    (run / FILE).write_bytes(b"")
    assert "is not a ledger" in refused(run, LedgerError)


def test_another_database_is_refused_and_kept(run):
    (run / FILE).unlink()
    db = sqlite3.connect(run / FILE)
    db.execute("CREATE TABLE recipes (name)")
    db.commit()
    db.close()
    assert "is not a ledger" in refused(run, LedgerError)


def test_a_damaged_ledger_is_refused_and_kept(run):
    raw = bytearray((run / FILE).read_bytes())
    raw[4096 * 3 : 4096 * 9] = bytes(4096 * 6)
    (run / FILE).write_bytes(raw)
    assert "damaged" in refused(run, LedgerError)
    with pytest.raises(LedgerError, match="damaged"):
        read_status(run)


def test_a_truncated_ledger_is_refused_and_kept(run):
    raw = (run / FILE).read_bytes()
    (run / FILE).write_bytes(raw[: len(raw) // 2])
    assert "damaged" in refused(run, LedgerError)


@pytest.mark.parametrize(
    ("change", "versions"),
    [
        ("UPDATE meta SET value = '99' WHERE key = 'schema'", (99, LANGUAGE)),
        ("UPDATE meta SET value = '7' WHERE key = 'language'", (SCHEMA, 7)),
        ("DELETE FROM meta WHERE key = 'language'", (SCHEMA, 0)),
    ],
)
def test_a_ledger_of_another_version_is_refused_by_name_and_kept(run, change, versions):
    db = sqlite3.connect(run / FILE)
    db.execute(change)
    db.execute("""UPDATE sessions SET versions = '{"stepsmith": "0.0.7"}'""")
    db.commit()
    db.close()
    message = refused(run, LedgerError)
    schema, language = versions
    assert f"was written by Stepsmith 0.0.7, with tables of version {schema} and " in message
    assert f"programs of language {language}; this is Stepsmith " in message
    assert f"with tables of version {SCHEMA} and programs of language {LANGUAGE}" in message


def test_a_ledger_that_comes_out_otherwise_is_refused_and_kept(run):
    db = sqlite3.connect(run / FILE)
    db.execute("UPDATE candidates SET text = replace(text, 'lr', 'rate') WHERE number = 30")
    db.commit()
    db.close()
    assert "belongs to another version" in refused(run, LedgerError)


def test_a_ledger_that_lost_its_last_candidates_names_one_that_it_speaks_of(run):
    """As does a copy without the file of what was written ahead."""
    db = sqlite3.connect(run / FILE)
    db.execute("DELETE FROM candidates WHERE number > 1")
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match=r"speaks of candidate \d+ and does not hold it"):
        read_status(run)


def test_a_complete_run_leaves_the_winner_s_files_unless_one_is_gone(run):
    (run / "winner.rule").write_text("mine\n")
    assert run_campaign(config(), run, make_worker=fake_worker).was_complete
    assert (run / "winner.rule").read_text() == "mine\n"
    (run / "winner_torch.py").unlink()
    run_campaign(config(), run, make_worker=fake_worker)
    assert "def tiny" in (run / "winner.rule").read_text() and (run / "winner_torch.py").exists()


def test_another_config_is_refused_naming_the_key(run):
    assert "started with seed = 0, the config now says 1" in refused(run, ConfigChanged, seed=1)
    smaller = refused(run, ConfigChanged, budget={"candidates": 10})
    assert "the budget of a run may grow, not shrink" in smaller


def test_a_second_process_is_told_who_works_on_the_run(run):
    with run_lock(run):
        assert is_locked(run)
        assert "is being worked on by process" in refused(run, RunLocked)
        assert read_status(run)["state"] == "running"
    assert not is_locked(run)


def test_a_reader_does_not_disturb_the_writer(run):
    writer, reader = Ledger.open(run / FILE), Ledger.read(run / FILE)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.set_config({})
    writer.set_config({"a": 1})
    assert reader.config == {"a": 1} and reader.finals is None
    writer.close()
    reader.close()


def test_a_rule_is_found_by_the_start_of_its_hash(finished):
    ledger = Ledger.read(finished / FILE)
    best = ledger.best(1)[0][0].candidate
    ledger.close()
    found = find_rule(finished, best.keys.canonical[:12])
    assert found == best.program
    for prefix, text in {"zz": "no program", "": "no program"}.items():
        with pytest.raises(NoSuchRun, match=text):
            find_rule(finished, prefix)
    with pytest.raises(NoSuchRun, match="several programs"):
        for digit in "0123456789abcdef":
            find_rule(finished, digit)


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(NoSuchRun, match="no run at"):
        find_run(str(tmp_path))


def test_a_status_holds_what_scripts_read(finished):
    status = read_status(finished)
    assert status["state"] == "complete"
    assert status["programs"] == 60 == status["evaluated"] + status["cache_hits"]
    assert sum(status["cache_hits_by_key"].values()) == status["cache_hits"]
    assert status["programs_per_second"] > 0
    assert len(status["content_hash"]) == 64
    assert status["compilations"] == 1
