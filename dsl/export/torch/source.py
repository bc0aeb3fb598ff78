"""The whole PyTorch file: docstring, imports, functions, class."""

from dsl.export.facts import Facts
from dsl.export.header import docstring
from dsl.export.names import camel_case
from dsl.export.torch.constructor import class_docstring, constructor
from dsl.export.torch.snippets import methods
from dsl.export.torch.state import model_state, ready
from dsl.export.torch.step import write_step
from dsl.export.torch.values import Values
from dsl.program import Program


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
    program = program.renamed(name) if name else program
    facts, title = Facts.of(program), camel_case(program)
    values = Values(facts, title)
    body = _class(values, title)
    functions = [text.strip("\n") for text in values.functions.values()]
    lines = [*docstring(facts, title, evidence), "", *_imports("\n".join([*body, *functions]))]
    for function in functions:
        lines += ["", "", function]
    return "\n".join([*lines, "", "", *body]) + "\n"


def _class(values: Values, title: str) -> list[str]:
    step = write_step(values, title)
    lines = [
        f"class {title}(torch.optim.Optimizer):",
        *class_docstring(values.facts, values.groups, title),
        "",
        *constructor(values.facts, values.groups),
        "",
        *step.lines,
        "",
        *ready(values, title),
    ]
    if values.model_slots or step.counts:
        lines += ["", *model_state(values, counts=step.counts)]
    for method in values.methods:
        lines += ["", methods()[method]]
    return lines


def _imports(text: str) -> list[str]:
    names = [name for name in ("Callable", "Iterable") if f"{name}[" in text]
    lines = [f"from collections.abc import {', '.join(names)}"] if names else []
    return [*lines, "from typing import Any", "", "import torch"]
