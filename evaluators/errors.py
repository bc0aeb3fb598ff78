"""Every error a user of the evaluators can meet: what was met, what was wanted, what to try."""

from collections.abc import Collection

from dsl.errors import PluginError, did_you_mean, listed, nearest
from dsl.plugins.plugin import HINT


class EvaluatorError(ValueError):
    """Something asked of the evaluators that cannot be had; `help` says what to try."""

    def __init__(self, message: str, *, help: str | None = None):
        super().__init__(f"{message}\nhelp: {help}" if help else message)
        self.message = message
        self.help = help


class _UnknownName(EvaluatorError):
    """A name that nothing of its sort carries.

    `name` is what was met, `nearest` the valid name closest to it (None when none is close).
    """

    sort: str
    more = ""

    def __init__(self, name: str, known: Collection[str]):
        self.name = name
        self.nearest = nearest(name, known)
        super().__init__(
            f"unknown {self.sort} {name!r}{did_you_mean(name, known)}",
            help=f"{listed(name, known)}; `stepsmith {self.sort}s` lists them all{self.more}",
        )


class UnknownTask(_UnknownName):
    """A name that no proxy task carries."""

    sort = "task"
    more = f"; {HINT}"


class UnknownSuite(_UnknownName):
    """A name that is neither a suite of `configs/suites` nor a file."""

    sort = "suite"


class NotInSuite(EvaluatorError):
    """A task that there is, and that a suite does not have."""

    def __init__(self, name: str, suite: str, tasks: Collection[str]):
        super().__init__(
            f"the suite {suite} has no task {name!r}",
            help=f"{listed(name, tasks)}; a suite file of your own names any: --suite FILE",
        )


class NotMeasured(EvaluatorError):
    """A proxy task that is declared, but has no entry in the catalogue."""

    def __init__(self, name: str):
        super().__init__(
            f"task {name!r} has no entry in the catalogue",
            help=f"`python -m benchmarks.measure_tasks {name}` measures it",
        )


class BadData(EvaluatorError):
    """The examples of a task cannot be loaded, or are not those that it states."""

    def __init__(self, task: str, *, met: str, wanted: str, help: str):
        super().__init__(f"task {task!r} wants {wanted}, met {met}", help=help)
        self.task = task
        self.met = met
        self.wanted = wanted


class ConfigError(EvaluatorError):
    """A file of keys and values that is not what it should be: names the file, the line where
    there is one, the key path, what was met and what is accepted."""

    def __str__(self) -> str:
        return f"ConfigError: {super().__str__()}"


class CannotCompare(EvaluatorError):
    """Rules or numbers that no comparison can be made of; the message says which and why."""


class ComparisonFailed(EvaluatorError):
    """A rule of a comparison lost its workers on a task."""

    exit_status = 1

    def __init__(self, rule: str, task: str, note: str):
        super().__init__(
            f"{rule} on {task} lost its worker twice: {note}",
            help="what was done is kept; the same command goes on from there, "
            "and --workers 0 does it in one process",
        )


class TaskFault(PluginError):
    """A task of a user's own that cannot be trained: the file, the line, what was met, what to do.

    `line` counts from 1.
    """

    def __init__(self, file: str, line: int, met: str, *, help: str | None = None):
        super().__init__(f"{file}:{line}: {met}", help=help)
        self.file = file
        self.line = line
        self.met = met
