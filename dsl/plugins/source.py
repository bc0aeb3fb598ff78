"""The source of a plug-in: the text of a file, or the files of a module, and its checksum."""

import hashlib
import importlib.util
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path

from dsl.errors import PluginError, did_you_mean

PARENT = "stepsmith_plugins"
"""The package that modules of files stand in, which holds nothing else."""


@dataclass(frozen=True)
class FileSource:
    """A plug-in that is one file; `place` is its path as the user gave it."""

    place: str
    text: str
    checksum: str

    @property
    def module(self) -> str:
        """The name of its module, which two files share only if they are the same."""
        return f"{PARENT}.{Path(self.place).stem}_{self.checksum[:12]}"


@dataclass(frozen=True)
class ModuleSource:
    """A plug-in that is a module; `root` is the folder that Python found it in."""

    module: str
    checksum: str
    root: str


def source_of(name: str) -> FileSource | ModuleSource:
    """The plug-in that a text names: the path of a file, or a module.

    **Raises:** PluginError if there is none, or it cannot be read.
    """
    path = Path(name)
    if path.suffix == ".py" or os.sep in name or path.is_file():
        return _file(name, path)
    spec = _found(name)
    if spec is not None:
        return _module(name, spec)
    if path.is_dir():
        return _file(name, path)
    raise PluginError(
        f"there is no file and no module {name}",
        help="give the path of a Python file, or a module that is installed or whose folder is on "
        "PYTHONPATH",
    )


def file_source(place: str, text: str) -> FileSource:
    """The source of a file whose text is known."""
    return FileSource(place, text, _checksum([("", text.encode())]))


def _file(name: str, path: Path) -> FileSource:
    if path.is_dir():
        raise PluginError(
            f"the plug-in {name} is a folder",
            help="give the path of a file in it, or the name of a package that Python finds",
        )
    try:
        text = importlib.util.decode_source(path.read_bytes())
    except FileNotFoundError:
        beside = {each.name: each for each in path.parent.glob("*.py")}
        wanted = "give the path of a Python file, or the name of a module"
        several = f"; between several of a variable stands {os.pathsep}, and --plugin takes one"
        raise PluginError(
            f"there is no plug-in {name}{did_you_mean(path.name, beside)}",
            help=wanted + (several if "," in name else ""),
        ) from None
    except OSError as error:
        raise PluginError(f"the plug-in {name} cannot be read: {error.strerror}") from None
    except (SyntaxError, UnicodeDecodeError):
        raise PluginError(f"the plug-in {name} is not a text file") from None
    return file_source(name, text)


def _module(name: str, spec: ModuleSpec) -> ModuleSource:
    if spec.submodule_search_locations is None:
        assert spec.origin is not None
        files = [Path(spec.origin)]
        root = files[0].parents[name.count(".")]
    else:
        folders = [Path(folder) for folder in spec.submodule_search_locations]
        files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
        root = folders[0].parents[name.count(".")]
    try:
        parts = [(file.relative_to(root).as_posix(), file.read_bytes()) for file in files]
    except OSError as error:
        raise PluginError(f"the plug-in {name} cannot be read: {error.strerror}") from None
    return ModuleSource(name, _checksum(parts), str(root))


def _found(name: str) -> ModuleSpec | None:
    """The module as Python would import it; its parents are imported to know that."""
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise
    except ValueError:  # a module of this process that came from no file
        return None
    return spec if spec is not None and spec.has_location else None


def _checksum(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, content in parts:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
