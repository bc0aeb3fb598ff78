"""Whatever is killed, and whenever: the ledger is the one of an undisturbed run."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from search.errors import SearchError
from search.ledger import FILE, Ledger
from tests.support.processes import descendants, kill

pytestmark = [pytest.mark.slow, pytest.mark.ray]

ROOT = Path(__file__).resolve().parents[3]
KILLS = 20
VICTIMS = ("driver", "worker", "raylet", "gcs_server")
_PATIENCE = 300.0
WORKERS = 2
SEAT = "ray::_Seat"
_SOON = 16
"""Jobs that are begun, once a worker is replaced, until those that it had are done: they are first
in line. A job that loses two workers would count as what kills them."""


SENTENCES = (
    "CampaignFailed: Ray, which runs the workers, has died",
    "CampaignFailed: Ray did not start",
    "Failed to connect to GCS",  # Ray's own, where its head is killed while the driver asks it
)


class Life:
    """A process that works on a campaign."""

    def __init__(self, folder, workers):
        self.folder, self.journal = folder / "run", folder / "journal"
        folder.mkdir(exist_ok=True)
        self.journal.touch()
        self.below = {}
        words = "-m", "tests.support.killable", self.journal.with_name("run"), self.journal
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words), str(workers)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def begun(self):
        """Jobs begun by the workers of all lives of the campaign."""
        return self.journal.stat().st_size

    @property
    def alive(self):
        return self.process.poll() is None

    def work(self, jobs):
        """Let so many jobs be begun with all workers there; False if the process ended instead."""
        return self._until(self._all_are_up) and self._until(
            lambda at=self.begun: self.begun >= at + jobs
        )

    def _all_are_up(self):
        up = [called for called in self._look().values() if called in (SEAT, f"{SEAT}.run")]
        return len(up) == WORKERS

    def _until(self, done):
        deadline = time.monotonic() + _PATIENCE
        while self.alive and not done():
            assert time.monotonic() < deadline, self._look()
            time.sleep(0.02)
        return self.alive

    def _look(self):
        """The processes below; those that were there before are kept in mind."""
        now = descendants(self.process.pid)
        self.below |= now
        return now

    def strike(self, victim, rng):
        """Kill one of the processes; True if it was there and the campaign was not complete."""
        below = self._look()
        if victim == "driver":
            struck = kill(self.process.pid, sys.executable)
        else:
            choice = sorted(n for n, called in below.items() if is_called(called, victim))
            struck = bool(choice) and kill(number := rng.choice(choice), below[number][: len(SEAT)])
        return struck and not is_complete(self.folder)

    def end(self):
        """Wait until the process has ended, and end what it left: its status, the last line of
        stdout (Ray writes there that it was killed), and stderr."""
        self._look()
        out, err = self.process.communicate(timeout=_PATIENCE)
        for number, called in self.below.items():
            kill(number, called[: len(SEAT)])
        return self.process.returncode, out.splitlines()[-1] if out else "", err


def is_called(title, victim):
    """True for a title of that kind of process."""
    if victim == "worker":
        return title.startswith(SEAT)
    return Path(title.split(" ")[0]).name == victim


def is_complete(folder):
    try:
        ledger = Ledger.read(folder / FILE, whole=False)
    except SearchError:
        return False
    finals = ledger.finals
    ledger.close()
    return finals is not None


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    status, content, err = Life(tmp_path_factory.mktemp("undisturbed"), 0).end()
    assert status == 0, err
    return content


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_any_number_of_workers_writes_the_same_ledger(tmp_path, undisturbed, workers):
    status, content, err = Life(tmp_path, workers).end()
    assert (status, content) == (0, undisturbed), err


def test_twenty_kills_at_random_moments_change_nothing(tmp_path, undisturbed):
    """Kills count where the process was alive and the campaign not complete; a campaign that is
    complete is followed by another one, until there were enough."""
    rng = random.Random(20)
    ahead = rng.sample(VICTIMS, KILLS, counts=[KILLS // len(VICTIMS)] * len(VICTIMS))
    campaigns, life, lives = 1, None, []
    try:
        while ahead or not is_complete(tmp_path / str(campaigns) / "run"):
            if life is None:
                life = Life(tmp_path / str(campaigns), WORKERS if ahead else 0)
                lives.append(life)
                if ahead and ahead[0] == "driver" and rng.random() < 0.5:
                    time.sleep(8 * rng.random())  # before it works, or as it begins to
                    ahead = ahead[life.strike("driver", rng) :]
            if ahead and life.work(rng.randrange(_SOON, 3 * _SOON)):
                time.sleep(rng.random() / 20)
                victim = ahead[0]
                struck = life.strike(victim, rng)
                ahead = ahead[struck:]
                if life.alive and (victim == "worker" or not struck):
                    continue
            status, content, err = life.end()
            life = None
            if status == 0:
                assert content == undisturbed
                campaigns += bool(ahead)
            else:
                assert status < 0 or any(sentence in err for sentence in SENTENCES), err
    finally:
        for each in lives:
            if each.alive:
                each.process.kill()
                each.end()
    for number in range(1, campaigns + 1):
        ledger = Ledger.read(tmp_path / str(number) / "run" / FILE)
        assert ledger.content_hash(anew=True) == undisturbed
        ledger.close()


def test_of_two_drivers_the_second_is_refused(tmp_path, undisturbed):
    first = Life(tmp_path, 0)
    assert first._until(lambda: first.begun)
    first.process.send_signal(signal.SIGSTOP)  # it holds the lock for as long as the other needs
    status, _, err = Life(tmp_path, 0).end()
    first.process.send_signal(signal.SIGCONT)
    assert status == 1
    assert f"RunLocked: {first.folder} is being worked on by process {first.process.pid}" in err
    assert first.end()[:2] == (0, undisturbed)
