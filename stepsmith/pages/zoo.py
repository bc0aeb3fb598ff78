"""The page of all known optimizers, generated from what their entries declare."""

import importlib
import inspect
import math
from itertools import groupby

from dsl.language.cost import SIZES
from dsl.language.hyperparameters import Hyper
from dsl.language.kinds import KINDS
from dsl.language.numbers import format_number
from dsl.zoo.entry import ENTRIES, ZooEntry
from search.report.markdown import items, table
from stepsmith.pages.page import page

_HEAD = """\
{count} optimizers as programs. Each is compared with another implementation over {steps} steps in
float64, on tensors of every rank, with weight decay on, under a decaying learning rate; the
column *status* says with which, and bounds the largest difference of any parameter after any
step, as a part of its size where that is above 1.

*Memory* counts the numbers that the state holds for every parameter, and names what else it holds,
by kinds:

{kinds}

*Oracle calls* are what a step asks of the data beyond its own gradient, in losses and gradients of
the batch; a product with the Hessian takes two gradients. There, a letter is a number of

{sizes}
"""
_STEPS = 50


def in_order() -> list[tuple[str, list[ZooEntry]]]:
    """Entries by group, groups and entries by name."""
    chosen = sorted(ENTRIES.values(), key=lambda entry: (entry.group, entry.name))
    return [(group, list(found)) for group, found in groupby(chosen, lambda entry: entry.group)]


@page("zoo", "The zoo")
def zoo() -> str:
    """The known optimizers, with what each is checked against."""
    programs = [entry.program for entry in ENTRIES.values()]
    kinds = {init.kind.declared for program in programs for init in program.slots.values()}
    held = {str(kind): kind.holds for kind in KINDS.values() if kind in kinds}
    lists = {"kinds": items(held), "sizes": items(SIZES)}
    parts = [_HEAD.format(count=len(ENTRIES), steps=_STEPS, **lists)]
    for group, entries in in_order():
        about = inspect.getdoc(importlib.import_module(f"dsl.zoo.{group}")) or ""
        parts.append(f"## {group.replace('_', ' ').capitalize()}\n\n{about}\n")
        rows = [_row(entry) for entry in entries]
        parts.append(table(("rule", "idea", "memory", "oracle calls", "status"), rows))
        parts += [_section(entry) for entry in entries]
    return "\n".join(parts)


def _row(entry: ZooEntry) -> tuple[str, ...]:
    name = entry.name
    return f"[{name}](#{name})", entry.idea, entry.state, entry.calls, entry.status


def _section(entry: ZooEntry) -> str:
    program = entry.program
    rows = [
        (
            f"`{name}`",
            format_number(value),
            interval(entry.hypers[name]),
            entry.hypers[name].meaning,
        )
        for name, value in program.hyperparameters.items()
    ]
    note = f"\nThe check: {entry.remarks}.\n" if entry.remarks else ""
    return (
        f"### {program.name}\n\n{entry.paper}, {entry.year}.\n\n```text\n{program}\n```\n{note}\n"
        + table(("hyperparameter", "default", "range", "meaning"), rows)
    )


def interval(hyper: Hyper) -> str:
    """Where a hyperparameter may lie; whole numbers alone are said to be such."""
    high = f"{format_number(hyper.high)}]" if math.isfinite(hyper.high) else "inf)"
    low = f"[{format_number(hyper.low)}" if math.isfinite(hyper.low) else "(-inf"
    return f"{low}, {high} whole" if hyper.whole else f"{low}, {high}"
