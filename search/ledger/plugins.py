"""The plug-ins that a campaign is made from, as its ledger holds them, and those that are missing.

To read a run takes the words of its programs; to go on with it, every plug-in as it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsl.plugins import Plugin, in_json, in_words, loaded
from dsl.program import Program
from evaluators.catalogue import TaskEntry
from search.errors import ConfigChanged, PluginMissing

WORDS = ("primitive", "initialiser", "kind")
"""The sorts of declarations without which programs cannot be read."""


@dataclass(frozen=True)
class RecordedPlugin:
    """A plug-in as the ledger holds it: its name as its user gave it, the checksum of its source,
    and the names that it declares, by their sort."""

    name: str
    checksum: str
    brings: Mapping[str, Sequence[str]]

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "RecordedPlugin":
        """The plug-in that `Plugin.to_json` made plain data of."""
        return RecordedPlugin(data["name"], data["checksum"], data["brings"])


@dataclass(frozen=True)
class RecordedTask:
    """One of the user's own tasks as the ledger holds it: a digest of all that it computes, and
    what was found of it when the run began, among it the losses that decide scores."""

    definition: str
    entry: TaskEntry

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal value back."""
        return {"definition": self.definition, **self.entry.to_json()}

    @staticmethod
    def from_json(name: str, data: Mapping[str, Any]) -> "RecordedTask":
        """The inverse of `to_json`."""
        known = dict(data)
        return RecordedTask(known.pop("definition"), TaskEntry.from_json(name, known))


def needed_by(program: Program) -> list[RecordedPlugin]:
    """The loaded plug-ins whose words a program has, each with these words alone."""
    calls = {("primitive", each.op) for each in program.statements}
    starts = {("initialiser", init.rule) for init in program.slots.values()}
    found = ((each, calls | starts) for each in loaded())
    return [
        RecordedPlugin(each.name, each.checksum, in_json(sorted(words & {*each.brings})))
        for each, words in found
        if words & {*each.brings}
    ]


def check_words(run: str, recorded: Iterable[RecordedPlugin]) -> None:
    """PluginMissing if programs of a run use words that no plug-in of this process brings."""
    known = {pair for plugin in loaded() for pair in plugin.brings}
    for each in recorded:
        missing = {
            sort: absent
            for sort, names in each.brings.items()
            if sort in WORDS
            if (absent := [name for name in names if (sort, name) not in known])
        }
        if missing:
            raise PluginMissing(
                f"{run} was made with the plug-in {each.name}, which brings {in_words(missing)}",
                help=f"add --plugin {each.name}",
            )


def check_same_plugins(
    run: str, recorded: Sequence[RecordedPlugin], used: Sequence[Plugin]
) -> None:
    """An error unless a run can go on with the plug-ins that this process uses for it.

    **Raises:** PluginMissing for one that is not loaded, ConfigChanged for one that is another now,
    or that the run was started without.
    """
    have = {plugin.checksum for plugin in loaded()}
    for each in recorded:
        if each.checksum in have:
            continue
        check_given(run, [each])
        raise ConfigChanged(
            f"the plug-in {each.name} is not the one that {run} was started with, whose checksum "
            f"begins with {each.checksum[:8]}",
            help="restore it, or start another run with --out DIR",
        )
    known = {each.checksum for each in recorded}
    for plugin in used:
        if plugin.checksum not in known:
            raise ConfigChanged(
                f"{run} was started without the plug-in {plugin.name}",
                help="leave it away (--plugin none leaves out those that are installed or named by "
                "STEPSMITH_PLUGINS), or start another run with --out DIR",
            )


def check_same_tasks(
    run: str, recorded: Mapping[str, RecordedTask], used: Mapping[str, str]
) -> None:
    """ConfigChanged for the first of the user's own tasks that computes something else now, though
    its plug-in is the same: it reads files, say. `used` has their digests."""
    for name, each in recorded.items():
        if name in used and used[name] != each.definition:
            raise ConfigChanged(
                f"the task '{name}' is not the one that {run} was started with: its examples, its "
                "parameters or its losses are others now",
                help="restore what its plug-in reads, or start another run with --out DIR",
            )


def check_given(run: str, recorded: Iterable[RecordedPlugin]) -> None:
    """PluginMissing for the first plug-in of a run that is not loaded in any version."""
    names = {stem(plugin.name) for plugin in loaded()}
    for each in recorded:
        if stem(each.name) not in names:
            raise PluginMissing(
                f"{run} was started with the plug-in {each.name}, which brings "
                f"{in_words(each.brings)}",
                help=f"add --plugin {each.name}",
            )


def stem(name: str) -> str:
    """The last part of the path of a plug-in; the name of a module as it is."""
    return name.rpartition("/")[2]
