"""The card of a discovered rule, in Markdown: what it is, what it rests on, how to use it.

Every figure is read off a ledger or counted on the program. A rule that no campaign measured says
so.
"""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from dsl.behaviour.nearest import known_as
from dsl.errors import counted
from dsl.export import to_latex
from dsl.language.hyperparameters import COMMON
from dsl.language.numbers import format_number
from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.demands import demands
from dsl.rewrite.liveness import live
from dsl.rewrite.oracle_calls import calls_text
from search.report.provenance import Provenance
from search.report.transfer import Transfer

_WIDTH = 100
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
        _evidence(program.name, found),
        _loses(found),
        _retuning(program, found),
        _lineage(found),
        _citing(program, found),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _origin(program: Program, found: Provenance | None) -> list[str]:
    if found is None:
        return _prose(program.doc.strip() or "A rule that no campaign of a ledger found.")
    budget = found.config["budget"]["candidates"]
    which = "the tuned baseline" if found.candidate is None else f"candidate {found.candidate}"
    return _prose(
        f"Found by the campaign `{found.campaign}` (seed {found.config['seed']}, a budget of "
        f"{budget:,} candidates), {which}. The ledger of the run has the content hash "
        f"`{found.content}`."
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


def _evidence(name: str, found: Provenance | None) -> list[str]:
    head = ["## Evidence", ""]
    if found is None:
        return head + _prose(
            "None here: no campaign measured it. `stepsmith compare winner.rule` sets it beside "
            "tuned baselines on held-out tasks."
        )
    rule = found.rule
    lines = _prose(f"A score of 1 is {rule}, tuned in all its constants; the untrained model is 0.")
    entry, hall = found.entry, found.hall
    if entry is None or hall is None:
        lines += [
            "",
            *_prose(
                "It was no finalist: these are scores of the search alone, which "
                "chose among many programs by them and flatters all."
            ),
        ]
    else:
        scores = f"{entry.mean:.3f} +- {entry.sd:.3f} over {counted(len(entry.scores), 'seed')}"
        lines += [
            "",
            *_prose(
                f"On fresh seeds of the tasks of the search: {scores}. "
                f"{hall.sentence if entry is hall.winner else ''}".strip()
            ),
        ]
        if entry.reduction:
            lines += ["", *_prose(f"{entry.reduction[0].upper()}{entry.reduction[1:]}.")]
    lines += ["", *_table(("task", name, rule), _by_task(found))]
    for each in found.unseen:
        lines += [
            "",
            *_prose(
                f"On the suite `{each.suite}`, which the search never saw, tuned "
                f"there as {rule} was: {each.mean:.3f} +- {each.sd:.3f}, "
                f"{_places(each)}."
            ),
        ]
    if entry is not None and hall is not None and len(hall.entries) > 1:
        others = [each for each in hall.entries if each is not entry][:5]
        rows = [
            (f"`{e.hash}`", f"{e.mean:.3f} +- {e.sd:.3f}", f"{e.size}", f"{e.demands.memory}")
            for e in others
        ]
        lines += ["", "Other finalists:", ""]
        lines += _table(("program", "score", "statements", "numbers of state"), rows)
    rows = [(s.name, f"{s.entered:,}", f"{s.passed:,}", f"{s.steps:,}") for s in found.stages]
    return [*head, *lines, "", *_table(("stage", "programs in", "out", "training steps"), rows)]


def _by_task(found: Provenance) -> Iterator[tuple[str, ...]]:
    for task, score in found.tasks.items():
        scale = found.scale.get(task)
        yield task, f"{score:.3f}", "" if scale is None else f"{scale:.3f}"


def _places(transfer: Transfer) -> str:
    return ", ".join(f"{task} {score:.2f}" for task, score in transfer.tasks.items())


def _loses(found: Provenance | None) -> list[str]:
    """The tasks on which it is behind the baseline."""
    head = ["## Where it loses", ""]
    if found is None:
        return [*head, "Not known."]
    scale = found.scale
    behind = [
        (task, score, scale[task], "the search")
        for task, score in found.tasks.items()
        if task in scale and score < scale[task]
    ]
    behind += [
        (task, score, 1.0, f"`{each.suite}`")
        for each in found.unseen
        for task, score in each.tasks.items()
        if score < 1
    ]
    rows = [
        (task, where, f"{score:.3f}", f"{of:.3f}")
        for task, score, of, where in sorted(behind, key=lambda row: row[1] - row[2])
    ]
    lines = [f"On no task that it was measured on is its score below that of tuned {found.rule}."]
    if rows:
        lines = _table(("task", "of", "score", found.rule), rows)
    unknown = "It was compared with no baseline but that one"
    unknown += "." if found.unseen else ", and on no task beyond those of the search."
    return [*head, *lines, "", *_prose(unknown)]


def _retuning(program: Program, found: Provenance | None) -> list[str]:
    """Advice from the rates that served best."""
    head, hypers = ["## Retuning", ""], program.hyperparameters
    lines: list[str] = []
    rates = dict(found.rates) if found is not None and "lr" in hypers else {}
    if rates:
        middle = math.exp(fmean(map(math.log, rates.values())))
        low, high = min(rates.values()), max(rates.values())
        between = f" (from {low:.2g} to {high:.2g}, by task)" if low < high else ""
        lines += _prose(
            f"The rate comes first. {middle:.2g} served best in the mean{between}: start there, "
            "and go by factors of 3 in both directions until the best is not at an end."
        )
        lines += ["", *_table(("task", "rate"), [(t, f"{r:.3g}") for t, r in rates.items()])]
    elif "lr" in hypers:
        lines += _prose(
            f"The rate comes first: from its default of {format_number(hypers['lr'])} by factors "
            "of 3 in both directions, until the best is not at an end."
        )
    else:
        lines += ["It has no rate: its steps are as long as its rule makes them."]
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
            f"{each.mutation}: {each.detail}".replace("|", "\\|"),
        )
        for each in steps
    ]
    lines = _table(("candidate", "score in the search", "what was changed"), rows)
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
        *_prose(
            f"`{program.name}`, an update rule with the hash `{digest}`{where}; Stepsmith. "
            "The hash names the program whatever it is called and however its text is laid out: "
            "`stepsmith show winner.rule` prints it."
        ),
    ]


def _prose(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def _table(
    head: Sequence[str], rows: "Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]"
) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]
