"""The proxy tasks by name.

A module of `evaluators.tasks` that calls `register` is all a new task needs: the modules there are
imported when a task is first asked for (those whose name starts with an underscore are helpers).
"""

import functools

from dsl.declare import Registry, import_all
from evaluators.errors import UnknownTask
from evaluators.task import Task

_TASKS: Registry[Task] = Registry("task")


def register(task: Task) -> Task:
    """Make `task` known under its name and return it."""
    return _TASKS.declare(task.name, task)


def get(name: str) -> Task:
    """The task of that name; raises `UnknownTask` with the nearest valid name."""
    _discover()
    if name not in _TASKS:
        raise UnknownTask(name, _TASKS)
    return _TASKS[name]


def names() -> list[str]:
    """All names, sorted."""
    _discover()
    return list(_TASKS)


@functools.cache
def _discover() -> None:
    """Import every module of `evaluators.tasks`, once."""
    import_all("evaluators.tasks")
