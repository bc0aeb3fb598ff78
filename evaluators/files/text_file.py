"""Text files of users, in UTF-8 or as their byte-order mark says."""

import codecs
from pathlib import Path

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_text(path: Path) -> str:
    """The text of a file without its byte-order mark, lines ended by `\\n`.

    Editors of Windows and PowerShell write such marks. **Raises:** OSError; UnicodeDecodeError.
    """
    data = path.read_bytes()
    found = next((code for mark, code in _MARKS.items() if data.startswith(mark)), "utf-8")
    return data.decode(found).replace("\r\n", "\n").replace("\r", "\n")
