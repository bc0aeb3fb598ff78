"""A processor core for each worker of this machine.

A process that stays on one core keeps its caches, and its two threads, JAX's and Python's, hand
work to each other without waking another core: a training loop takes two thirds of the time.
"""

import fcntl
import os
import tempfile
from pathlib import Path

_FOLDER = Path(tempfile.gettempdir()) / "stepsmith-cores"
_held: list[int] = []
"""Descriptors of claims; the system releases them when the process ends, however it ends."""


def claim_core(folder: Path = _FOLDER) -> int | None:
    """Bind this process to a core that no worker holds, until it ends.

    **Returns:** the core. None, with nothing bound, if every core is held, if `folder` cannot be
    written, or on a system that binds no processes.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    for core in sorted(os.sched_getaffinity(0)):
        descriptor = _locked(folder / str(core))
        if descriptor is not None:
            _held.append(descriptor)
            os.sched_setaffinity(0, {core})
            return core
    return None


def _locked(path: Path) -> int | None:
    """A descriptor of the file with a lock on it; None if another process has it."""
    try:
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
