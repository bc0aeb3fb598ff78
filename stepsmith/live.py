"""A view of work that goes on: live on a terminal, else now and then as a line for a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

_LINE_SECONDS = 10.0


class View(Protocol):
    """The state of some work, as a line and as Rich draws it, with the time of the drawing."""

    def sentence(self) -> str: ...
    def __rich__(self) -> Any: ...


@contextmanager
def drawn(console: "Console", view: View) -> Iterator[Callable[[], None]]:
    """A function to be called when the view has changed; the view is drawn for as long as the block
    lasts."""
    from rich.live import Live
    from rich.text import Text

    if console.is_terminal:
        with Live(console=console, refresh_per_second=2, transient=True) as live:
            yield lambda: live.update(view)
        return
    last = 0.0

    def say() -> None:
        nonlocal last
        if not last or time.monotonic() - last >= _LINE_SECONDS:
            last = time.monotonic()
            console.print(Text(view.sentence()), soft_wrap=True)

    yield say
