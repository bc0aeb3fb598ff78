"""Files that are written at once: all of the text or nothing, whatever interrupts."""

import os
import stat
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Put a text into a file, in place of what it holds; it keeps its mode. A file that holds the
    text already is left alone.

    **Raises:** OSError; the file is then what it was.
    """
    if path.is_file() and path.read_bytes() == text.encode():
        return
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(made, _mode(path))
        os.replace(made, path)
    except BaseException:
        os.unlink(made)
        raise


def _mode(path: Path) -> int:
    """The mode of the file that is replaced, or of a new one."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
