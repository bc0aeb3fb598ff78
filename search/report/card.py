"""The card of a discovered rule, in Markdown: what it is, what it rests on, how to use it.

Every figure is read off a ledger or counted on the program. A rule that no campaign measured says
so.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

import numpy as np

from dsl.behaviour.nearest import known_as
from dsl.errors import counted
from dsl.export import to_latex
from dsl.language.hyperparameters import COMMON
from dsl.language.numbers import format_number
from dsl.plugins import in_words
from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.demands import demands
from dsl.rewrite.liveness import live
from dsl.rewrite.oracle_calls import calls_text
from dsl.run.fingerprint import respond
from search.ledger.plugins import RecordedPlugin, needed_by, stem
from search.report.card_evidence import evidence, loses
from search.report.markdown import prose, table_lines
from search.report.provenance import Provenance

_ANCESTORS = 12
"""Lines of the lineage at most: the first and the last of it."""


def card(program: Program, files: Mapping[str, str], found: Provenance | None) -> str:
    """The card of a program under its name.

    **Arguments:** `files`: what each file beside the card is; `found`: None for a rule of no run.
    """
    parts = [
        [f"# {program.name}", "", *_origin(program, found)],
        _files(files),
        _rule(program),
        _demands(program),
        evidence(program.name, found),
        loses(found),
        _retuning(program, found),
        _lineage(found),
        _citing(program, found),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _origin(program: Program, found: Provenance | None) -> list[str]:
    if found is None:
        lines = prose(program.doc.strip() or "A rule that no campaign of a ledger found.")
        for each in needed_by(program):
            lines += ["", *prose(_plugin("Written in words of", each))]
        return lines
    budget = found.config["budget"]["candidates"]
    which = "the tuned baseline" if found.candidate is None else f"candidate {found.candidate}"
    lines = prose(
        f"Found by the campaign `{found.campaign}` (seed {found.config['seed']}, a budget of "
        f"{budget:,} candidates), {which}. The ledger of the run has the content hash "
        f"`{found.content}`."
    )
    for each in found.plugins:
        lines += ["", *prose(_plugin("Made with", each))]
    return lines


def _plugin(how: str, used: RecordedPlugin) -> str:
    """The plug-in of a campaign, or of a rule, in a sentence."""
    file = stem(used.name)
    return (
        f"{how} the plug-in `{file}` (checksum `{used.checksum[:16]}`), which brings "
        f"{in_words(used.brings)}: commands that read the rule take it with `--plugin {file}`."
    )


def _files(files: Mapping[str, str]) -> list[str]:
    rows = [f"| `{name}` | {what} |" for name, what in files.items()]
    return ["| file | what |", "|---|---|", *rows]


def _rule(program: Program) -> list[str]:
    text = str(replace(program, doc=""))
    named = f"In terms of known rules: {known_as(program)}."
    formula = ["```math", to_latex(program).strip(), "```"]
    return ["## The rule", "", "```python", text, "```", "", *formula, "", named]


def _demands(program: Program) -> list[str]:
    asked, alive = demands(program), live(program)
    kept = [
        f"`{slot}`" + ("" if init.kind.per_parameter else f" ({init.kind})")
        for slot, init in program.slots.items()
        if slot in alive.slots
    ]
    state = f"{counted(asked.memory, 'number')} of state per parameter"
    state += f": {', '.join(kept)}" if kept else ""
    oracles = calls_text(program)
    lines = [
        f"* Memory: {state}.",
        f"* Cost: {asked.cost:.4g} operations per parameter and step"
        + (f", those of {oracles} included." if oracles else ", besides the gradient."),
        f"* Size: {counted(asked.size, 'statement')}.",
    ]
    return ["## What it asks for", "", *lines]


def _retuning(program: Program, found: Provenance | None) -> list[str]:
    """Advice from the rates that served best."""
    head, hypers = ["## Retuning", ""], program.hyperparameters
    lines: list[str] = []
    rates = dict(found.rates) if found is not None and "lr" in hypers else {}
    if rates:
        middle = math.exp(fmean(map(math.log, rates.values())))
        low, high = min(rates.values()), max(rates.values())
        between = f" (from {low:.2g} to {high:.2g}, by task)" if low < high else ""
        lines += prose(
            f"The rate comes first. {middle:.2g} served best in the mean{between}: start there, "
            "and go by factors of 3 in both directions until the best is not at an end."
        )
        lines += ["", *table_lines(("task", "rate"), [(t, f"{r:.3g}") for t, r in rates.items()])]
    elif "lr" in hypers:
        lines += prose(
            f"The rate comes first: from its default of {format_number(hypers['lr'])} by factors "
            "of 3 in both directions, until the best is not at an end."
        )
    else:
        lines += ["It has no rate: its steps are as long as its rule makes them."]
    lines += _apart_from_rate(program)
    others = [
        f"`{name}` = {format_number(value)}"
        + (f", {COMMON[name].meaning}" if name in COMMON else "")
        for name, value in hypers.items()
        if name != "lr"
    ]
    if others:
        told = "found together with the rule" if found is not None else "as the rule has them"
        lines += ["", f"Its constants, {told}:", "", *(f"* {each}" for each in others)]
    if "wd" not in hypers:
        lines += ["", "It has no weight decay; `dsl.combine` or the host can add one."]
    return [*head, *lines]


def _apart_from_rate(program: Program) -> list[str]:
    """A warning to users of schedules where a rate of 0 does not stop the rule."""
    if "lr" not in program.hyperparameters:
        return []
    still = replace(program, hyperparameters={**program.hyperparameters, "lr": 0.0})
    moves = respond(still)
    if not moves[np.isfinite(moves)].any():
        return []
    return [
        "",
        *prose(
            "At a rate of 0 it still moves: a part of its step does not follow the rate, so a "
            "schedule scales the rest of it alone and does not stop the rule where it ends at 0."
        ),
    ]


def _lineage(found: Provenance | None) -> list[str]:
    if found is None or not found.steps:
        return []
    steps = list(found.steps)
    left_out, half = len(steps) - _ANCESTORS, _ANCESTORS // 2
    if left_out > 0:
        steps = [*steps[:half], *steps[-half:]]
    rows = [
        (
            f"{each.number}",
            "-" if each.score is None else f"{each.score:.3f}",
            f"{each.mutation}: {each.detail}",
        )
        for each in steps
    ]
    lines = table_lines(("candidate", "score in the search", "what was changed"), rows)
    if left_out > 0:
        lines += ["", f"{left_out} between the first {half} and the last {half} are left out."]
    tail = f"`stepsmith show RUN:{found.hash} --lineage` prints each with its program."
    return ["## Lineage", "", *lines, "", tail]


def _citing(program: Program, found: Provenance | None) -> list[str]:
    digest = canonical_hash(program)
    where = (
        ""
        if found is None
        else (
            f", found by the campaign `{found.campaign}` with seed {found.config['seed']}, ledger "
            f"`{found.content[:16]}`"
        )
    )
    return [
        "## How to cite",
        "",
        *prose(
            f"`{program.name}`, an update rule with the hash `{digest}`{where}; Stepsmith. "
            "The hash names the program whatever it is called and however its text is laid out: "
            "`stepsmith show winner.rule` prints it."
        ),
    ]
