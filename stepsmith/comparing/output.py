"""The folder that a comparison is written to: its own, and empty before."""

import os
from pathlib import Path

from search.ledger import RUNS
from stepsmith.errors import UsageError
from stepsmith.output import put

FIGURE, DATA = "comparison.svg", "comparison.json"
FOLDER = RUNS / "compare"


def check_writable(out: Path | None, *, force: bool) -> None:
    """Refuse what could not be written in the end, before the work.

    **Arguments:** `out`: the folder that was asked for; `FOLDER` if None.
    """
    if out is not None:
        for file in (out / FIGURE, out / DATA):
            if file.exists() and not force:
                raise UsageError(f"{file} exists\nhelp: --force replaces it")
    folder = out or FOLDER
    base = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    hint = "" if out else "\nhelp: --out DIR writes the figure and the data elsewhere"
    if not base.is_dir():
        raise UsageError(f"cannot write to {folder}: {base} is not a folder{hint}")
    if not os.access(base, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {folder}: no permission in {base}{hint}")


def write(figure: str, data: str, suite: str, out: Path | None, *, force: bool) -> Path:
    """Write both and return the folder: `out`, or a new one of the suite's name in `FOLDER`."""
    folder = _new(suite) if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    put(figure, folder / FIGURE, force=force)
    put(data, folder / DATA, force=force)
    return folder


def _new(suite: str) -> Path:
    """`held_out`, `held_out-2`, ...: the first that does not exist, made at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = FOLDER / (suite if number == 1 else f"{suite}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder
