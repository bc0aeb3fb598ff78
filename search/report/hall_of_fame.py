"""The best programs of a campaign, ranked by what they score on seeds that the search never saw."""

import statistics
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from scipy import stats

from dsl.program import Local, Program
from dsl.program.parse import parse
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.simplify import simplify
from evaluators.evaluation import Evaluation
from search.campaign.finals import seed_scores
from search.campaign.validation import META_VALIDATION, scores
from search.ledger import Ledger
from search.report.transfer import Unseen, on_unseen_tasks

_LEVEL = 0.05


class Claim(Enum):
    """What the finals say about the winner against the tuned baseline."""

    CLEAR = "ahead of tuned {rule} on fresh seeds (p < 0.05, corrected for the finalists)"
    NOISE = "ahead of tuned {rule} on fresh seeds, but not beyond chance (p >= 0.05, corrected)"
    NONE = "nothing beat tuned {rule} on fresh seeds; the best program that was found is kept"


@dataclass(frozen=True)
class Entry:
    """One finalist: `program` is simplified exactly, `scores` are per fresh seed.

    `candidate` is None for the tuned baseline. `pareto`: no other finalist is both smaller (or as
    small) and better. `validated` is the score on the suite of other tasks, if there was one.
    """

    candidate: int | None
    hash: str
    program: Program
    size: int
    scores: tuple[float, ...]
    search_score: float | None
    pareto: bool = False
    validated: float | None = None

    @property
    def mean(self) -> float:
        """Mean score; tuned baseline 1, untrained 0."""
        return statistics.fmean(self.scores)

    @property
    def sd(self) -> float:
        """Standard deviation over seeds."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else 0.0


@dataclass(frozen=True)
class HallOfFame:
    """Finalists best first: by their score on other tasks if they were tried on some, else on fresh
    seeds; `winner` is the first, the baseline stands apart. `unseen`: the winner on suites of tasks
    that the search never saw."""

    entries: tuple[Entry, ...]
    baseline: Entry
    rule: str
    unseen: tuple[Unseen, ...] = ()

    @property
    def winner(self) -> Entry:
        """The best finalist."""
        return self.entries[0]

    @property
    def claim(self) -> Claim:
        """Whether the winner beats the baseline, seed by seed on the tasks of the search.

        By a paired t test on common random numbers, one-sided, its p-value times the number of
        finalists that were looked at (Bonferroni). It speaks for seeds and not for other tasks.
        """
        if self.winner.mean <= self.baseline.mean or self.winner.hash == self.baseline.hash:
            return Claim.NONE
        test = stats.ttest_rel(self.winner.scores, self.baseline.scores, alternative="greater")
        clear = float(test.pvalue) * len(self.entries) < _LEVEL
        return Claim.CLEAR if clear else Claim.NOISE

    @property
    def sentence(self) -> str:
        """The claim in words."""
        text = self.claim.value.format(rule=self.rule)
        if self.claim is Claim.NONE:
            return f"{text[0].upper()}{text[1:]}."
        gain = 100 * (self.winner.mean - self.baseline.mean)
        return f"The winner scores {gain:.1f} points of 100 {text}."


def hall_of_fame(ledger: Ledger) -> HallOfFame | None:
    """The finals of a complete campaign; None before that."""
    finals = ledger.get("finals")
    if finals is None:
        return None
    baseline, *others = (_entry(ledger, final) for final in finals if _complete(final))
    by = scores((ledger.get("validation") or {}).get(META_VALIDATION))
    others = [replace(entry, validated=by.get(entry.candidate)) for entry in others]
    baseline = replace(baseline, validated=by.get(None))
    ranked = sorted(others, key=lambda e: (-_worth(e), -e.mean, e.size, e.candidate))
    marked = tuple(replace(entry, pareto=_on_front(entry, ranked)) for entry in ranked)
    entries = marked or (baseline,)
    unseen = on_unseen_tasks(ledger, entries[0].candidate)
    return HallOfFame(entries, baseline, ledger.get("config")["baseline"]["rule"], unseen)


def _worth(entry: Entry) -> float:
    return entry.mean if entry.validated is None else entry.validated


def _complete(final: dict[str, Any]) -> bool:
    """A finalist whose worker was lost on the fresh seeds is out."""
    return None not in final["evaluations"]


def _entry(ledger: Ledger, final: dict[str, Any]) -> Entry:
    candidate = final["candidate"]
    if candidate is None:
        program, score = parse(ledger.get("baseline")["tuned"]), None
        digest = canonical_hash(program)
    else:
        row = next(ledger.rows("WHERE number = ?", (candidate,)))
        program, score, digest = row.program(), row.verdict.score, row.keys.canonical
    simple = _simplified(program)
    return Entry(
        candidate=candidate,
        hash=digest,
        program=simple,
        size=len(simple.statements),
        scores=seed_scores(
            [Evaluation.from_json(part) for part in final["evaluations"]],
            len(ledger.get("config")["tasks"]),
        ),
        search_score=score,
    )


def _simplified(program: Program) -> Program:
    """The program simplified exactly, laid out for reading.

    The words that printing made up for values of the search are dropped, and the next value of a
    slot gets the slot's name.
    """
    own = [replace(s, name=None if _made_up(s.name) else s.name) for s in program.statements]
    simple = simplify(replace(program, statements=tuple(own)))
    statements = list(simple.statements)
    for slot, update in zip(simple.slots, simple.updates, strict=True):
        if isinstance(update, Local) and statements[update.index].name not in simple.slots:
            statements[update.index] = replace(statements[update.index], name=slot)
    return replace(simple, statements=tuple(statements))


def _made_up(name: str | None) -> bool:
    return name is not None and name[0] == "x" and name[1:].isdigit()


def _on_front(entry: Entry, entries: list[Entry]) -> bool:
    return not any(
        other.size <= entry.size
        and other.mean >= entry.mean
        and (other.size, other.mean) != (entry.size, entry.mean)
        for other in entries
    )
