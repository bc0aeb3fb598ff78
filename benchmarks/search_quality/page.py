"""The page docs/search.md: the exam for readers, made of the campaigns that are complete."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.search_quality.pieces import (
    ABOUT,
    ARMS,
    CLANS,
    DEFAULT,
    FULL,
    MASK_SEEDS,
    MASKED,
    SEEDS,
    pieces,
)
from benchmarks.search_quality.report import Report
from benchmarks.search_quality.results import Result
from dsl.program.parse import parse
from dsl.zoo import ZOO

PAGE = Path(__file__).resolve().parents[2] / "docs" / "search.md"

INTRODUCTION = """# What the search finds

Written by `python -m benchmarks.search_quality --page`; do not edit.

The search with 5,000 candidates is held against controls that get the same work, counted in
training steps; every arm runs with the seeds 0 to 4. Full size is 20,000 candidates. No finalist is
reduced here. A score of 1 is AdamW, tuned in all its constants with a rate of its own on every
task, 0 is the untrained model. *Winner* is the score of an arm's winner on the tasks of the suite
`search`, on eight fresh seeds. At full size the winner was chosen among the finalists by another
suite, `meta_validation`, where its score is *unseen*; elsewhere by the fresh seeds themselves.
*Top* is the highest score of any finalist on the fresh seeds, with the bootstrap interval of its
median: what arms are held against one another by. The best rule of the zoo was tuned alike and
measured on the same fresh seeds, beside the search at full size: the best on each suite of the
eight starts with the highest scores in the campaign. All figures of a row are medians over its
runs.
"""

HIDDEN = """## Hidden rules

Searches from SGD alone, with no other rule of the zoo to take parts or habits from. Nothing is
trained: a program is judged by how far its steps on a stream of gradients are from those of a
hidden rule, whatever the rates. 1 is the hidden rule itself, 0 is as far as two programs can be,
and 0.5 a distance of about 0.09. 5,000 programs each.
"""


def page(report: Report, known: Mapping[str, Result]) -> str:
    """The page in Markdown, of the pieces that are done."""
    parts = [
        INTRODUCTION,
        "## Arms\n",
        _table(report.table()),
        "".join(f"- `{arm}`: {ABOUT[arm]}\n" for arm in (FULL, *ARMS)),
        f"- `without_...`: the search without a clan of rules as starts or donors ({_clans()})\n",
        "## Bars\n",
        _table([("bar", "met", ""), *((b.wanted, b.met, b.verdict) for b in report.bars)]),
    ]
    unlike = [f"- `{name}`: {each.unlike}\n" for name, each in known.items() if each.unlike]
    if unlike:
        parts += ["## Not as they would be run now\n", "".join(unlike)]
    if report.missing:
        parts += ["## Not yet run\n", _by_arm(report.missing)]
    for arm, title in ((FULL, "at full size"), (DEFAULT, "with 5,000 candidates")):
        runs = {seed: known[f"{arm}-{seed}"] for seed in SEEDS if f"{arm}-{seed}" in known}
        if runs:
            parts += [f"## Winners {title}\n", _table(list(_winners(runs)))]
            middle = median([each.facts.winner for each in runs.values()])
            seed = min(runs, key=lambda each: abs(runs[each].facts.winner - middle))
            text = runs[seed].facts.program
            parts += [f"The winner of seed {seed}, the middle one:\n", f"```\n{text}\n```\n"]
    again = list(_again(known))
    if len(again) > 1:
        parts += ["## Clans that were taken out\n", _table(again)]
    hidden = list(_hidden(known))
    if len(hidden) > 1:
        parts += [HIDDEN, _table(hidden)]
    return "\n".join(parts)


def _by_arm(names: Sequence[str]) -> str:
    """Pieces as a list: each arm with its seeds."""
    seeds: dict[str, list[str]] = {}
    for name in names:
        arm, _, seed = name.rpartition("-")
        seeds.setdefault(arm, []).append(seed)
    return "".join(f"- `{arm}`: {', '.join(found)}\n" for arm, found in seeds.items())


def _clans() -> str:
    return "; ".join(f"{clan}: {', '.join(CLANS[clan])}" for clan in MASKED)


def _winners(runs: Mapping[int, Result]) -> Iterator[tuple[str, ...]]:
    titles = ("seed", "winner", "zoo", "best of the zoo", "unseen", "zoo unseen", "statements")
    yield *titles, "candidates", "commit"
    for seed, run in runs.items():
        facts, known = run.facts, run.zoo[0].rule if run.zoo else ""
        yield (
            str(seed),
            *(_score(facts.winner), _score(run.best_known), known),
            *(_score(facts.unseen), _score(run.best_known_unseen)),
            str(len(parse(facts.program).statements)),
            f"{facts.candidates:,}",
            run.commit,
        )


def _again(known: Mapping[str, Result]) -> Iterator[tuple[str, ...]]:
    """The rules of a clan whose family a search without them trained to the end."""
    yield "without", "seed", "met again", "winner"
    for clan in MASKED:
        for seed in MASK_SEEDS:
            run = known.get(f"without_{clan}-{seed}")
            if run is not None:
                met = ", ".join(name for name in run.facts.met if name in CLANS[clan])
                yield clan, str(seed), met or "none", _score(run.facts.winner)


def _hidden(known: Mapping[str, Result]) -> Iterator[tuple[str, ...]]:
    """The finds of the searches for a hidden rule."""
    yield "hidden", "seed", "score", "its family met", "statements of the winner", "of the rule"
    for piece in pieces():
        if piece.hides and piece.name in known:
            facts = known[piece.name].facts
            size = [len(each.statements) for each in (parse(facts.program), ZOO[piece.hides])]
            met = "yes" if piece.hides in facts.met else "no"
            yield piece.hides, str(piece.seed), _score(facts.winner), met, *map(str, size)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)
