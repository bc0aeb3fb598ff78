"""What decides the runs of a rule on a task, all of it: the key under which they are kept.

Rules are told apart by the hash of their canonical form, which is finer than their fingerprint:
that sees sixteen steps on small tensors, and two rules that part later are two rules here. What has
no field of its own is in `environment`: the source of the language and the evaluators covers the
engines, the task's model and its loss; the versions of the libraries, the device and its options
cover the rest. So an entry is never stale, only unused.
"""

import functools
import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluators.comparison.results import Ground

_PACKAGES = ("dsl", "evaluators")
_LIBRARIES = ("jax", "jaxlib", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Key:
    """A field for everything that decides a result."""

    what: str
    """What is kept: a tuning, or runs."""
    rule: str
    """Hash of the canonical form, constants included."""
    primitives: tuple[str, ...]
    """What the machine carries."""
    width: int
    """Seeds that run side by side."""
    ground: Ground
    """The task by name, its steps, looks and horizons."""
    examples: str
    """Checksum of the task's data."""
    seeds: tuple[int, ...]
    grid: tuple[Any, ...]
    """The grid of a tuning; none for runs."""
    reference: tuple[float, ...]
    """The score of 1 that a tuning goes by; none for the scale's own, and for runs."""
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
    """Names and values of what computes: code, libraries, interpreter, device and its options."""
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
    versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return tuple(sorted({**found, **versions}.items()))


@functools.cache
def code_digest() -> str:
    """Hex digest of the source of the language and the evaluators, the catalogue of tasks too."""
    digest = hashlib.blake2b(digest_size=16)
    for package in _PACKAGES:
        (root,) = importlib.import_module(package).__path__
        sources = (path for path in Path(root).rglob("*") if path.suffix in (".py", ".json"))
        for path in sorted(sources):
            digest.update(f"{package}/{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
