"""The docstring that heads an emitted file: what the rule is and where it comes from."""

import builtins
import re
import textwrap
from dataclasses import replace

from dsl.export.facts import Facts
from dsl.export.layout import WIDTH
from dsl.language.numbers import format_number
from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.zoo import ENTRIES

_IMPORTED = {"Any", "Callable", "Iterable", "NamedTuple"}


SPELLED = {
    **{"qhadam": "QHAdam", "qhm": "QHM", "aggmo": "AggMo", "accsgd": "AccSGD", "pid": "PID"},
    **{
        "pnm": "PNM",
        "adamp": "AdamP",
        "sgdp": "SGDP",
        "sgd": "SGD",
        "sgdw": "SGDW",
        "lars": "LARS",
    },
    **{"adam": "Adam", "adamw": "AdamW", "nadam": "NAdam", "radam": "RAdam", "padam": "PAdam"},
    **{"adamax": "Adamax", "adanorm": "AdaNorm", "adashift": "AdaShift", "msvag": "MSVAG"},
    **{"stableadamw": "StableAdamW", "laprop": "LaProp", "ftrl": "FTRL", "vsgd": "VSGD"},
    **{"signsgd": "SignSGD", "diffgrad": "DiffGrad", "pytorch": "PyTorch", "cm": "CM"},
    **{"soap": "SOAP", "sam": "SAM", "spam": "SPAM", "gd": "GD", "hb": "HB", "cg": "CG"},
    **{"lamb": "LAMB", "asam": "ASAM", "gsam": "GSAM", "looksam": "LookSAM", "splus": "SPlus"},
    **{"rmsprop": "RMSprop", "amsgrad": "AMSGrad", "adagrad": "Adagrad", "adadelta": "Adadelta"},
}
"""Parts of names of optimizers as the field writes them; a rule's docstring goes before."""


def camel_case(program: Program) -> str:
    """The name of a class: the docstring's spelling of the name (`AdamW: ...`) if it has one."""
    if spelled := _in_docstring(program):
        return spelled
    title = "".join(map(_spelled, program.name.split("_"))) or "Rule"
    return f"{title}Rule" if title in _IMPORTED or hasattr(builtins, title) else title


def _in_docstring(program: Program) -> str | None:
    """The name of a program as its docstring begins with it."""
    spelled = re.match(r"([A-Za-z]\w*)\b", program.doc)
    plain = program.name.replace("_", "")
    if spelled and spelled[1].lower() == plain.lower() and spelled[1][0].isupper():
        return spelled[1]
    return None


def _spelled(part: str) -> str:
    """A part of a name: as the zoo's rule of that name has it, else as declared."""
    of_zoo = _in_docstring(ENTRIES[part].program) if part in ENTRIES else None
    return of_zoo or SPELLED.get(part, part[:1].upper() + part[1:])


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
    text = ["The rule (its result is subtracted from w):", ""]
    rule = replace(source, doc="")
    text += [f"    {line}" for line in str(rule).splitlines()]
    text += ["", f"Defaults: {hypers or 'none'}.", f"Canonical hash: {canonical_hash(source)}."]
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
