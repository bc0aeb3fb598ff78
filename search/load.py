"""Reads a config file and `--set` overrides; an error names file, key, value and what would do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from dsl.errors import did_you_mean
from dsl.registry import PRIMITIVES
from dsl.zoo import ZOO
from evaluators import registry as tasks
from search.config import Config
from search.errors import ConfigChanged, ConfigError
from search.strategies import STRATEGIES


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """The config in a YAML file with `key.path=value` overrides, values in YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ConfigError(f"{path}: {reason}", help="give the path of a YAML file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file in UTF-8") from None
    raw = parse_yaml(text, str(path))
    for override in overrides:
        _apply(raw, override)
    return validated(raw, str(path))


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """The mapping in a YAML text."""
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{where}{place}: not YAML: {problem}") from None
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{where}: wanted keys and values, met {_shown(raw)}",
            help="configs/quickstart.yaml is a complete config",
        )
    return raw


def validated(raw: dict[str, Any], where: str) -> Config:
    """The config that `raw` spells; ConfigError for the first thing wrong with it."""
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        path, first = _innermost(error)
        raise _config_error(raw, where, path, first) from None


def check_same(stored: dict[str, Any], config: Config, run: Path) -> None:
    """ConfigChanged if the run was started with another config; only the budget may grow."""
    now = config.comparable()
    for path, old, new in _differences(stored, now):
        if path == "budget.candidates" and old < new:
            continue
        cure = "the budget of a run may grow, not shrink" if path == "budget.candidates" else None
        raise ConfigChanged(
            f"{run} was started with {path} = {_shown(old)}, the config now says {_shown(new)}",
            help=cure or "change it back, or start another run with --out DIR",
        )


def _apply(raw: dict[str, Any], override: str) -> None:
    path, sign, text = override.partition("=")
    keys = path.strip().split(".")
    if not sign or not all(keys):
        raise ConfigError(
            f"--set {override}: wanted key=value", help="e.g. --set budget.candidates=500"
        )
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"--set {override}: the value is not YAML") from None
    node: Any = raw
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(node, list):
            if not key.isdigit() or int(key) >= len(node):
                place = ".".join(keys[:depth])
                raise ConfigError(
                    f"--set {override}: {place} is a list of {len(node)}, '{key}' is no place in it"
                )
        elif not isinstance(node, dict):
            place = ".".join(keys[:depth])
            raise ConfigError(f"--set {override}: {place} is {_shown(node)} and holds no keys")
        place_in: Any = int(key) if isinstance(node, list) else key
        if last:
            node[place_in] = value
        elif isinstance(node, dict):
            node = node.setdefault(key, {})
        else:
            node = node[place_in]


def _innermost(error: ValidationError) -> tuple[tuple[str | int, ...], Any]:
    """The place and details of the first error, looking into errors raised by validators."""
    first = error.errors()[0]
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, ValidationError):
        path, details = _innermost(inner)
        return (*first["loc"], *path), details
    return first["loc"], first


def _config_error(
    raw: dict[str, Any], where: str, path: tuple[str | int, ...], details: Any
) -> ConfigError:
    key = ".".join(map(str, path))
    kind, context = details["type"], details.get("ctx", {})
    place = f"{where}: {key}" if key else where
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1], raw)
        return ConfigError(
            f"{place}: unknown key{did_you_mean(str(path[-1]), known)}",
            help=f"the keys here are {', '.join(known)}" if known else None,
        )
    if kind == "missing":
        return ConfigError(f"{place}: missing", help=_HELP.get(key))
    met = f"met {_shown(details['input'])}"
    if kind == "value_error":
        return ConfigError(f"{place}: {context['error']}", help=_names_help(str(context["error"])))
    wanted = _WANTED.get(kind, "")
    if wanted:
        return ConfigError(
            f"{place}: wanted {wanted.format(**context)}, {met}", help=_HELP.get(key)
        )
    message = details["msg"][0].lower() + details["msg"][1:]
    return ConfigError(f"{place}: {message}, {met}", help=_HELP.get(key))


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
_HELP = {
    "campaign": "e.g. campaign: my_first",
    "tasks": "e.g. tasks: [{name: digits, steps: 200}]",
    "budget": "e.g. budget: {candidates: 2000}",
    "strategy": "e.g. strategy: {kind: regularized_evolution}",
}


def _names_help(message: str) -> str | None:
    """The valid names, where the message is about an unknown one."""
    lists = {
        "unknown task": tasks.names(),
        "unknown strategy": sorted(STRATEGIES),
        "unknown rule": sorted(ZOO),
        "unknown primitive": sorted(PRIMITIVES),
    }
    for start, names in lists.items():
        if message.startswith(start):
            return f"the names are {', '.join(names)}"
    return None


def _keys_at(path: tuple[str | int, ...], raw: Any) -> list[str]:
    """The keys that the section at `path` has."""
    model: Any = Config
    for key in path:
        if isinstance(key, int):
            continue
        if key == "strategy" and model is Config:
            model = STRATEGIES[raw["strategy"]["kind"]].options_type
            continue
        annotation = model.model_fields[key].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _differences(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in dict.fromkeys((*old, *new)):
            inner = f"{path}.{key}" if path else str(key)
            found += _differences(old.get(key), new.get(key), inner)
        return found
    return [] if old == new else [(path, old, new)]


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
