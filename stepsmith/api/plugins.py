"""Plug-ins from Python: declarations of the user's own that everything knows from then on."""

from collections.abc import Sequence
from pathlib import Path

from dsl.plugins import load_named
from stepsmith.api.lists import listed


def use_plugins(*names: str | Path | Sequence[str | Path]) -> None:
    """Load plug-ins, as `--plugin` does: paths of files, names of modules, or a list of
    these.

    Those that STEPSMITH_PLUGINS names, and those of installed packages, are loaded too, here or
    when the first rule, run or campaign is asked for; `"none"` leaves them out. One that is loaded
    is left as it is.

    **Raises:** PluginError for one that does not exist, raises an error, declares a name that is
    taken, or has changed since this process loaded it.
    """
    load_named([str(each) for name in names for each in listed(name)])
