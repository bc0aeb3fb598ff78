"""The plug-ins that decide what a campaign finds."""

from dsl.plugins import Plugin, loaded
from search.config import Config
from search.config.judging import tasks_of

_TASK = "task"


def used_plugins(config: Config) -> list[Plugin]:
    """The loaded plug-ins, those left out that bring nothing but tasks which the config and its
    suites do not name: whatever else is known may take part in a search."""
    suites = [name for name in (config.final.meta_validation, config.final.held_out) if name]
    tasks = {task.name for task in config.tasks}
    tasks |= {task.name for suite in suites for task in tasks_of(suite)}
    return [
        plugin
        for plugin in loaded()
        if tasks.intersection(plugin.names(_TASK))
        or any(sort != _TASK for sort, _ in plugin.brings)
    ]
