"""Candidates of a run as a sequence that shows itself as a table."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, overload

from search.report.candidates import CandidateSummary
from stepsmith.api.html import paragraph, table

if TYPE_CHECKING:
    import pandas  # pyright: ignore[reportMissingImports]

HEAD = (
    "candidate",
    "hash",
    "score",
    "times",
    "size",
    "memory",
    "cost",
    "family",
    "from",
    "change",
    "program",
)
_SHOWN = 20
"""Rows of a table that shows itself."""


class Candidates(Sequence[CandidateSummary]):
    """Candidates of a run, in the order in which they were asked for."""

    def __init__(self, found: Iterable[CandidateSummary]):
        self._found = tuple(found)

    @overload
    def __getitem__(self, at: int) -> CandidateSummary: ...
    @overload
    def __getitem__(self, at: slice) -> "Candidates": ...
    def __getitem__(self, at: int | slice) -> "CandidateSummary | Candidates":
        return Candidates(self._found[at]) if isinstance(at, slice) else self._found[at]

    def __len__(self) -> int:
        return len(self._found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidates) and self._found == other._found

    def __hash__(self) -> int:
        return hash(tuple(each.number for each in self._found))

    def to_pandas(self) -> "pandas.DataFrame":
        """A frame with a row for each candidate, by its number: the fields of
        `CandidateSummary`, the text of its program, and a column `score on TASK` for each task.

        **Raises:** ImportError where pandas is not installed.
        """
        try:
            import pandas  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise ImportError(
                "to_pandas needs pandas, which is not installed; `pip install pandas`, or "
                "`[each.to_json() for each in candidates]` without it"
            ) from None
        tasks = dict.fromkeys(task for each in self for task in each.by_task)
        records = []
        for each in self:
            record = each.to_json()
            by_task = record.pop("by_task")
            records.append(record | {f"score on {task}": by_task.get(task) for task in tasks})
        index = pandas.Index([each.pop("number") for each in records], name="number")
        return pandas.DataFrame(records, index=index)

    def __repr__(self) -> str:
        lines = [f"{len(self)} candidates"]
        cells = [HEAD, *rows(self[:_SHOWN])]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
        return "\n".join(lines + ["..."] * (len(self) > _SHOWN))

    def _repr_html_(self) -> str:
        rest = len(self) - _SHOWN
        more = [paragraph(f"and {rest} more")] if rest > 0 else []
        return "".join([table(HEAD, rows(self[:_SHOWN])), *more])


def rows(found: Sequence[CandidateSummary], *, whole: bool = False) -> list[tuple[str, ...]]:
    """The cells of a table of candidates under `HEAD`; `whole` gives hashes and numbers with all
    digits, and values alone."""
    digits = 17 if whole else 5
    return [
        (
            f"c{each.number}",
            each.hash if whole else each.hash[:8],
            "" if each.score is None else f"{each.score:.{digits}g}",
            str(each.times),
            str(each.size),
            str(each.memory),
            f"{each.cost:.{digits}g}",
            each.family if whole else each.family[:8],
            "" if each.parent is None else f"c{each.parent}",
            f"{each.mutation}: {each.detail}",
            each.program.line,
        )
        for each in found
    ]
