"""The key under which a comparison keeps a result that was paid for.

Rules are told apart by the hash of their canonical form, which is finer than their fingerprint:
that sees sixteen steps on small tensors, and two rules that part later are two rules here.
"""

from dataclasses import dataclass
from typing import Any

from evaluators.comparison.results import TaskSetup
from evaluators.files.result_cache import CacheKey


@dataclass(frozen=True, kw_only=True)
class Key(CacheKey):
    """Everything that decides a result, field by field."""

    what: str
    """The result that is kept: a tuning, or runs."""
    rule: str
    """Hash of the canonical form, constants included."""
    primitives: tuple[str, ...]
    """Primitives that the machine carries."""
    width: int
    """Seeds that run side by side."""
    setup: TaskSetup
    """The task by name, its steps, checkpoints and horizons."""
    examples: str
    """Checksum of the task's data."""
    seeds: tuple[int, ...]
    grid: tuple[Any, ...]
    """The grid of a tuning; empty for runs."""
    reference: tuple[float, ...]
    """The score of 1 that a tuning goes by; empty for the scale's own, and for runs."""
