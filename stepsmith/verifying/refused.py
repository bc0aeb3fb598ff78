"""Another optimizer that raised an error in place of being made, or of a step."""

from dsl.shapes import Leaves
from stepsmith.verifying.walkers import Walker


class Refused(Exception):
    """Another optimizer that raised an error in place of a step: neither equal nor unequal.

    `exit_status` is that of the command line.
    """

    exit_status = 1

    def __init__(self, name: str, when: str, error: BaseException, help: str = ""):
        first = str(error).strip().splitlines()
        met = f"{type(error).__name__}: {first[0]}" if first else type(error).__name__
        advice = help or (
            "--ranks leaves out tensors that it cannot take, --other sets its arguments; "
            "FILE.py:NAME may be a function of yours that makes it"
        )
        super().__init__(f"'{name}' refused while {when}: {met}\nhelp: {advice}")


class Guarded:
    """An optimizer of a library; Refused if it raises anything."""

    def __init__(self, walker: Walker, name: str):
        self.walker = walker
        self.name = name

    def step(self, count: int) -> Leaves:
        try:
            return self.walker.step(count)
        except Exception as error:
            raise Refused(self.name, f"making step {count + 1}", error) from None

    def point(self) -> Leaves | None:
        try:
            return self.walker.point()
        except Exception as error:
            raise Refused(self.name, "showing what it evaluates", error) from None
