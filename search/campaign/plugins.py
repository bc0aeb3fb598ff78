"""The plug-ins that decide what a campaign finds, and the user's own tasks among its tasks."""

from dsl.declare import Registry, is_ours
from dsl.plugins import Plugin, loaded
from evaluators.registry import definitions
from search.config import Config
from search.config.judging import tasks_of
from search.errors import PluginMissing
from search.ledger.plugins import WORDS

_TASK = "task"


def used_plugins(config: Config) -> list[Plugin]:
    """The loaded plug-ins, those left out that bring nothing but tasks which the config and its
    suites do not name: whatever else is known may take part in a search."""
    tasks = _tasks(config)
    return [
        plugin
        for plugin in loaded()
        if tasks.intersection(plugin.names(_TASK))
        or any(sort != _TASK for sort, _ in plugin.brings)
    ]


def check_workers_know(config: Config) -> None:
    """PluginMissing for a word or a task that was declared in this process alone, as in a notebook,
    where the workers are other processes."""
    brought = {pair for plugin in loaded() for pair in plugin.brings}
    tasks = _tasks(config)
    for registry in Registry.every if config.workers else ():
        for name, place in registry.places.items():
            needed = registry.noun in WORDS or (registry.noun == _TASK and name in tasks)
            if needed and not is_ours(place) and (registry.noun, name) not in brought:
                raise PluginMissing(
                    f"the {registry.noun} '{name}' is declared in this process alone, and workers "
                    "are others",
                    help="put it into a file and name that as a plug-in, or set workers=0",
                )


def own_tasks(config: Config) -> dict[str, str]:
    """The user's own tasks that the config and its suites name, each with a digest of all that it
    computes; one that was never measured is."""
    return definitions(_tasks(config))


def _tasks(config: Config) -> set[str]:
    """The names of all tasks that a campaign trains on."""
    suites = [name for name in (config.final.meta_validation, config.final.held_out) if name]
    found = {task.name for task in config.tasks}
    return found | {task.name for suite in suites for task in tasks_of(suite)}
