"""The page of the tables of a run's ledger, from their declared columns."""

from collections.abc import Iterable

from search.ledger import schema
from search.ledger.columns import COLUMNS
from search.ledger.kept import FIELDS as KEPT
from search.ledger.looks import FIELDS as LOOKS
from search.ledger.record import ENTRIES
from search.ledger.schema import Field
from search.report.markdown import code, items, table
from search.report.words import OUTCOMES
from stepsmith.pages.page import page

_INTRO = """\
The ledger of a run, `ledger.sqlite` in its folder, is one SQLite file (tables of version
{schema}). One process writes it, ahead of itself while the campaign runs (WAL), so any number may
read it meanwhile: open it read-only (`file:ledger.sqlite?mode=ro`), or by `stepsmith top RUN
--csv`, `stepsmith.Run(RUN)`, which need no SQL. When a campaign is complete it is a single file
that may be copied alone.

The column *same* says what is the same for every run of a campaign, on any number of workers and
after any crash; the content hash is of these columns and of the results in `meta`.
"""
_EVALUATION = """\
`evaluation` is an object: `outcome` and `score` of the candidate; `steps`, training steps up to
the first checkpoint and after it; `setting`, 0 for the program as it was proposed, else the place
of the set of numbers that was judged; and `rows`, one list for each task and seed:

`[task, seed, outcome, loss, score, step, rate, early]`

where `loss` is the validation loss at the horizon, `score` compares it and the first checkpoint
with tuned baseline (1) and untrained model (0), `early` the first checkpoint alone, `step` is the
one at which training was given up, and `rate` the one that served best. Each may be null.
"""
QUERIES = {
    "The ten best programs, as first measured": (
        "SELECT number, score, size, text FROM candidates\n"
        "WHERE source IS NULL AND outcome = 'ok' ORDER BY score DESC, number LIMIT 10"
    ),
    "The way to candidate 12, from it to its start program": (
        "WITH RECURSIVE way AS (\n"
        "  SELECT * FROM candidates WHERE number = 12\n"
        "  UNION ALL SELECT c.* FROM candidates c JOIN way ON c.number = way.parent\n"
        ") SELECT number, parent, score, mutation, detail FROM way"
    ),
    "The score of every candidate by task and seed": (
        "SELECT number, json_extract(value, '$[0]') AS task, json_extract(value, '$[1]') AS seed,\n"
        "  json_extract(value, '$[4]') AS score\n"
        "FROM evaluations, json_each(evaluation, '$.rows')"
    ),
    "Outcomes, the most frequent first": (
        "SELECT outcome, count(*) FROM candidates WHERE source IS NULL\n"
        "GROUP BY outcome ORDER BY 2 DESC"
    ),
}
"""Queries to begin with; the tests run them."""


@page("ledger", "The ledger of a run")
def ledger() -> str:
    """The tables of a run's ledger, column by column, with queries to begin with."""
    own = [
        (f"`{each.name}`", each.declaration, "yes" if each.in_hash else "", each.meaning)
        for each in COLUMNS
        if not each.apart
    ]
    own.append(("`link`", "BLOB", "yes", "SHA-256 of the row and of all rows before it"))
    parts = [
        _INTRO.format(schema=schema.SCHEMA),
        "## `candidates`\n\nA row for every candidate, in the order of the search.\n",
        table(("column", "type", "same", "meaning"), own),
        "Outcomes:\n\n" + items({f"`{word}`": text for word, text in OUTCOMES.items()}) + "\n",
        _section("evaluations", "A row for every candidate that was measured.", schema.EVALUATIONS),
        _EVALUATION,
        _section("meta", "The campaign beside its candidates, by key.", schema.META),
        table(("key", "value"), [(f"`{key}`", text) for key, text in ENTRIES.items()]),
        _section("sessions", "A row for every process that worked on it.", schema.SESSIONS),
        _section(
            "looks",
            "Looks at the best of the search on other tasks; no table where there was none.",
            LOOKS,
        ),
        _section(
            "kept",
            "Answers of jobs whose work is not done yet; no table where there are none.",
            KEPT,
        ),
        _section("state", "The state of the search, to go on from.", schema.STATE),
        "## Queries\n",
        *(f"{title}:\n\n{code(text, 'sql')}" for title, text in QUERIES.items()),
    ]
    return "\n".join(parts)


def _section(name: str, about: str, fields: Iterable[Field]) -> str:
    rows = [(f"`{each.name}`", each.declaration, each.meaning) for each in fields]
    return f"## `{name}`\n\n{about}\n\n" + table(("column", "type", "meaning"), rows)
