"""Size against score: the table of a reduction, to choose from."""

from typing import Any

from rich.console import Group
from rich.text import Text

from dsl.errors import counted
from search.reduction.alone import SCALE, ReductionSpec
from search.reduction.choices import Choice, MeasuredReduction
from stepsmith.output import plain_table


def table(found: MeasuredReduction, terms: ReductionSpec, chosen: Choice) -> Group:
    """The table with an arrow at the line that was chosen, and what the numbers are."""
    rows = plain_table()
    for name in ("", "size", "statements", "slots", "score", "against the rule", "changed"):
        left = name in ("", "changed")
        rows.add_column(name, justify="left" if left else "right", no_wrap=name != "changed")
    for each in found.choices:
        rows.add_row(
            "->" if each is chosen else "",
            str(each.size),
            str(len(each.program.statements)),
            str(len(each.program.slots)),
            f"{each.mean:.3f}",
            _difference(each),
            Text(_changed(each)),
        )
    tasks, fresh = counted(len(terms.tasks), "task"), counted(terms.fresh, "fresh seed")
    before, after = found.training
    return Group(
        Text(f"{terms.suite}: {tasks}, {fresh}", style="bold"),
        rows,
        Text(
            f"-> what is printed; size: statements and slots; score: tuned {SCALE} is 1, untrained "
            f"is 0; against the rule: mean difference with its 95% interval. "
            f"{counted(found.evaluations, 'evaluation')}, {before + after:,} training steps",
            style="dim",
        ),
    )


def data(found: MeasuredReduction, terms: ReductionSpec, chosen: Choice) -> dict[str, Any]:
    """The same as plain data."""
    before, after = found.training
    return {
        "suite": terms.suite,
        "tasks": [task.name for task in terms.tasks],
        "seed": terms.seed,
        "seeds": terms.reduction.seeds,
        "fresh_seeds": terms.fresh,
        "margin": terms.reduction.margin,
        "evaluations": found.evaluations,
        "training_steps": before + after,
        "scale": {"rule": SCALE, "scores": list(found.scale)},
        "choices": [each.to_json() for each in found.choices],
        "chosen": found.choices.index(chosen),
    }


def changes(found: MeasuredReduction) -> list[str]:
    """The changes that were accepted, a line for each test."""
    return [
        f"measured: {'; '.join(each.edits)} ({_difference(each)})"
        for each in found.choices
        if each.accepted and each.difference
    ]


def _difference(choice: Choice) -> str:
    if choice.difference is None:
        return ""
    low, mean, high = choice.difference.difference
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def _changed(choice: Choice) -> str:
    if choice.difference is None:
        return "nothing"
    edits = "; ".join(choice.edits)
    return edits if choice.accepted else f"refused by its test: {edits}"
