"""One process per run: a lock that ends with the process that holds it, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from search.errors import NotWritten, RunLocked
from search.ledger.writing import FOLDER

FILE = "lock"
_WAIT_SECONDS = 1.0


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Hold the lock of a run; RunLocked if another process does."""
    try:
        descriptor = os.open(run / FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise NotWritten(f"{run / FILE} cannot be written: {error.strerror}", help=FOLDER) from None
    try:
        _acquire(run, descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_locked(run: Path) -> bool:
    """True while a process is working on the run."""
    try:
        descriptor = os.open(run / FILE, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _acquire(run: Path, descriptor: int) -> None:
    """Take the lock; waits a moment, since a reader may be asking whether it is held."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise RunLocked(
                f"{run} is being worked on by process {holder}",
                help=f"`stepsmith status {run}` shows how far it is; or use --out DIR",
            )
        time.sleep(0.05)
