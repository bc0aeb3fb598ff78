"""Errors of disk and SQLite while a campaign writes, as its user can meet them."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.errors import NotWritten

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR)
FOLDER = "make its folder writable, or choose another with --out DIR; `stepsmith status` reads it"
"""The cure where files of a run cannot be written."""
_GOES_ON = "the same command then goes on, with nothing lost but the work in flight"
_ROOM = f"make room on the disk; {_GOES_ON}"
_DISK = f"see whether the disk is full or failing; {_GOES_ON}"
_LOCKED = f"another program holds it; end that one: {_GOES_ON}"


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turns an error of SQLite about writing the ledger, or of a file of its folder that cannot be
    written or for which there is no room, into a NotWritten."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise NotWritten(f"{path} cannot be written: {error}", help=_cure(error)) from None
    except OSError as error:
        named = error.filename2 or error.filename
        where = path.parent if named is None else Path(str(named))
        if error.errno in _NO_ROOM:
            cure = _ROOM
        elif where.parent == path.parent and error.errno in _READ_ONLY:
            cure = FOLDER
        else:
            raise
        raise NotWritten(f"{where} cannot be written: {error.strerror}", help=cure) from None


def _cure(error: sqlite3.OperationalError) -> str:
    """The cure for an error of SQLite."""
    known = {
        sqlite3.SQLITE_FULL: _ROOM,
        sqlite3.SQLITE_BUSY: _LOCKED,
        sqlite3.SQLITE_READONLY: FOLDER,
        sqlite3.SQLITE_CANTOPEN: FOLDER,
    }
    return known.get(error.sqlite_errorcode & 0xFF, _DISK)
