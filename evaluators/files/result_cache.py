"""Results that were paid for, kept in the user's cache folder under everything that decides them.

One small JSON file per result, written at once when the result is there, so that work that was
interrupted goes on where it was. Files may be deleted at any time; a damaged one is reported and
its result computed anew.

A key has a field for everything that decides its result; the source of the language and the
evaluators, the versions of the libraries, the device and its options are in `environment`. So an
entry is never stale, only unused.
"""

import functools
import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from dsl.plugins import loaded
from evaluators.files.replace_file import replace_file

Result = TypeVar("Result")

_PACKAGES = ("dsl", "evaluators")
_LIBRARIES = ("jax", "jaxlib", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class CacheKey:
    """Everything that decides a result, field by field; a kind of result adds its own fields."""

    environment: tuple[tuple[str, str], ...]
    """The version of everything that computes, see `environment`."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, as it comes back from a file."""
        return json.loads(json.dumps(asdict(self), allow_nan=False))

    @property
    def digest(self) -> str:
        """Hex digest of all fields."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def environment(variables: Mapping[str, str] = os.environ) -> tuple[tuple[str, str], ...]:
    """Versions of everything that computes: code, plug-ins, libraries, interpreter, device,
    options."""
    import jax

    options = jax.config.values
    found = {
        "code": code_digest(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": jax.devices()[0].device_kind,
        "x64": str(options["jax_enable_x64"]),
        "matmul_precision": str(options["jax_default_matmul_precision"]),
        "xla_flags": " ".join(sorted(variables.get("XLA_FLAGS", "").split())),
    }
    if plugins := loaded():
        found["plugins"] = " ".join(sorted(plugin.checksum for plugin in plugins))
    versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return tuple(sorted({**found, **versions}.items()))


@functools.cache
def code_digest(packages: tuple[str, ...] = _PACKAGES) -> str:
    """Hex digest of the source of packages, by default of the language and the evaluators, the
    catalogue of tasks too."""
    digest = hashlib.blake2b(digest_size=16)
    for package in packages:
        (root,) = importlib.import_module(package).__path__
        sources = (path for path in Path(root).rglob("*") if path.suffix in (".py", ".json"))
        for path in sorted(sources):
            digest.update(f"{package}/{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def default_folder(kind: str, environment: Mapping[str, str] = os.environ) -> Path:
    """`stepsmith/KIND` in `XDG_CACHE_HOME`, or in `~/.cache`."""
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stepsmith" / kind


class ResultCache:
    """A folder of results.

    **Arguments:** `folder`: None keeps nothing. `say`: receives a sentence about a file that is
    damaged, and one about a folder that cannot be written.
    """

    def __init__(self, folder: Path | None, say: Callable[[str], None] = lambda sentence: None):
        self.folder = folder
        self._say = say
        self._writable = True

    def get(self, key: CacheKey, read: Callable[[Any], Result]) -> Result | None:
        """The value put under an equal key, read by a function of its JSON; None if nothing was put
        there, or it cannot be read."""
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

    def holds(self, key: CacheKey) -> bool:
        """True if there is a file for the key; a damaged one counts."""
        return self.folder is not None and self._path(key).is_file()

    def put(self, key: CacheKey, value: Any) -> None:
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

    def _path(self, key: CacheKey) -> Path:
        assert self.folder is not None
        return self.folder / f"{key.digest}.json"
