"""Reads a config file and `--set` overrides; an error names file, key, value and what would do."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from evaluators.files.config_file import Advice, Document, KeyPath, keys_at, problem, read, shown
from search.config.campaign import KIND, Config
from search.config.programs import MutationConfig
from search.config.resuming import marks, may_change
from search.errors import ConfigChanged, ConfigError
from search.strategies import STRATEGIES


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """The config in a YAML file with `key.path=value` overrides, values in YAML."""
    return _config(read(path, example="configs/quickstart.yaml"), overrides)


def config_of(values: Mapping[str, Any], overrides: Sequence[str] = ()) -> Config:
    """The config of a mapping of the keys that a file has, which is left as it is; tuples do for
    lists."""
    return _config(Document(_plain(values), "config", {}), overrides)


def _plain(value: Any) -> Any:
    """A copy with dicts and lists for mappings and tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _config(document: Document, overrides: Sequence[str]) -> Config:
    for override in overrides:
        _apply(document.values, override)
    if overrides:
        document = document._replace(lines={})
    try:
        return Config.model_validate(document.values)
    except ValidationError as error:
        raise problem(error, document, _advice(document)) from None


def check_same(stored: dict[str, Any], config: Config, run: Path) -> None:
    """ConfigChanged if the run was started with another config; the budget may grow, and who
    computes and how fast may change."""
    now, marked = config.comparable(), dict(marks(Config))
    final = {"watch": 0, **stored["final"]}  # left out where nothing is looked at
    with suppress(ValidationError):  # a value may be said in several ways, and in others before
        stored = Config.model_validate(stored | {"final": final}).comparable()
    for path, old, new in _differences(stored, now):
        mark, cure = marked.get(path), "change it back"
        if mark and mark.allows(old, new):
            continue
        if mark and mark.without:
            old, new = old or 0, new or 0
        if mark and mark.grows:
            cure = "the budget of a run may grow, not shrink"
        raise ConfigChanged(
            f"{run} was started with {path} = {shown(old)}, the config now says {shown(new)}",
            help=f"{cure}, or start another run with --out DIR; a run may {may_change(Config)}",
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
            raise ConfigError(f"--set {override}: {place} is {shown(node)} and holds no keys")
        place_in: Any = int(key) if isinstance(node, list) else key
        if last:
            node[place_in] = value
        elif isinstance(node, dict):
            node = node.setdefault(key, {})
        else:
            node = node[place_in]


def _advice(document: Document) -> Advice:
    def keys(path: KeyPath) -> list[str]:
        if path[:1] == ("strategy",):
            options = STRATEGIES[document.values["strategy"].get("kind", KIND)].options_type
            return keys_at(options, path[1:])
        if path[:1] == ("mutation",):
            return keys_at(MutationConfig.of_declared(), path[1:])
        return keys_at(Config, path)

    return Advice(keys, _EXAMPLES)


_EXAMPLES = {
    "campaign": "e.g. campaign: my_first",
    "tasks": "e.g. tasks: [{name: digits, steps: 200}]",
    "budget": "e.g. budget: {candidates: 2000}",
}


def _differences(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in dict.fromkeys((*old, *new)):
            inner = f"{path}.{key}" if path else str(key)
            found += _differences(old.get(key), new.get(key), inner)
        return found
    return [] if old == new else [(path, old, new)]
