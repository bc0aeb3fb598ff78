"""The proxy tasks by name.

A module of `evaluators.tasks` that calls `register` is all a new task needs: the modules there are
imported when a task is first asked for (those whose name starts with an underscore are helpers).
"""

import functools
import importlib
import pkgutil

from evaluators.errors import DuplicateTask, UnknownTask
from evaluators.task import Task

_TASKS: dict[str, Task] = {}


def register(task: Task) -> Task:
    """Make `task` known under its name and return it."""
    if task.name in _TASKS:
        raise DuplicateTask(task.name)
    _TASKS[task.name] = task
    return task


def get(name: str) -> Task:
    """The task of that name; raises `UnknownTask` with the nearest valid name."""
    _discover()
    if name not in _TASKS:
        raise UnknownTask(name, _TASKS)
    return _TASKS[name]


def names() -> list[str]:
    """All names, sorted."""
    _discover()
    return sorted(_TASKS)


@functools.cache
def _discover() -> None:
    """Import every module of `evaluators.tasks`, once."""
    package = importlib.import_module("evaluators.tasks")
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package.__name__}.{module.name}")
