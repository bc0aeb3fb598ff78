import os
import subprocess
import sys

import pytest

from search.pool.cpu_affinity import claim_core

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
CLAIM = """
import os, sys
from pathlib import Path
from search.pool.cpu_affinity import claim_core
print(claim_core(Path(sys.argv[1])), *sorted(os.sched_getaffinity(0)), flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(not CORES, reason="this system binds no processes")


class Claimer:
    """A process that claims a core and keeps it until it is told to end."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.core, *self.bound = self.process.stdout.readline().split()

    def end(self, signal="terminate"):
        getattr(self.process, signal)()
        self.process.communicate()


def test_every_worker_has_a_core_of_its_own_until_none_is_left(tmp_path):
    claimers = [Claimer(tmp_path) for _ in (*CORES, "one too many")]
    *lucky, late = claimers
    assert [claimer.core for claimer in lucky] == [str(core) for core in CORES]
    assert all(claimer.bound == [claimer.core] for claimer in lucky)
    assert late.core == "None" and late.bound == [str(core) for core in CORES]
    for claimer in claimers:
        claimer.end()


def test_the_core_of_a_process_that_was_killed_is_free_again(tmp_path):
    first = Claimer(tmp_path)
    first.end("kill")
    second = Claimer(tmp_path)
    assert second.core == first.core == str(CORES[0])
    second.end()


def test_where_claims_cannot_be_written_nothing_is_bound(tmp_path):
    (tmp_path / "file").touch()
    assert claim_core(tmp_path / "file") is None
    assert sorted(os.sched_getaffinity(0)) == CORES
