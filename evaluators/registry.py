"""The proxy tasks by name.

A module of `evaluators.tasks` that calls `register`, and an entry in the catalogue, are all a new
task needs. Names come from the catalogue, so that listing them imports no task; the modules are
imported when a task is first asked for (those whose name starts with an underscore are helpers).
"""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dsl.declare import NameTaken, Registry, import_all, is_ours
from evaluators import catalogue
from evaluators.errors import NotMeasured, UnknownTask

if TYPE_CHECKING:
    from evaluators.task import Task

_TASKS: "Registry[Task]" = Registry("task")
_RESTATED: "dict[str, Task]" = {}


def register(task: "Task") -> "Task":
    """Make `task` known under its name and return it; NameTaken if one of ours, which are imported
    when they are asked for, or another one has it."""
    _TASKS.declare(task.name, task)
    if task.name in catalogue.entries() and not is_ours(_TASKS.places[task.name]):
        _TASKS.withdraw(task.name)
        raise NameTaken(_TASKS.noun, task.name, "evaluators.tasks")
    return task


def names() -> list[str]:
    """The names of all tasks that have been measured, sorted."""
    return list(catalogue.entries())


def get(name: str) -> "Task":
    """The task of that name.

    **Raises:** UnknownTask with the nearest valid name; NotMeasured for a task that is declared and
    has no entry in the catalogue yet.
    """
    if name in _RESTATED:
        return _RESTATED[name]
    check(name)
    return declared()[name]


def check(name: str) -> None:
    """Raise, as `get` does, for a name that no measured task carries; imports no task otherwise."""
    if name in catalogue.entries():
        return
    if name in declared():
        raise NotMeasured(name)
    raise UnknownTask(name, names())


@functools.cache
def declared() -> "Mapping[str, Task]":
    """Every registered task, those without an entry in the catalogue too; imports all modules."""
    import_all("evaluators.tasks")
    return _TASKS


def restate(task: "Task") -> None:
    """Let `get` answer with this task from now on: for measuring, which finds what a task states
    of itself."""
    _RESTATED[task.name] = task
