"""The whole PyTorch file: docstring, imports, class, and the functions that it calls."""

from collections.abc import Mapping
from dataclasses import replace

from dsl.export.code import names_used
from dsl.export.emit import Emitter
from dsl.export.facts import Facts
from dsl.export.header import docstring
from dsl.export.names import camel_case
from dsl.export.torch import once
from dsl.export.torch.coding import class_variable, coding
from dsl.export.torch.constructor import constructor
from dsl.export.torch.parameters import Parameters
from dsl.export.torch.point import modes
from dsl.export.torch.step import half, ready, write_step
from dsl.export.torch.values import TorchDialect, method_of
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.rewrite.once import arrays_once


def to_torch_source(
    program: Program, *, name: str | None = None, evidence: str | None = None
) -> str:
    """A Python file with the update rule as a `torch.optim.Optimizer`; it imports PyTorch only.

    `wd` becomes `weight_decay`; `b1` and `b2` (and `b3`) become `betas`. Rules that read the loss
    or ask an oracle need `step(closure)`.

    **Arguments:** `name`: the optimizer's name, the program's by default. `evidence`: text for the
    header, e.g. the campaign and its results.
    **Raises:** ExportError if the program holds what PyTorch cannot express.
    """
    facts = Facts.of(program, name, first_gradient=True)
    facts = replace(facts, program=arrays_once(facts.program))
    title = camel_case(facts.source)
    values = TorchDialect(facts, title)
    body = _class(values, title)
    functions = values.declared.functions
    first = [functions[name] for name in functions if f"    @{name}" in body]
    others = [function for function in functions.values() if function not in first]
    told = _told(body, *functions.values())
    lines = [*docstring(facts, title, evidence), "", *told, *_imports([*functions.values()])]
    for part in (*first, "\n".join(body), *others):
        lines += ["", "", part]
    return "\n".join(lines) + "\n"


def _class(values: TorchDialect, title: str) -> list[str]:
    facts, emitter = values.facts, Emitter(values.facts, values)
    if facts.of_parts:
        values.declared.asking()
    parameters = Parameters(values.facts, emitter.called)
    values.declared.function("_refuse")
    values.declared.function("_check_state")
    step = write_step(values, emitter, parameters, title)
    begun = once.starts(values, counts=step.counts)
    if parameters.rateless:
        values.declared.group_without_rate(title, [p.label for p in parameters.taken])
    lines = [
        f"class {title}(torch.optim.Optimizer):",
        *parameters.docstring(title, at_once=bool(step.at_once), of_first=step.of_first),
        "",
        *class_variable(values),
        *(["    _model: Any = None", ""] if facts.of_parts else []),
        *constructor(
            parameters,
            title,
            values.of_parameter,
            at_once=bool(step.at_once),
            of_model=bool(begun) and not values.by_group,
            by_group=values.by_group,
            coded=values.codecs is not None,
        ),
        *parameters.adding(numbers=values.by_group),
        "",
        *step.lines,
        *(["", *step.at_once] if step.at_once else []),
        "",
        *ready(values, title),
        "",
        *(coding(values) if values.codecs else half(values)),
        *(_kept_once(values, begun) if begun else []),
        *(modes(values.keys[values.facts.point]) if values.facts.point else []),
    ]
    for name, method in values.declared.methods.items():
        asks = facts.of_parts and name in _asking()
        lines += ["", *(["    @_asks"] if asks else []), method]
    return lines


def _kept_once(values: TorchDialect, begun: Mapping[str, str]) -> list[str]:
    """The methods that take or start what is kept once."""
    return (once.of_groups if values.by_group else once.of_model)(values, begun)


def _asking() -> set[str]:
    """The methods that oracles are asked by."""
    return {method_of(primitive) for primitive in PRIMITIVES.values() if primitive.oracle}


def _told(body: list[str], *functions: str) -> list[str]:
    """Comments for pyright, where a file calls functions which are private by name."""
    if not any("torch._foreach_" in text for text in (*body, *functions)):
        return []
    return [
        "# PyTorch's own optimizers call torch._foreach_*, which are private by name alone",
        "# pyright: reportPrivateImportUsage=false",
        "",
    ]


def _imports(functions: list[str]) -> list[str]:
    """The imports: `step` takes a Callable, functions of declarations may want more."""
    uses = {"Callable", *names_used(functions)}
    names = [name for name in ("Callable", "Iterable") if name in uses]
    imported = [f"from collections.abc import {', '.join(names)}"]
    imported += ["from functools import wraps"] if "wraps" in uses else []
    return [*imported, "from typing import Any", "", "import torch"]
