"""The figures of a card: what a rule rests on, and where it is behind the baseline."""

from collections.abc import Iterator

from dsl.errors import counted
from search.report.markdown import prose, table_lines
from search.report.provenance import Provenance
from search.report.transfer import Transfer


def evidence(name: str, found: Provenance | None) -> list[str]:
    """The lines about what was measured, of a rule by that name."""
    head = ["## Evidence", ""]
    if found is None:
        return head + prose(
            "None here: no campaign measured it. `stepsmith compare winner.rule` sets it beside "
            "tuned baselines on held-out tasks."
        )
    rule = found.rule
    lines = prose(f"A score of 1 is {rule}, tuned in all its constants; the untrained model is 0.")
    entry, hall = found.entry, found.hall
    if entry is None or hall is None:
        lines += [
            "",
            *prose(
                "It was no finalist: these are scores of the search alone, which "
                "chose among many programs by them and flatters all."
            ),
        ]
    else:
        scores = f"{entry.mean:.3f} +- {entry.sd:.3f} over {counted(len(entry.scores), 'seed')}"
        lines += [
            "",
            *prose(
                f"On fresh seeds of the tasks of the search: {scores}. "
                f"{hall.sentence if entry is hall.winner else ''}".strip()
            ),
        ]
        if entry.reduction:
            lines += ["", *prose(f"{entry.reduction[0].upper()}{entry.reduction[1:]}.")]
    lines += ["", *table_lines(("task", name, rule), _by_task(found))]
    for each in found.transfers:
        lines += [
            "",
            *prose(
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
        lines += table_lines(("program", "score", "statements", "numbers of state"), rows)
    rows = [(s.name, f"{s.entered:,}", f"{s.passed:,}", f"{s.steps:,}") for s in found.stages]
    return [
        *head,
        *lines,
        "",
        *table_lines(("stage", "programs in", "out", "training steps"), rows),
    ]


def _by_task(found: Provenance) -> Iterator[tuple[str, ...]]:
    for task, score in found.tasks.items():
        scale = found.scale.get(task)
        yield task, f"{score:.3f}", "" if scale is None else f"{scale:.3f}"


def _places(transfer: Transfer) -> str:
    return ", ".join(f"{task} {score:.2f}" for task, score in transfer.tasks.items())


def loses(found: Provenance | None) -> list[str]:
    """The lines about the tasks on which it is behind the baseline."""
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
        for each in found.transfers
        for task, score in each.tasks.items()
        if score < 1
    ]
    rows = [
        (task, where, f"{score:.3f}", f"{of:.3f}")
        for task, score, of, where in sorted(behind, key=lambda row: row[1] - row[2])
    ]
    lines = [f"On no task that it was measured on is its score below that of tuned {found.rule}."]
    if rows:
        lines = table_lines(("task", "of", "score", found.rule), rows)
    unknown = "It was compared with no baseline but that one"
    unknown += "." if found.transfers else ", and on no task beyond those of the search."
    return [*head, *lines, "", *prose(unknown)]
