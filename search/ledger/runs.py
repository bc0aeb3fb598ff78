"""Runs on disk: the folder of one by its name, its ledger, and a program of it by its hash."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dsl.errors import DslError
from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from search.errors import LedgerError, NoSuchRun
from search.ledger.plugins import check_given, check_words
from search.ledger.schema import readable
from search.ledger.store import Ledger

RUNS = Path("runs")
"""Where campaigns and comparisons go by default."""
FILE = "ledger.sqlite"
"""The name of the ledger in the folder of its run."""
WINNER = "winner.rule"
"""The name of the winner's text there."""


def shelves() -> tuple[Path, ...]:
    """The folders in which a run or a discovered rule is looked for by its name."""
    return (RUNS, Path("discovered"), Path(__file__).resolve().parents[2] / "discovered")


def find_run(run: str, *, or_rule: bool = False) -> Path:
    """The folder of a run, given as a path or as its name in `runs/` or `discovered/`.

    **Arguments:** `or_rule`: the folder of a discovered rule without the ledger of its campaign
    does too.
    """
    folders = (Path(run), *(shelf / run for shelf in shelves() if run))
    for folder in folders:
        if (folder / FILE).is_file():
            return folder
    for folder in folders:
        if (folder / WINNER).is_file():
            if or_rule:
                return folder
            raise NoSuchRun(
                f"{folder} holds a rule without the ledger of its campaign",
                help=f"`stepsmith show {run}` shows the rule",
            )
    raise NoSuchRun(
        f"no run at {run}, and none called so in {RUNS}/ or discovered/",
        help="`stepsmith runs` lists runs",
    )


def runs_in(folder: Path) -> Iterator[Path]:
    """The runs in a folder, by name."""
    if folder.is_dir():
        yield from sorted(path.parent for path in folder.glob(f"*/{FILE}"))


@contextmanager
def reading(run: Path) -> Iterator[Ledger]:
    """The ledger of a run, read-only; PluginMissing where its programs have words of a plug-in that
    is not loaded."""
    path = run / FILE
    with readable(path), closing(Ledger.read(path, whole=False)) as ledger:
        check_words(str(run), ledger.plugins)
        yield ledger


def check_started(run: Path) -> None:
    """PluginMissing if there is a run in the folder whose plug-ins are not all loaded."""
    if (run / FILE).is_file():
        with readable(run / FILE), closing(Ledger.read(run / FILE, whole=False)) as ledger:
            check_given(str(run), ledger.plugins)


def find_rule(run: Path, hash_prefix: str) -> Program:
    """The first program of a run whose canonical hash begins so, what is left of finalists too.

    **Raises:** NoSuchRun unless there is exactly one such program.
    """
    if not isinstance(hash_prefix, str):
        raise NoSuchRun(f"wanted the first digits of a hash as a text, met {hash_prefix!r}")
    wanted = hash_prefix.lower()
    with reading(run) as ledger:
        rows = ledger.with_hash(wanted, 4) if wanted else []
        left = [each.program for each in ledger.reductions] if wanted else []
    found = {row.candidate.keys.canonical: row.candidate for row in rows}
    made = {canonical_hash(program): program for program in left}
    made = {key: each for key, each in made.items() if key.startswith(wanted) and key not in found}
    if len(found) + len(made) == 1:
        for candidate in found.values():
            try:
                return candidate.program
            except DslError as error:
                message = f"{run}: candidate {candidate.number} is no program of this version"
                raise LedgerError(message, help=error.message) from None
        return next(iter(made.values()))
    if not found and not made:
        raise NoSuchRun(
            f"no program of {run} has a hash that begins with '{hash_prefix}'",
            help=f"`stepsmith top {run}` lists its programs with their hashes",
        )
    hashes = ", ".join((*found, *made))
    raise NoSuchRun(
        f"several programs of {run} begin with '{hash_prefix}': {hashes}", help="give more digits"
    )
