"""Results that were paid for, kept in the user's cache folder under what decides them.

One small JSON file per result, written at once when the result is there, so that a comparison that
was interrupted goes on where it was. Files may be deleted at any time; one that is damaged is said
so and computed anew.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from evaluators.comparison.key import Key
from evaluators.files.replace_file import replace_file

Result = TypeVar("Result")


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`stepsmith/compared` in `XDG_CACHE_HOME`, or in `~/.cache`."""
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stepsmith" / "compared"


class RunCache:
    """A folder of results.

    **Arguments:** `folder`: None keeps nothing. `say`: told, in a sentence, of a file that is
    damaged, and once of a folder that cannot be written.
    """

    def __init__(self, folder: Path | None, say: Callable[[str], None] = lambda sentence: None):
        self.folder = folder
        self._say = say
        self._writable = True

    def get(self, key: Key, read: Callable[[Any], Result]) -> Result | None:
        """What was put under an equal key, read by a function of its JSON; None if nothing was, or
        nothing that can be read."""
        if self.folder is None:
            return None
        path = self._path(key)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            return self._damaged(path, error)
        try:
            entry = json.loads(text)
            if entry["key"] != key.to_json():
                raise ValueError("it holds the result of another key")
            return read(entry["value"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return self._damaged(path, error)

    def holds(self, key: Key) -> bool:
        """Whether there is a file for the key; a damaged one counts."""
        return self.folder is not None and self._path(key).is_file()

    def put(self, key: Key, value: Any) -> None:
        """Keep plain data for later; a folder that cannot be written keeps nothing."""
        if self.folder is None:
            return
        text = json.dumps({"key": key.to_json(), "value": value}, allow_nan=False)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._path(key), text)
        except OSError as error:
            if self._writable:
                self._writable = False
                reason = error.strerror or error
                self._say(f"{self.folder} cannot be written ({reason}): nothing is kept")

    def _damaged(self, path: Path, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        self._say(f"{path} is damaged ({reason}): its result is computed anew")

    def _path(self, key: Key) -> Path:
        assert self.folder is not None
        return self.folder / f"{key.digest}.json"
