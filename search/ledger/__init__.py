"""The ledger of a campaign, one SQLite file: the only room that speaks SQL.

store         a ledger: opened or created, written row by row, read, hashed
record        what it holds of a campaign beside the candidates
columns       the table of candidates, and a row of it
history       the candidates told so far, while a ledger is being written
results       the tuned baseline, finals and suites of other tasks, as values
plugins       the plug-ins that a campaign is made from; those that a reader lacks
reduction     what is left of a finalist, as a value
kept          answers of jobs, for a process that is interrupted before their work is done
looks         looks at the best of a search on other tasks: their table and values
listing       candidates as lists, in order or ranked
summary       counts over candidates and sessions
schema        the tables and their version; files that are refused
writing       the errors of a full disk and a locked ledger, in words
runs          folders of runs, and a program of one by its hash
lock          one process per run
"""

from search.ledger.columns import Row
from search.ledger.runs import (
    FILE,
    RUNS,
    WINNER,
    find_rule,
    find_run,
    reading,
    runs_in,
    shelves,
)
from search.ledger.store import Ledger

__all__ = [
    "FILE",
    "RUNS",
    "WINNER",
    "Ledger",
    "Row",
    "find_rule",
    "find_run",
    "reading",
    "runs_in",
    "shelves",
]
