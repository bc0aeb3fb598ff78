"""The plug-ins that decide what a campaign finds, and the user's own tasks among its tasks."""

from collections.abc import Mapping

from dsl.declare import Registry, is_ours
from dsl.plugins import Plugin, loaded
from evaluators import registry
from evaluators.training.trainers import forget_trainers
from search.config import Config
from search.config.judging import tasks_of
from search.errors import PluginMissing
from search.ledger.plugins import WORDS, RecordedTask, check_same_tasks

_TASK = "task"
_BESIDE = frozenset({_TASK, "command", "combinator", "host"})
"""Sorts that take no part in a search; of tasks those that are not named."""


def used_plugins(config: Config) -> list[Plugin]:
    """The loaded plug-ins, those left out that bring nothing but tasks which the config and its
    suites do not name, or what takes no part in a search."""
    tasks = tasks_in(config)
    return [
        plugin
        for plugin in loaded()
        if tasks.intersection(plugin.names(_TASK))
        or any(sort not in _BESIDE for sort, _ in plugin.brings)
    ]


def check_workers_know(config: Config) -> None:
    """PluginMissing for a word or a task that was declared in this process alone, as in a notebook,
    where the workers are other processes."""
    brought = {pair for plugin in loaded() for pair in plugin.brings}
    tasks = tasks_in(config)
    for declared in Registry.every if config.workers else ():
        for name, place in declared.places.items():
            needed = declared.noun in WORDS or (declared.noun == _TASK and name in tasks)
            if needed and not is_ours(place) and (declared.noun, name) not in brought:
                raise PluginMissing(
                    f"the {declared.noun} '{name}' is declared in this process alone, and workers "
                    "are others",
                    help="put it into a file and name that as a plug-in, or set workers=0",
                )


def own_tasks(config: Config) -> dict[str, RecordedTask]:
    """The user's own tasks that the config and its suites name, for the record of a new run; one
    that was never measured is."""
    found = registry.definitions(tasks_in(config))
    return {name: RecordedTask(digest, registry.entry(name)) for name, digest in found.items()}


def go_on_with(run: str, recorded: Mapping[str, RecordedTask], config: Config) -> None:
    """Let the user's own tasks state the numbers that a run began with, whatever was found of them
    here: all its scores are on one scale. ConfigChanged for a task that computes something else."""
    check_same_tasks(run, recorded, registry.definitions(tasks_in(config)))
    told = {name: each.entry for name, each in recorded.items()}
    if any(registry.found().get(name) != each for name, each in told.items()):
        registry.learn(told)
        forget_trainers()


def tasks_in(config: Config) -> set[str]:
    """The names of all tasks that a campaign trains on."""
    suites = [name for name in (config.final.meta_validation, config.final.held_out) if name]
    found = {task.name for task in config.tasks}
    return found | {task.name for suite in suites for task in tasks_of(suite)}
