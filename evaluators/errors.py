"""Every error a user of the evaluators can meet: what was met, what was wanted, what to try."""

import difflib
from collections.abc import Iterable


class UnknownTask(ValueError):
    """A name that no proxy task carries.

    `name` is what was met, `nearest` the valid name closest to it (None when none is close).
    """

    def __init__(self, name: str, valid: Iterable[str]):
        known = sorted(valid)
        lowered = {each.lower(): each for each in known}
        close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
        self.name = name
        self.nearest = lowered[close[0]] if close else None
        guess = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        super().__init__(f"unknown task {name!r}{guess}\nhelp: known tasks are {', '.join(known)}")


class DuplicateTask(ValueError):
    """Two proxy tasks registered under one name."""

    def __init__(self, name: str):
        super().__init__(f"a task named {name!r} is already registered; names must be unique")


class CannotCompare(ValueError):
    """Rules or numbers that no comparison can be made of; the message says which and why."""

    exit_status = 2
