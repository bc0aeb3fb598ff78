"""Tasks of a user's own in tests: files that are written, loaded as plug-ins, and forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsl.plugins import load
from evaluators import registry
from evaluators.registry import OwnTask
from tests.support.commands import working_in
from tests.support.plugins import forgotten

HEAD = """import jax, jax.numpy as jnp, numpy as np
from stepsmith import supervised, task
x = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
w = {"w": jnp.ones(4)}
square = lambda p, b: jnp.mean((b @ p["w"]) ** 2)
"""
"""The lines that every file begins with."""
FIRST = HEAD.count("\n") + 1
"""The number of the line after them."""


def written(folder: Path, text: str, name: str = "mine.py") -> str:
    """The path of a file of those lines and a text."""
    path = folder / name
    path.write_text(HEAD + text, encoding="utf-8")
    return str(path)


def declared(folder: Path, text: str, name: str = "mine.py") -> OwnTask:
    """The first task that a file of those lines and a text declares."""
    plugin = load(written(folder, text, name))
    found = registry.own(plugin.names("task")[0])
    assert found is not None
    return found


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """A working folder with a cache of its own; plug-ins that are loaded there are forgotten."""
    with working_in(folder, {}), forgotten():
        yield
