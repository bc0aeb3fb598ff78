"""The page of the keys of a campaign, from the models that read them.

The models are imported when the page is made: other pages and their list need none of them.
"""

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dsl.syntax import syntax_tree
from evaluators.files.config_file import section_of
from search.report.markdown import table
from stepsmith.pages.page import page

_INTRO = """\
A campaign is a YAML file, or a dict for `stepsmith.discover`, with these keys; `configs/` has
complete ones. Any key may be given on the command line: `--set evaluation.seeds=4`. Unknown keys
and values out of bounds are refused before anything runs, and the folder of a run has its config
with every default (`config.yaml`).

"""
_WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}
_HEAD = ("key", "type", "default", "bounds", "meaning")


@page("config", "The keys of a campaign")
def config() -> str:
    """The keys of a campaign: type, default, bounds and meaning."""
    from search.config import Config
    from search.config.resuming import may_change
    from search.strategies import STRATEGIES

    resumed = f"A run that is resumed may {may_change(Config, '`')}."
    parts = [f"{_INTRO}{textwrap.fill(resumed, 100, break_on_hyphens=False)}\n"]
    for path, model in sections(Config):
        title = f"`{path}`" if path else "At the top"
        parts.append(f"## {title}\n\n{about(model)}\n\n{_table(model, path)}")
    parts.append("## `strategy`\n\nThe strategy has a `kind`, and the options of that kind.\n")
    for name, strategy in STRATEGIES.items():
        model = strategy.options_type
        docs = f"{inspect.getdoc(strategy)}\n\n{about(model)}\n\n"
        parts.append(f"### `kind: {name}`\n\n{docs}{_table(model, 'strategy')}")
    return "\n".join(parts)


def sections(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The sections of a config below a key, with the keys that lead to them."""
    from search.config import MutationConfig

    if model is MutationConfig:
        model = MutationConfig.of_declared()
    yield path, model
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None and inner.__name__ != "Options":
            many = typing.get_origin(field.annotation) is list
            yield from sections(inner, f"{path}.{name}".lstrip(".") + ("[]" if many else ""))


def about(model: type[BaseModel]) -> str:
    """The docstring of a section."""
    return inspect.getdoc(model) or ""


def meaning(model: type[BaseModel], name: str) -> str:
    """The meaning of a key: its own docstring, that of the section that it holds, or of the kind
    of change that it weighs; empty where the section's docstring says it."""
    from search.config import MutationConfig
    from search.mutation import CHANGES

    own = _docstrings(model).get(name)
    if own:
        return own
    if name in CHANGES and issubclass(model, MutationConfig):
        return f"weight: {_sentence(inspect.getdoc(CHANGES[name].make) or '')}"
    inner = section_of(model.model_fields[name].annotation)
    return "" if inner is None else _sentence(about(inner))


def _table(model: type[BaseModel], path: str) -> str:
    rows = []
    for name, field in model.model_fields.items():
        key = f"`{path}.{name}`" if path else f"`{name}`"
        kind, bounds = _type(field.annotation, field.metadata)
        rows.append((key, kind, _default(field), bounds, meaning(model, name)))
    return table(_HEAD, rows)


def _type(annotation: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> tuple[str, str]:
    """A type and its bounds, both in words."""
    metadata = [
        inner
        for each in metadata
        for inner in (each.metadata if isinstance(each, FieldInfo) else (each,))
    ]
    bounds = [words for each in metadata if (words := _bound(each))]
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, own = _type(arguments[0], arguments[1:])
        return inner, ", ".join(filter(None, (own, *bounds)))
    if origin in (types.UnionType, typing.Union):
        kinds = [_type(each) for each in arguments if each is not type(None)]
        none = ["nothing"] if type(None) in arguments else []
        words = " or ".join([*(kind for kind, _ in kinds), *none])
        return words, ", ".join(filter(None, (*(own for _, own in kinds), *bounds)))
    if origin in (list, dict):
        inner, own = _type(arguments[-1])
        words = f"list of {inner}" if origin is list else f"{inner} by name"
        return words, ", ".join(filter(None, (f"each {own}" if own else "", *bounds)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys", ", ".join(bounds)
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation))), ", ".join(
        bounds
    )


def _bound(constraint: Any) -> str:
    """A constraint of a field in words."""
    match constraint:
        case annotated_types.Ge(ge=low):
            return f"at least {_number(low)}"
        case annotated_types.Gt(gt=low):
            return f"above {_number(low)}"
        case annotated_types.Le(le=high):
            return f"at most {_number(high)}"
        case annotated_types.Lt(lt=high):
            return f"below {_number(high)}"
        case annotated_types.MinLen(min_length=count):
            return f"at least {count} of them"
        case annotated_types.MaxLen(max_length=count):
            return f"at most {count} of them"
    pattern = getattr(constraint, "pattern", None)
    if pattern:
        return f"matches `{pattern}`"
    if getattr(constraint, "allow_inf_nan", None) is False:
        return "finite"
    return ""


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.15g}"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    if isinstance(value, BaseModel):
        return "below"
    return f"`{_yaml(value)}`"


def _yaml(value: Any) -> str:
    """A value as a config says it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(each)}' for key, each in value.items())}}}"
    return str(value)


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The strings below the fields of a model and the models that it is made from."""
    found: dict[str, str] = {}
    for made in reversed(model.__mro__):
        if not (isinstance(made, type) and issubclass(made, BaseModel)) or made is BaseModel:
            continue
        try:
            source = textwrap.dedent(inspect.getsource(made))
        except (OSError, TypeError):  # a model that was made without a text
            continue
        body = syntax_tree(source).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                found[field.target.id] = " ".join(inspect.cleandoc(below.value.value).split())
    return found


def _sentence(text: str) -> str:
    """The first paragraph of a docstring."""
    return " ".join(text.split("\n\n")[0].split())
