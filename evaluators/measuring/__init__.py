"""Measuring what a task does not state: for the catalogue, and for a user's own tasks.

facts       untrained loss, floor, operations of a gradient, checksum
ranking     known rules, tuned and trained as a campaign would: their losses and scores
proxy       the worth of a task as a proxy: what differs, and how it ranks rules beside a suite
soundness   the faults that a task can have, each found before anything is trained
fresh       the same values in a process of its own
first_use   a user's own task measured when it is first asked for, and kept
verdict     all of this in plain words
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluators.catalogue import TaskEntry
    from evaluators.registry import OwnTask
    from evaluators.task import Task


def entry_at_first_use(own: "OwnTask") -> "TaskEntry":
    """The entry of a task of a user's own, measured unless it was before; for the registry."""
    from evaluators.measuring.first_use import entry_of_own

    return entry_of_own(own)


def kept_entry(own: "OwnTask") -> "TaskEntry | None":
    """The entry of a task of a user's own, if it was measured; for the registry."""
    from evaluators.measuring.first_use import kept

    found = kept(own)
    return found and found.entry


def stated_entry(task: "Task") -> "TaskEntry":
    """The entry of a task that states everything; for the registry."""
    from evaluators.measuring.facts import entry_of

    return entry_of(task, None)
