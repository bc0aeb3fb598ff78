"""Cyclic garbage, looked for less often while a campaign runs.

A search makes many small objects and few cycles. Python looks for cycles after every few hundred
new objects, and calls JAX back each time, which is a fifth of what a search costs beside its
evaluations. Memory without cycles is given back at once all the same.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000
"""New objects, less those that are gone, between two looks for cycles."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Cycles are looked for once in `OBJECTS` new objects, unless it is even rarer already."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(before[0], OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
