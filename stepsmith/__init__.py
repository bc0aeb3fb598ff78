"""Stepsmith: optimizers discovered by program search, from Python and on the command line.

    import stepsmith

    run = stepsmith.discover("configs/quickstart.yaml")  # or a dict of the same keys
    run.hall_of_fame, run.front, run.top(limit=10)
    run = stepsmith.Run("quickstart")                    # one on disk, also while it is written
    rule = run.program("53d4360e")                       # or stepsmith.load("lion")
    stepsmith.compare([rule], suite="held_out")
    stepsmith.verify("adamw", "torch.optim.AdamW", hyper={"lr": 1e-3})
    stepsmith.nearest(rule)

These names do what the commands do; `task` and `supervised` declare a task of your own in a file
that is a plug-in. Importing the package imports nothing that computes.

cli/          one file per command
api/          what the commands do, as functions
discovering/  a running campaign, and its hall of fame
comparing/    a comparison: its workers, progress, tables and figure
measuring/    a rule reduced by measurement: its terms, progress and table
asking/       problems that are trained outside: rules asked for, losses told
checking/     tasks of a user's own: what is told of each
verifying/    the path of a rule beside that of another optimizer
pages/        generated pages of docs/
table         tables for commands that start quickly
live          a view of work that goes on
output        text on stdout or in a file, the look of other tables
errors        wishes of a user that cannot be met
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsl.program import Program
    from dsl.program.parse import parse
    from evaluators.own.outside import Problem
    from evaluators.own.supervised import supervised
    from evaluators.own.task import task
    from stepsmith.api.candidates import Candidates
    from stepsmith.api.compare import compare
    from stepsmith.api.discover import discover
    from stepsmith.api.plugins import use_plugins
    from stepsmith.api.rules import load, nearest
    from stepsmith.api.run import Run
    from stepsmith.api.study import Study
    from stepsmith.api.verify import verify

__all__ = [
    "Candidates",
    "Problem",
    "Program",
    "Run",
    "Study",
    "compare",
    "discover",
    "load",
    "nearest",
    "parse",
    "supervised",
    "task",
    "use_plugins",
    "verify",
]

_PLACES = {
    "Candidates": "stepsmith.api.candidates",
    "Problem": "evaluators.own.outside",
    "Program": "dsl.program",
    "Run": "stepsmith.api.run",
    "Study": "stepsmith.api.study",
    "compare": "stepsmith.api.compare",
    "discover": "stepsmith.api.discover",
    "load": "stepsmith.api.rules",
    "nearest": "stepsmith.api.rules",
    "parse": "dsl.program.parse",
    "supervised": "evaluators.own.supervised",
    "task": "evaluators.own.task",
    "use_plugins": "stepsmith.api.plugins",
    "verify": "stepsmith.api.verify",
}
"""The module of each name, imported when the name is first used."""


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'stepsmith' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
