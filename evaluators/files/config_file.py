"""Files of keys and values: read as YAML, held against a model, and what is wrong in words.

Campaigns and suites are read by this. An error names the file, the line where there is one, the
key path, what was met and what would do.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from dsl.errors import did_you_mean, listed
from dsl.plugins import HINT
from evaluators.errors import ConfigError
from evaluators.files.text_file import read_text

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys, and places in lists, from the top of a file."""


class Section(BaseModel):
    """A part of a file: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Document(NamedTuple):
    """The mapping in a file, the file's name, and the lines (from 1) that its values are on."""

    values: dict[str, Any]
    where: str
    lines: dict[KeyPath, int]


class Advice(NamedTuple):
    """Advice that an error about a kind of file can give besides what is wrong."""

    keys: Callable[[KeyPath], list[str]]
    """The keys that the section at a path has."""
    examples: Mapping[str, str]
    """Text to write, by dotted key."""


class BadValue(ValueError):
    """A value that a validator refuses; `help` says what to try."""

    def __init__(self, message: str, *, help: str | None = None):
        super().__init__(message)
        self.message = message
        self.help = help


def read(path: Path, example: str) -> Document:
    """The document in a YAML file; `example` is the path of one that is complete."""
    try:
        text = read_text(path)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ConfigError(f"{path}: {reason}", help="give the path of a YAML file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file in UTF-8") from None
    return parse(text, str(path), example)


def parse(text: str, where: str, example: str) -> Document:
    """The document in a YAML text."""
    try:
        raw = yaml.safe_load(text)
        lines = _lines(yaml.compose(text, yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{where}{place}: not YAML: {problem}") from None
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{where}: wanted keys and values, met {shown(raw)}",
            help=f"{example} is a complete one",
        )
    return Document(raw, where, lines)


def _lines(node: yaml.Node | None, path: KeyPath = ()) -> dict[KeyPath, int]:
    """The lines at which keys and items of lists start."""
    found: dict[KeyPath, int] = {}
    if isinstance(node, yaml.MappingNode):
        inside = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inside = [(place, item, item) for place, item in enumerate(node.value)]
    else:
        return found
    for key, start, value in inside:
        found[(*path, key)] = start.start_mark.line + 1
        found |= _lines(value, (*path, key))
    return found


def one_of(what: str, name: str, known: Collection[str], *, ours_alone: bool = False) -> str:
    """`name` if it is known; BadValue with the nearest names that are, and where else one may come
    from unless `ours_alone`."""
    if name not in known:
        help = listed(name, known) if ours_alone else f"{listed(name, known)}; {HINT}"
        raise BadValue(f"unknown {what} '{name}'{did_you_mean(name, known)}", help=help)
    return name


def problem(error: ValidationError, document: Document, advice: Advice) -> ConfigError:
    """The first thing wrong with a document, as an error for the person who wrote it."""
    path, details = _innermost(error)
    key = ".".join(map(str, path))
    line = document.lines.get(path) or document.lines.get(path[:-1])
    place = document.where + (f", line {line}" if line else "") + (f": {key}" if key else "")
    kind, context = details["type"], details.get("ctx", {})
    example = advice.examples.get(key)
    if kind == "extra_forbidden":
        known = advice.keys(path[:-1])
        return ConfigError(
            f"{place}: unknown key{did_you_mean(str(path[-1]), known)}",
            help=f"the keys here are {', '.join(known)}" if known else None,
        )
    if kind == "missing":
        return ConfigError(f"{place}: missing", help=example)
    if kind == "value_error":
        refused = context["error"]
        message = getattr(refused, "message", None) or str(refused)
        return ConfigError(f"{place}: {message}", help=getattr(refused, "help", None) or example)
    if kind in _WANTED:
        wanted = f"wanted {_WANTED[kind].format(**context)}"
    else:
        wanted = details["msg"][0].lower() + details["msg"][1:]
    return ConfigError(f"{place}: {wanted}, met {shown(details['input'])}", help=example)


def _innermost(error: ValidationError) -> tuple[KeyPath, Any]:
    """The place and details of the first error, looking into errors raised by validators.

    An unknown key comes before what is missing: it is often that key, misspelt.
    """
    errors = error.errors()
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, ValidationError):
        path, details = _innermost(inner)
        return (*first["loc"], *path), details
    return first["loc"], first


_WANTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number (write 0.001 or 1.0e-3)",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "finite_number": "a finite number",
    "too_short": "at least {min_length}",
    "string_pattern_mismatch": "a name of lower-case letters, digits and _, a letter first",
}


def keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that the section of a model at `path` has; none if no section is there."""
    for key in path:
        if isinstance(key, int):
            continue
        inner = section_of(model.model_fields[key].annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The model of the section that a key holds, one or a list of them; None for a plain value."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def shown(value: Any) -> str:
    """A value as an error quotes it."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
