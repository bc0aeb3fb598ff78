"""The code that is sent to the nodes of a cluster, and what they must share with the driver.

Every node works on the driver's copy of the code, so a new primitive or task is there at once, one
of a plug-in too. The libraries are those that the nodes have installed: a node with other versions
is an error, since its results would differ.
"""

import hashlib
import importlib
import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dsl.plugins import loaded
from evaluators.training.environment import worker_environment
from search.errors import ClusterFailed

SHIPPED = ("dsl", "evaluators", "search")
"""The packages that workers import, data files included."""

_LIBRARIES = ("jax", "jaxlib", "numpy", "scipy", "scikit-learn", "optax")


@dataclass(frozen=True)
class Place:
    """The node of a worker, and what it runs on."""

    node: str
    """The id that Ray gave the node."""
    host: str
    versions: Mapping[str, str]


@contextmanager
def runtime_env(current: Mapping[str, str] = os.environ) -> Iterator[dict[str, Any]]:
    """The runtime environment of workers: the code, and the variables that JAX starts with. Ray
    has to join the cluster within the block.

    The code is Ray's `working_dir`: with `py_modules` Ray puts the driver's current folder before
    them, and a node with a folder of that name would import what lies there. Compiled machines are
    kept on a node only where the user names a folder for them.
    """
    variables = worker_environment(current)
    if "JAX_COMPILATION_CACHE_DIR" not in current:
        del variables["JAX_COMPILATION_CACHE_DIR"]
    with tempfile.TemporaryDirectory(prefix="stepsmith-") as copy:
        unread = shutil.ignore_patterns("__pycache__")
        for folder in _folders():
            shutil.copytree(folder, Path(copy) / folder.name, ignore=unread)
        for path in _of_plugins():
            if path.is_dir():
                shutil.copytree(path, Path(copy) / path.name, ignore=unread, dirs_exist_ok=True)
            else:
                shutil.copy(path, copy)
        yield {"working_dir": copy, "env_vars": variables}


def _folders() -> list[Path]:
    """The folders of the packages that are shipped."""
    return [Path(str(importlib.import_module(name).__file__)).parent for name in SHIPPED]


def _of_plugins() -> Iterator[Path]:
    """The packages and modules that plug-ins are part of; those that are files go to each worker by
    their text."""
    for plugin in loaded():
        if plugin.source is None:
            top = Path(plugin.root) / plugin.module.partition(".")[0]
            yield top if top.is_dir() else top.with_suffix(".py")


@cache
def versions() -> dict[str, str]:
    """The versions that decide the results of this process, by name, and a checksum of the code."""
    found = {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "processor": platform.machine(),
    }
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "none"
    return found | {"Stepsmith's code": _checksum()}


def _checksum() -> str:
    """Of the shipped files that are read: code and data, by their place in their package."""
    digest = hashlib.blake2b(digest_size=8)
    for folder in _folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".json", ".yaml") and path.is_file():
                digest.update(f"{folder.name}/{path.relative_to(folder)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def check_place(place: Place, driver: Mapping[str, str]) -> None:
    """ClusterFailed if a worker runs on other versions than the driver."""
    differ = [
        f"{name} {place.versions.get(name, 'none')} instead of {version}"
        for name, version in driver.items()
        if place.versions.get(name) != version
    ]
    if differ:
        raise ClusterFailed(
            f"node {place.host} has {', '.join(differ)}: its results would differ",
            help="install what constraints.txt names on every node, or take the node away",
        )
