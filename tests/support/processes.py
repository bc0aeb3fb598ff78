"""The processes below one, and their end."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def descendants(root: int) -> dict[int, str]:
    """The processes below one that are alive: their titles by number."""
    parents: dict[int, int] = {}
    titles: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, parent = _stat(int(entry.name))
                if state != "Z":
                    parents[int(entry.name)] = parent
                    titles[int(entry.name)] = title(int(entry.name))
    found: dict[int, str] = {}
    ahead = [root]
    while ahead:
        above = ahead.pop()
        below = [number for number, parent in parents.items() if parent == above]
        found |= {number: titles[number] for number in below}
        ahead += below
    return found


def title(number: int) -> str:
    """The title of a process: its command line, or what it calls itself."""
    return Path(f"/proc/{number}/cmdline").read_bytes().strip(b"\0").replace(b"\0", b" ").decode()


def is_alive(number: int) -> bool:
    """True unless the process has ended, waited for or not."""
    try:
        return _stat(number)[0] != "Z"
    except OSError:
        return False


def kill(number: int, called: str) -> bool:
    """End a process unless it has ended, or its number went to another one; True if it was there.

    **Arguments:** `called`: the beginning of its title.
    """
    with suppress(OSError):
        if is_alive(number) and title(number).startswith(called):
            os.kill(number, signal.SIGKILL)
            return True
    return False


def _stat(number: int) -> tuple[str, int]:
    """State and parent of a process."""
    state, parent, *_ = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return state, int(parent)
