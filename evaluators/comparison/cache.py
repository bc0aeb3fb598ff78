"""Runs that were paid for, kept in the user's cache folder and found again by what decides them.

The key covers the rule in canonical form, the task with its examples, the seeds, steps and grid,
the versions of JAX and NumPy, and the source of the language and the evaluators: whatever may
change a number changes the key, so an entry is never stale, only unused. Entries are small (some
kilobytes) and may be deleted at any time.
"""

import functools
import hashlib
import importlib
import importlib.metadata
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_PACKAGES = ("dsl", "evaluators")
_LIBRARIES = ("jax", "jaxlib", "numpy")


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`stepsmith/compared` in `XDG_CACHE_HOME`, or in `~/.cache`."""
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stepsmith" / "compared"


class RunCache:
    """A folder of JSON files, each named by the hash of its key; None keeps nothing."""

    def __init__(self, folder: Path | None):
        self.folder = folder

    def get(self, key: Mapping[str, Any]) -> Any | None:
        """What was put under an equal key; None if nothing was, or it cannot be read."""
        if self.folder is None:
            return None
        try:
            return json.loads(self._path(key).read_text(encoding="utf-8"))["value"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: Mapping[str, Any], value: Any) -> None:
        """Keep a value for later; a folder that cannot be written keeps nothing."""
        if self.folder is None:
            return
        text = json.dumps({"key": key, "value": value}, allow_nan=False)
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(dir=self.folder, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(made, self._path(key))

    def _path(self, key: Mapping[str, Any]) -> Path:
        assert self.folder is not None
        text = json.dumps({**key, "code": code_digest()}, sort_keys=True, allow_nan=False)
        return self.folder / f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.json"


@functools.cache
def code_digest() -> str:
    """Hex digest of the source that decides a result, and of the libraries' versions."""
    digest = hashlib.blake2b(digest_size=16)
    for library in _LIBRARIES:
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    for package in _PACKAGES:
        (root,) = importlib.import_module(package).__path__
        for path in sorted(Path(root).rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
