"""Trouble with disk, ledger and clock: one sentence, or the ledger of an undisturbed run."""

import itertools
import resource
import signal
import sqlite3
import threading
import time
from contextlib import contextmanager, nullcontext
from functools import partial

import pytest
import yaml

from evaluators.workers import SerialPool
from search import run as run_module
from search.campaign import events, loop
from search.errors import LedgerError, NotWritten
from search.ledger import FILE, Ledger, store
from search.report.status import read_status
from search.run import run_campaign
from tests.support.commands import run as command
from tests.support.fakes import CONFIG, config, fake_worker


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


def content(folder, observe=events.ignore, **changes):
    return run_campaign(config(**changes), folder, observe, fake_worker).content_hash


def at(judged, act):
    """An observer that acts once, after so many candidates."""

    def observe(event):
        if isinstance(event, events.VerdictEntered) and event.progress.judged == judged:
            act()

    return observe


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return content(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def closed(monkeypatch):
    """The pools that were closed."""
    found, close = [], SerialPool.close
    monkeypatch.setattr(SerialPool, "close", lambda pool: (found.append(pool), close(pool))[1])
    return found


@contextmanager
def room_for(pages):
    """Ledgers that may have so many pages, as on a disk without room for more."""

    def limited(path):
        ledger = OPEN(path)
        ledger.db.execute(f"PRAGMA max_page_count = {pages}")
        return ledger

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "open", staticmethod(limited))
        yield


OPEN = Ledger.open


def test_a_disk_that_is_full_again_and_again_costs_the_work_in_flight(
    tmp_path, reference, closed, monkeypatch
):
    monkeypatch.setattr(loop, "STATE_EVERY", 5)
    held, found = [], None
    for pages in itertools.count(10, 3):
        with room_for(pages):
            try:
                found = content(tmp_path)
                break
            except NotWritten as error:
                assert str(error).splitlines()[0] == (
                    f"NotWritten: {tmp_path / FILE} cannot be written: database or disk is full"
                )
                assert "make room" in error.help and error.exit_status == 1
        ledger = Ledger.read(tmp_path / FILE)
        held.append(len(ledger))
        ledger.close()
    assert found == reference
    assert len(closed) == len(held) + 1 and len(held) > 3
    assert held == sorted(held) and held[-1] > 40


@contextmanager
def files_up_to(size):
    """Files of this process cannot grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 4_096, 100_000, 180_000])
def test_a_file_that_cannot_grow_is_named(tmp_path, reference, closed, size):
    with files_up_to(size), pytest.raises(NotWritten, match=f"^NotWritten: {tmp_path}.* cannot be"):
        content(tmp_path)
    assert [path.name for path in tmp_path.glob("*.new*")] == []
    assert content(tmp_path) == reference


def test_a_full_disk_is_a_sentence_and_status_1_and_the_same_command_goes_on(
    tmp_path, reference, monkeypatch
):
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(run_module, "run_campaign", partial(run_campaign, make_worker=fake_worker))
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    words = "discover", tmp_path / "tiny.yaml", "--out", tmp_path / "run"
    with room_for(18):
        status, out, err = command(*words)
    assert (status, out) == (1, "") and "Traceback" not in err
    assert err.splitlines()[-2:] == [
        f"NotWritten: {tmp_path / 'run' / FILE} cannot be written: database or disk is full",
        "help: make room on the disk; the same command then goes on, with nothing lost but the "
        "work in flight",
    ]
    assert command(*words)[0] == 0
    assert read_status(tmp_path / "run")["content_hash"] == reference


@pytest.mark.parametrize("name", ["lock", "config.yaml", "ledger.sqlite.new"])
def test_a_file_of_the_folder_that_cannot_be_written_is_named(tmp_path, closed, name):
    (tmp_path / name / "in").mkdir(parents=True)
    with pytest.raises(NotWritten, match=f"{name} cannot be written: ") as caught:
        content(tmp_path)
    assert "--out DIR" in caught.value.help and caught.value.exit_status == 1


@contextmanager
def held_by_another(path):
    """A ledger that another connection is writing."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("BEGIN EXCLUSIVE")
    yield db
    db.close()


def test_a_ledger_that_stays_locked_ends_the_campaign_with_a_sentence(
    tmp_path, reference, closed, monkeypatch
):
    monkeypatch.setattr(store, "_BUSY_SECONDS", 0.05)
    with pytest.raises(NotWritten, match="cannot be written: database is locked") as caught:
        holder = held_by_another(tmp_path / FILE)
        content(tmp_path, at(21, holder.__enter__))
    assert "another program holds it" in caught.value.help and len(closed) == 1
    holder.__exit__(None, None, None)
    assert content(tmp_path) == reference


def test_a_ledger_that_is_locked_for_a_moment_is_waited_for(tmp_path, reference):
    holders = []

    def hold():
        holder = held_by_another(tmp_path / FILE)
        db = holder.__enter__()
        timer = threading.Timer(0.2, db.rollback)
        timer.start()
        holders.append((holder, timer))

    assert content(tmp_path, at(21, hold)) == reference
    for holder, timer in holders:
        timer.join()
        holder.__exit__(None, None, None)


def test_a_ledger_that_is_locked_at_the_start_is_named_and_kept(tmp_path, monkeypatch):
    content(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    monkeypatch.setattr(store, "_BUSY_SECONDS", 0.05)
    with (
        held_by_another(tmp_path / FILE),
        pytest.raises(LedgerError, match="cannot be read: database is locked"),
    ):
        content(tmp_path, budget={"candidates": 70})
    assert (tmp_path / FILE).read_bytes() == before


def test_two_drivers_that_know_nothing_of_each_other_write_one_ledger(
    tmp_path, reference, monkeypatch
):
    """As where a file system knows no locks, or somebody removes the file."""
    monkeypatch.setattr(run_module, "run_lock", lambda folder: nullcontext())
    monkeypatch.setattr(loop, "STATE_EVERY", 10)
    found = []
    assert content(tmp_path, at(25, lambda: found.append(content(tmp_path)))) == reference
    assert found == [reference]
    ledger = Ledger.read(tmp_path / FILE)
    assert ledger.content_hash(anew=True) == reference and len(ledger) == 60
    ledger.close()


@pytest.mark.parametrize("clock", ["time", "monotonic", "perf_counter"])
def test_a_clock_that_goes_back_changes_nothing(tmp_path, reference, monkeypatch, clock):
    def stop():
        raise Stop

    for start in (2e9, 1e9, 0.0):  # each run earlier than the one before, and backwards
        ticks = itertools.count(start, -0.25)
        monkeypatch.setattr(time, clock, lambda ticks=ticks: next(ticks))
        if start:
            with pytest.raises(Stop):
                content(tmp_path, at(20 if start > 1e9 else 40, stop))
    assert content(tmp_path) == reference


def test_a_search_that_is_to_stop_before_it_began_ends_with_the_baseline(tmp_path, reference):
    (tmp_path / loop.STOP).touch()
    seen = []
    result = run_campaign(config(), tmp_path, seen.append, fake_worker)
    assert not any(isinstance(event, events.VerdictEntered) for event in seen)
    assert result.hall.winner.candidate is None
    (tmp_path / loop.STOP).unlink()
    assert content(tmp_path) == reference
