"""The page docs/search.md: the exam for readers, made of the campaigns that are complete."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.search_quality.facts import Facts
from benchmarks.search_quality.pieces import ABOUT, ARMS, CLANS, FULL, MASK_SEEDS, MASKED, SEEDS
from benchmarks.search_quality.report import Report
from benchmarks.search_quality.zoo import zoo_of
from dsl.program.parse import parse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "search.md"

INTRODUCTION = """# What the search finds

Written by `python -m benchmarks.search_quality --page`; do not edit.

The search is held against controls that get the same work, counted in training steps: a quarter of
what the search at full size pays for. Every arm runs with the seeds 0 to 4. A score of 1 is AdamW,
tuned in all its constants with a rate of its own on every task, 0 is the untrained model. *Winner*
is the score of an arm's winner on the tasks of the suite `search`, on eight fresh seeds, and
*unseen* that on the suite `meta_validation`, by which the winner was chosen among the finalists.
The best rule of the zoo was tuned alike and measured on the same fresh seeds: the best of the eight
starts with the highest scores in the campaign. All figures of a row are medians over its runs.
"""


def page(report: Report, by_name: Mapping[str, Facts], folder: Path) -> str:
    """The page in Markdown.

    **Arguments:** `by_name`: the figures of each complete campaign; `folder`: where the runs lie.
    """
    parts = [
        INTRODUCTION,
        "## Arms\n",
        _table(report.table()),
        "".join(f"- `{arm}`: {ABOUT[arm]}\n" for arm in (FULL, *ARMS)),
        f"- `without_...`: the search without a clan of rules as starts or donors ({_clans()})\n",
        "## Bars\n",
        _table([("bar", "met", ""), *((b.wanted, b.met, b.verdict) for b in report.bars)]),
    ]
    if report.missing:
        parts += ["## Not yet run\n", f"{', '.join(report.missing)}\n"]
    full = {name: by_name[f"{FULL}-{name}"] for name in SEEDS if f"{FULL}-{name}" in by_name}
    if full:
        parts += ["## Winners at full size\n", _table(list(_winners(full, folder)))]
        middle = median([facts.winner for facts in full.values()])
        seed, facts = min(full.items(), key=lambda each: abs(each[1].winner - middle))
        parts += [f"The winner of seed {seed}, the middle one:\n", f"```\n{facts.program}\n```\n"]
    again = list(_again(by_name))
    if len(again) > 1:
        parts += ["## Clans that were taken out\n", _table(again)]
    return "\n".join(parts)


def _clans() -> str:
    return "; ".join(f"{clan}: {', '.join(CLANS[clan])}" for clan in MASKED)


def _winners(full: Mapping[int, Facts], folder: Path) -> Iterator[tuple[str, ...]]:
    yield "seed", "winner", "zoo", "unseen", "zoo unseen", "statements", "candidates"
    for seed, facts in full.items():
        zoo, zoo_unseen = zoo_of(folder / f"{FULL}-{seed}") or (None, None)
        yield (
            str(seed),
            *map(_score, (facts.winner, zoo, facts.unseen, zoo_unseen)),
            str(len(parse(facts.program).statements)),
            f"{facts.candidates:,}",
        )


def _again(by_name: Mapping[str, Facts]) -> Iterator[tuple[str, ...]]:
    """The rules of a clan whose family a search without them trained to the end."""
    yield "without", "seed", "met again", "winner"
    for clan in MASKED:
        for seed in MASK_SEEDS:
            facts = by_name.get(f"without_{clan}-{seed}")
            if facts is not None:
                met = ", ".join(name for name in facts.met if name in CLANS[clan])
                yield clan, str(seed), met or "none", _score(facts.winner)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)
