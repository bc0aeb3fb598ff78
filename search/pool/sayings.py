"""Sentences of workers about long compiles, which their driver repeats.

What Ray forwards of a worker's stderr is all of it, so nothing of it is forwarded. A sentence goes
through Ray's store of small values instead, which every process of a cluster reaches, under the
name of its pool. The driver looks there now and then.
"""

import math
import sys
import time
import uuid
from typing import Any

from evaluators.training import compiling

_EVERY = 1.0
"""Seconds between two looks."""


def pass_on(pool: str) -> None:
    """Have this process, a worker, say its sentences to the driver of a pool."""

    def say(what: str, sentence: str) -> None:
        _store()._internal_kv_put(f"{pool}:{uuid.uuid4().hex}", f"{what}\n{sentence}")

    compiling.say_by(say)


def _store() -> Any:
    from ray.experimental import internal_kv

    return internal_kv


class Hearing:
    """The driver's side. Workers compile the same, each for itself: what one of them has said of a
    thing is not repeated for another."""

    def __init__(self) -> None:
        self.pool = f"stepsmith:{uuid.uuid4().hex}"
        """The name under which the workers of this pool say something."""
        self._said: set[str] = set()
        self._next = time.monotonic() + _EVERY

    def repeat(self) -> None:
        """Print on stderr what was said since the last look."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        for what, sentence in self._taken():
            if what not in self._said:
                self._said.add(what)
                print(sentence, file=sys.stderr, flush=True)

    def forget(self) -> None:
        """Leave nothing in a store that goes on to live."""
        self._taken()

    def _taken(self) -> list[list[str]]:
        """Names and sentences said since, taken out of the store; a store that does not answer is
        asked no more, since no work depends on it."""
        store, found = _store(), []
        try:
            if store._internal_kv_initialized():
                for key in store._internal_kv_list(f"{self.pool}:"):
                    found.append((store._internal_kv_get(key) or b"\n").decode().split("\n", 1))
                    store._internal_kv_del(key)
        except Exception:
            self._next = math.inf
        return found
