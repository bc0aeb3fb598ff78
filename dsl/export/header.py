"""The docstring that heads an emitted file: what the rule is and where it comes from."""

import textwrap
from dataclasses import replace

from dsl.export.facts import Facts
from dsl.export.layout import WIDTH
from dsl.language.numbers import format_number
from dsl.rewrite.canonical import canonical_hash


def docstring(facts: Facts, title: str, evidence: str | None) -> list[str]:
    """The lines of the docstring of a file about `facts.source`."""
    summary = (facts.source.doc or f"{title}, an update rule.").strip()
    first, *rest = prose(summary, 0)
    return [f'"""{first}', *rest, "", *_origin(facts, evidence), '"""']


def _origin(facts: Facts, evidence: str | None) -> list[str]:
    """The rule in its own language, its numbers and its hash, and the evidence for it."""
    source = facts.source
    hypers = ", ".join(
        f"{name}={format_number(v)}" for name, v in facts.program.hyperparameters.items()
    )
    result = "its result is subtracted from w"
    if source.point is not None:
        result = "the first it returns is subtracted from w, the second is what to evaluate"
    text = [f"The rule ({result}):", ""]
    rule = replace(source, doc="")
    text += [f"    {line}" for line in str(rule).splitlines()]
    text += ["", *textwrap.wrap(f"Defaults: {hypers or 'none'}.", WIDTH)]
    text += [f"Canonical hash: {canonical_hash(source)}."]
    if evidence:
        text += ["", *evidence.strip().splitlines()]
    return [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').rstrip() for line in text]


def prose(text: str, indent: int) -> list[str]:
    """Lines of a docstring, wrapped."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n"):
        paragraph = paragraph.replace("\\", "\\\\").replace('"""', "'''")
        lines += textwrap.wrap(paragraph, WIDTH - indent - 4) or [""]
    return [(" " * indent + line).rstrip() for line in lines]


def argument(label: str, meaning: str) -> list[str]:
    """Lines of a docstring's section `Args:` about one argument."""
    text = f"{label}: {meaning}".replace("\\", "\\\\").replace('"""', "'''")
    pad = " " * 8
    return textwrap.wrap(text, WIDTH, initial_indent=pad, subsequent_indent=f"{pad}  ")
