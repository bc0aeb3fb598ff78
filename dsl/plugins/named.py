"""The plug-ins that the user of a process has named: by installing, by a variable, one by one."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator

from dsl.errors import PluginError
from dsl.plugins.loader import load

VARIABLE = "STEPSMITH_PLUGINS"
"""The variable of the environment that names plug-ins, separated as the folders of PATH are."""
GROUP = "stepsmith.plugins"
"""The group of entry points by which an installed package names its modules."""
NONE = "none"
"""In the place of a plug-in: those of the variable and of installed packages are left out."""


_HANDLED: set[str] = set()
"""The values of the variable that this process has taken up, installed packages with them; `NONE`
once they are to be left out."""


def load_named(names: Iterable[str] = (), before: Callable[[], None] = lambda: None) -> None:
    """Load the plug-ins of installed packages, those of the variable, and these, in this order; the
    first two once in a process, unless one of the names is `none`. `before` is called first where
    there are any.

    **Raises:** PluginError for the first that cannot be loaded.
    """
    asked = [name for name in names if name]
    variable = os.environ.get(VARIABLE, "")
    named = [name for name in variable.split(os.pathsep) if name]
    if NONE in asked:
        _HANDLED.add(NONE)
    handled = bool(_HANDLED.intersection({NONE, variable}))
    installed = [] if handled or NONE in named else list(_installed())
    own = [name for name in (*(() if handled else named), *asked) if name != NONE]
    if installed or own:
        before()
    for module, package in installed:
        try:
            load(module)
        except PluginError as error:
            raise PluginError(
                f"{error.message} (a plug-in of the installed package {package})",
                help=f"--plugin {NONE} leaves out those of installed packages",
            ) from None
    for name in own:
        load(name)
    _HANDLED.add(variable)


def none_asked() -> bool:
    """True once `none` was among the names: those of the variable and of packages are left out."""
    return NONE in _HANDLED


def _installed() -> Iterator[tuple[str, str]]:
    """Modules that installed packages name, in the order of names, and the packages.

    Python's own reader of entry points takes longer to import than a command that prints text may,
    so it is left alone unless some package names our group.
    """
    if not any(map(_names_group, _entry_point_files())):
        return
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    for each in sorted(found, key=lambda each: (each.value, each.name)):
        yield each.module, each.dist.name if each.dist else each.name


def _entry_point_files() -> Iterator[str]:
    """The files of entry points of the packages that Python finds."""
    for folder in sys.path:
        try:
            packages = os.listdir(folder or ".")
        except OSError:
            continue
        for package in packages:
            if package.endswith((".dist-info", ".egg-info")):
                yield os.path.join(folder, package, "entry_points.txt")


def _names_group(file: str) -> bool:
    try:
        with open(file, "rb") as opened:
            return f"[{GROUP}]".encode() in opened.read()
    except OSError:
        return False
