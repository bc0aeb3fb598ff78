"""A run as it lies on disk: read, never written or locked, also while it is being written."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsl.program import Program
from search.ledger import find_rule, find_run, reading
from search.report.candidate import Origin
from search.report.candidate import origin as read_origin
from search.report.candidates import in_order, top
from search.report.hall_of_fame import HallOfFame, hall_of_fame
from search.report.lineage import lineage as read_lineage
from search.report.status import read_status
from stepsmith.api.candidates import HEAD, Candidates, rows
from stepsmith.api.html import code, paragraph, table
from stepsmith.api.lineage import Lineage
from stepsmith.api.plugins import use_plugins
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from search.report.hall_entry import HallEntry

_SHOWN = 5
"""Programs of a run that shows itself."""


class Run:
    """One campaign on disk: `Run("runs/quickstart")`, or its name, `Run("quickstart")`.

    Everything is read when it is asked for, so a run that goes on shows what it has by then. Where
    a hash is asked for its first digits do.

    **Raises:** NoSuchRun where there is no such run, LedgerError where it cannot be read,
    UsageError for what is no text.
    """

    def __init__(self, run: str | Path):
        use_plugins()
        if not isinstance(run, str | Path):
            met = type(run).__name__
            raise UsageError(f"wanted the folder or the name of a run, met an object: {met}")
        self.folder = find_run(str(run))
        """The folder of the run."""

    @property
    def status(self) -> dict[str, Any]:
        """The state of the campaign as plain data, as `stepsmith status --json` prints it."""
        return read_status(self.folder)

    @property
    def config(self) -> dict[str, Any]:
        """The config of the campaign as plain data: the keys that decide what it finds."""
        with reading(self.folder) as ledger:
            return ledger.config

    @property
    def hall_of_fame(self) -> HallOfFame | None:
        """The finalists on fresh seeds against the tuned baseline; None before the campaign is
        complete."""
        with reading(self.folder) as ledger:
            return hall_of_fame(ledger)

    @property
    def winner(self) -> Program | None:
        """The program of the winner; None before the campaign is complete."""
        hall = self.hall_of_fame
        return None if hall is None else hall.winner.program

    @property
    def front(self) -> Candidates:
        """The best of each family than which no other is better in score, memory, cost or size and
        as good in the rest, by scores on the seeds of the search.

        That of the finalists on fresh seeds is `hall_of_fame.front`.
        """
        return self.top(front=True)

    def candidates(self) -> Candidates:
        """All candidates in the order of the search; one that repeats another says which."""
        return Candidates(in_order(self.folder))

    def top(
        self,
        *,
        by: str = "score",
        task: str | None = None,
        family: str | None = None,
        every: bool = False,
        front: bool = False,
        limit: int | None = None,
    ) -> Candidates:
        """The programs that were trained to the end, ranked, as `stepsmith top` lists them: the
        best of each family.

        **Arguments:** `by`: score, size, memory, cost or age. `task`: the score is that on it
        alone. `family`: all programs of one, by its first digits or a candidate (`"c186"`).
        `every`: all programs of every family. `front`: as in `Run.front`.
        """
        found = top(
            self.folder, by=by, task=task, family=family, every=every, front=front, limit=limit
        )
        return Candidates(found)

    def program(self, hash: str) -> Program:
        """The program whose canonical hash begins so. **Raises:** NoSuchRun unless there is one."""
        return find_rule(self.folder, hash)

    def lineage(self, hash: str) -> Lineage:
        """The ancestors of that program, parents and donors before what was made of them, and
        itself last."""
        return Lineage(read_lineage(self.folder, hash))

    def origin(self, hash: str) -> Origin:
        """The way to that program: its parent, its start, its runs by task and seed."""
        return read_origin(self.folder, hash)

    def __repr__(self) -> str:
        hall = self.hall_of_fame
        shown = repr(self.top(limit=_SHOWN)) if hall is None else repr(hall)
        return f"Run({str(self.folder)!r}): {self._head()}\n{shown}"

    def _repr_html_(self) -> str:
        hall = self.hall_of_fame
        parts = [paragraph(f"{self.folder}: {self._head()}")]
        if hall is None:
            parts.append(table(HEAD, rows(self.top(limit=_SHOWN))))
        else:
            cells = [_cells("", each) for each in hall.entries]
            cells[0] = ("->", *cells[0][1:])
            head = ("", "score", "sd", "size", "memory", "hash", "program")
            parts.append(table(head, [*cells, _cells("=", hall.baseline)]))
            parts += [code(str(hall.winner.program)), paragraph(hall.sentence)]
        return "".join(parts)

    def _head(self) -> str:
        found = read_status(self.folder, known_as=False)
        return (
            f"{found['campaign']}, {found['state']}, {found['programs']} of {found['budget']} "
            "programs"
        )


def _cells(mark: str, entry: "HallEntry") -> tuple[str, ...]:
    mark = mark or ("*" if entry.pareto else "")
    numbers = (f"{entry.mean:.4f}", f"{entry.sd:.4f}", str(entry.size), str(entry.demands.memory))
    return (mark, *numbers, entry.hash[:8], entry.program.line)
