"""Executes a plug-in, once in a process; one that fails leaves nothing behind.

Whatever its author is told names the plug-in's own line, and says its own message.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import linecache
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

from dsl.declare import NameTaken, Registry, is_ours
from dsl.errors import DeclaresNothing, PluginError
from dsl.plugins.plugin import Plugin, enter, loaded, with_checksum
from dsl.plugins.source import PARENT, FileSource, ModuleSource, file_source, source_of

Check = Callable[[Sequence[tuple[str, str]]], None]
"""A function of what a plug-in declares, by sort and name, that raises an error if it cannot be
used."""

_CHECKS: list[Check] = []


def after_loading(check: Check) -> None:
    """Have every plug-in checked when it is loaded, by who reads its declarations."""
    _CHECKS.append(check)


def load(name: str) -> Plugin:
    """Load the plug-in at the path of a file, or of the name of a module; what it declares is known
    from then on. One that is loaded is left as it is.

    **Raises:** PluginError if there is none, it raises an error, declares a name that is taken, or
    is another version of one that is loaded.
    """
    with _explained(name):
        return _load(name, source_of(name))


def load_again(plugin: Plugin) -> None:
    """Load a plug-in that another process has loaded; PluginError if it is another one here."""
    if plugin.source is not None:
        _load(plugin.name, file_source(plugin.name, plugin.source))
        return
    if plugin.root not in sys.path:
        sys.path.append(plugin.root)
    found = load(plugin.name)
    if found.checksum != plugin.checksum:
        raise PluginError(
            f"the plug-in {plugin.name} is not the one that the other process has loaded: install "
            "the same version everywhere"
        )


def _load(name: str, source: FileSource | ModuleSource) -> Plugin:
    known = with_checksum(source.checksum)
    if known is not None:
        return known
    if any(each.name == name for each in loaded()):
        raise PluginError(
            f"the plug-in {name} has changed since this process loaded it",
            help="start a new process, which loads it as it is now",
        )
    before = _declared()
    text, root = None, ""
    with _explained(name), _undone(source.module, before), quietly():
        if isinstance(source, FileSource):
            _execute(source)
            text = source.text
        else:
            importlib.import_module(source.module)
            root = source.root
        brings = _brought(source.module, before)
        if not brings:
            raise DeclaresNothing(
                f"the plug-in {name} declares nothing",
                help="docs/plugins.md has the decorators and calls that declare",
            )
        for check in _CHECKS:
            check(brings)
    return enter(Plugin(name, source.module, source.checksum, brings, text, root))


def _execute(source: FileSource) -> None:
    """Run a file as a module of its own; its text is kept for whoever reads its functions, though
    the file may change or lie on another machine."""
    place, text = source.place, source.text
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    spec = importlib.util.spec_from_loader(source.module, _Text(source), origin=place)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = place
    sys.modules.setdefault(PARENT, ModuleType(PARENT))
    sys.modules[source.module] = module
    exec(compile(text, place, "exec", dont_inherit=True), module.__dict__)


class _Text(importlib.abc.InspectLoader):
    """The loader of a module whose text is known."""

    def __init__(self, source: FileSource):
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source.text

    def exec_module(self, module: ModuleType) -> None:
        pass


Declared = dict[int, frozenset[str]]
"""The names in each registry, by its id in this process."""


def _declared() -> Declared:
    return {id(registry): frozenset(registry) for registry in Registry.every}


def _new(before: Declared) -> Iterator[tuple[Registry, str]]:
    """Declarations of others since then, in the order of names; ours may have come with them."""
    for registry in Registry.every:
        for name, place in sorted(registry.places.items()):
            if name not in before.get(id(registry), ()) and not is_ours(place):
                yield registry, name


def _brought(module: str, before: Declared) -> tuple[tuple[str, str], ...]:
    """Declarations of a module, made by now or before it was named as a plug-in."""
    found = {(registry.noun, name) for registry, name in _new(before)}
    for registry in Registry.every:
        for name, place in registry.places.items():
            if place == module or place.startswith(f"{module}."):
                found.add((registry.noun, name))
    return tuple(sorted(found))


@contextmanager
def _undone(module: str, before: Declared) -> Iterator[None]:
    """Takes back what a plug-in has declared and imported of itself if it fails."""
    imported = set(sys.modules)
    try:
        yield
    except BaseException:
        for registry, name in list(_new(before)):
            del registry[name]
        top = module if module.startswith(f"{PARENT}.") else module.partition(".")[0]
        for each in set(sys.modules) - imported:
            if each == top or each.startswith(f"{top}."):
                del sys.modules[each]
        raise


@contextmanager
def quietly() -> Iterator[None]:
    """Sends a plug-in's prints to stderr: stdout is for the data of a command. In another thread
    than the main one they go where all go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turns an error of a plug-in into one that says where it is and what it says."""
    try:
        yield
    except (PluginError, KeyboardInterrupt):
        raise
    except NameTaken as error:
        whose = owner(error.place)
        raise PluginError(
            f"{_place(name, error)}: the {error.noun} '{error.name}' is {whose}",
            help="give it another name",
        ) from None
    except SyntaxError as error:
        where = f"{error.filename or name}:{error.lineno}"
        raise PluginError(f"{where}: {type(error).__name__}: {error.msg}") from None
    except BaseException as error:
        words = "".join(traceback.format_exception_only(error)).strip()
        if is_ours(type(error).__module__):
            words = str(error)
        if isinstance(error, SystemExit):
            words = f"it ends the process (exit {error.code})"
        raise PluginError(f"{_place(name, error)}: {words}") from None


def owner(place: str) -> str:
    """The owner of a declaration in words, by the module that declared it."""
    if is_ours(place):
        return "one of Stepsmith's own"
    for each in loaded():
        if place == each.module or place.startswith(f"{each.module}."):
            return f"brought by the plug-in {each.name} already"
    return "declared already"


def _place(name: str, error: BaseException) -> str:
    """`FILE:LINE` of the innermost line of an error that is a plug-in's, not ours or Python's."""
    places = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not _is_of_ours(frame.f_globals.get("__name__") or "", frame.f_code.co_filename)
    ]
    own = [each for each in places if each[0] == name]
    if not own:
        top = name.partition(".")[0]
        own = [each for each in places if f"/{top}/" in each[0] or each[0].endswith(f"/{top}.py")]
    file, line = (own or places or [(name, 0)])[-1]
    return f"{file}:{line}" if line else file


def _is_of_ours(module: str, file: str) -> bool:
    return is_ours(module) or file.startswith("<frozen importlib") or module == "importlib"
