"""The proxy tasks by name: those that come with Stepsmith, and those of a user's own.

A module of `evaluators.tasks` that calls `register`, and an entry in the catalogue, are all a new
task needs. Names come from the catalogue, so that listing them imports no task; the modules are
imported when a task is first asked for (those whose name starts with an underscore are helpers).

A task of a user's own is registered by the plug-in that declares it. It has no entry in the
catalogue: what it does not state is measured when it is first asked for, and kept
(`evaluators.measuring`).
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from dsl.declare import NameTaken, Registry, import_all, is_ours
from evaluators import catalogue
from evaluators.catalogue import TaskEntry
from evaluators.errors import NotMeasured, UnknownTask

if TYPE_CHECKING:
    from evaluators.task import Task


class OwnTask(NamedTuple):
    """A task of a user's own as its file declares it; the numbers that it does not state are NaN.

    `source` is an `evaluators.own.source.OwnSource`.
    """

    task: "Task"
    source: Any


_TASKS: "Registry[Task]" = Registry("task")
_SOURCES: "dict[str, tuple[Task, Any]]" = {}
"""A user's own tasks as declared, with their sources; as below, a name may be declared anew."""
_RESTATED: "dict[str, tuple[Task | None, Task]]" = {}
"""Tasks as declared, with their numbers."""
_FOUND: "dict[str, tuple[Task, TaskEntry]]" = {}
"""A user's own tasks as declared, with what was found of them."""


def register(task: "Task", source: Any = None) -> "Task":
    """Make `task` known under its name and return it; NameTaken if one of ours, which are imported
    when they are asked for, or another one has it.

    **Arguments:** `source`: see `OwnTask`; None for a task that states everything.
    """
    _TASKS.declare(task.name, task)
    if task.name in catalogue.entries() and not is_ours(_TASKS.places[task.name]):
        del _TASKS[task.name]
        raise NameTaken(_TASKS.noun, task.name, "evaluators.tasks")
    if source is not None:
        _SOURCES[task.name] = (task, source)
    return task


def forget_outside(name: str) -> None:
    """Forget the task of that name if it is one that others train."""
    if name in _TASKS and _TASKS[name].outside is not None:
        del _TASKS[name]


def names() -> list[str]:
    """The names of all tasks that have been measured, and of a user's own, sorted."""
    return sorted({*catalogue.entries(), *_own()})


def own(name: str) -> OwnTask | None:
    """The task of a user's own of that name that states not everything; None for any other."""
    task, source = _SOURCES.get(name, (None, None))
    return OwnTask(task, source) if task is not None and task is _TASKS.get(name) else None


def get(name: str) -> "Task":
    """The task of that name.

    A user's own is measured when it is first asked for, unless it was before.

    **Raises:** UnknownTask with the nearest valid name; NotMeasured for a task that is declared and
    has no entry in the catalogue yet; TaskFault for a user's own that cannot be trained.
    """
    declaration, restated = _RESTATED.get(name, (None, None))
    if restated is not None and declaration is _TASKS.get(name):
        return restated
    check(name)
    mine = own(name)
    if mine is None:
        return _TASKS[name] if name in _own() else declared()[name]
    task = stated(mine.task, entry(name))
    restate(task)
    return task


def entry(name: str) -> TaskEntry:
    """The entry of a task; a user's own is measured unless it was before. Raises as `get`."""
    found = known(name)
    if found is None:
        mine = own(name)
        assert mine is not None, "of other tasks all is known"
        found = _measuring().entry_at_first_use(mine)
        learn({name: found})
    return found


def summary(name: str) -> str:
    """A line for people about a task; measures nothing. Raises as `get`."""
    check(name)
    found = catalogue.entries().get(name)
    return _TASKS[name].summary if found is None else found.summary


def known(name: str) -> TaskEntry | None:
    """The entry of a task; None for one of a user's own that was not measured yet. Trains
    nothing. Raises as `get`."""
    check(name)
    if name in catalogue.entries():
        return catalogue.entries()[name]
    mine = own(name)
    if mine is None:
        return _measuring().stated_entry(_TASKS[name])
    declaration, found = _FOUND.get(name, (None, None))
    if found is None or declaration is not mine.task:
        found = _measuring().kept_entry(mine)
        learn({} if found is None else {name: found})
    return found


def _measuring() -> Any:
    """The room that measures: it trains, and so stands above this one."""
    return import_module("evaluators.measuring")


def definitions(names: Iterable[str]) -> dict[str, str]:
    """The digests of all that the user's own tasks among some compute, by name; those of ours
    change with the code. Measures nothing; TaskFault for one that cannot be traced."""
    found = {name: mine for name in sorted({*names}) if (mine := own(name)) is not None}
    return {name: mine.task.checksum() for name, mine in found.items()}


def stated(task: "Task", found: TaskEntry) -> "Task":
    """The task with the numbers that were found of it."""
    return replace(
        task,
        untrained=found.untrained,
        floor=found.floor,
        floor_from=found.floor_from,
        best=found.best,
        flops=found.flops,
        digest=found.checksum,
    )


def found() -> dict[str, TaskEntry]:
    """The entries of a user's own tasks that this process knows: plain data for `learn`."""
    return {name: each for name, (task, each) in _FOUND.items() if task is _TASKS.get(name)}


def learn(told: Mapping[str, TaskEntry]) -> None:
    """Take what was found of a user's own tasks, so that it is not measured here; those that
    nobody declared here are left out."""
    for name, each in told.items():
        if name in _TASKS and _FOUND.get(name) != (_TASKS[name], each):
            _FOUND[name] = (_TASKS[name], each)
            restated_no_more(name)


def check(name: str) -> None:
    """Raise, as `get` does, for a name that no measured task carries; imports no task otherwise."""
    if name in catalogue.entries() or name in _own():
        return
    if name in declared():
        raise NotMeasured(name)
    raise UnknownTask(name, names())


def _own() -> set[str]:
    """The names of a user's own tasks."""
    return {name for name, place in _TASKS.places.items() if not is_ours(place)}


@functools.cache
def declared() -> "Mapping[str, Task]":
    """Every registered task, those without an entry in the catalogue too; imports all modules."""
    import_all("evaluators.tasks")
    return _TASKS


def restate(task: "Task") -> None:
    """Let `get` answer with this task from now on: for measuring, which finds what a task states
    of itself."""
    _RESTATED[task.name] = (_TASKS.get(task.name), task)


def restated_no_more(name: str) -> None:
    """Let `get` answer again with what is known of the task."""
    _RESTATED.pop(name, None)
