"""A compile that takes long says what is compiled, and about how long that takes: on stderr, or
as `say_by` has it.

JAX tells when it begins and ends to trace, to lower and to compile a function. XLA takes some seven
times as long as the first two together, whatever the load of the machine: between half and twice
that in most loops that take ten seconds or more.
"""

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jax import monitoring

PATIENCE = 10.0
"""Seconds of compiling before something is said."""
_TIMES = 7.0
"""Seconds of compiling for one of tracing and lowering."""
_TRACED = "/jax/core/compile/jaxpr_trace_duration"
_LOWERED = "/jax/core/compile/jaxpr_to_mlir_module_duration"
_COMPILED = "/jax/core/compile/backend_compile_duration"


class _Here(threading.local):
    """The state of one thread: what it compiles, and the seconds of tracing and lowering so far."""

    what = ""
    traced = 0.0
    lowered = 0.0
    timer: threading.Timer | None = None


_HERE = _Here()


@contextmanager
def compiling(what: str) -> Iterator[None]:
    """Inside, what this thread has JAX compile is called `what`: "the loop that trains adamw"."""
    watch()
    before, _HERE.what = _HERE.what, what
    try:
        yield
    finally:
        _HERE.what = before


@functools.cache
def watch() -> None:
    """Have every compile of this process watched from now on."""
    monitoring.register_scalar_listener(_begun)
    monitoring.register_event_duration_secs_listener(_ended)


def _begun(event: str, value: float | int, **about: Any) -> None:
    if event != _COMPILED:
        return
    what = _HERE.what or f"the function {about.get('fun_name', 'of JAX')}"
    expected = _TIMES * (_HERE.traced + _HERE.lowered)
    _HERE.traced = _HERE.lowered = 0.0
    timer = threading.Timer(PATIENCE, _say, (what, expected))
    timer.daemon = True
    _HERE.timer = timer
    timer.start()


def _ended(event: str, duration_secs: float, **kwargs: str | int) -> None:
    if event == _TRACED:
        _HERE.traced = max(_HERE.traced, duration_secs)  # inner functions are a part of the whole
    elif event == _LOWERED:
        _HERE.lowered = duration_secs
    elif event == _COMPILED and _HERE.timer is not None:
        _HERE.timer.cancel()
        _HERE.timer = None


Say = Callable[[str, str], None]
"""Says a sentence about what is compiled."""


def _print(what: str, text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_SAYS: list[Say] = [_print]
"""The one way in which this process says something."""


def say_by(say: Say) -> None:
    """Have this process say its sentences so, in place of printing them on stderr."""
    _SAYS[:] = [say]


def _say(what: str, expected: float) -> None:
    _SAYS[0](what, sentence(what, expected))


def sentence(what: str, expected: float) -> str:
    """The sentence after `PATIENCE` seconds of a compile that is expected to take so many."""
    if expected < 1.5 * PATIENCE:
        about = f"{PATIENCE:.0f} seconds so far, and longer than its size would say"
    elif expected < 90:
        about = f"about {round(expected, -1):.0f} seconds in all"
    else:
        about = f"about {max(2, round(expected / 60))} minutes in all"
    return f"Compiling {what}: {about}; it is kept for the next time"
