"""The best programs of a campaign, ranked by their scores on seeds that the search never saw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from dsl.errors import counted
from dsl.rewrite.demands import Demands
from evaluators.statistics import holm
from search.ledger import Ledger
from search.ledger.results import META_VALIDATION, Winner
from search.objectives import QUALITY, hypervolume, on_front, point
from search.report.doubts import Doubts, doubts_of, unmet
from search.report.hall_entry import HallEntry, left_of, measured
from search.report.transfer import Transfer, transfers


class WinnerClaim(Enum):
    """The result of the finals for the winner against the tuned baseline."""

    CLEAR = "ahead of tuned {rule} on fresh seeds"
    NOISE = "ahead of tuned {rule} on fresh seeds, but not beyond chance"
    WITHHELD = "no claim is made on it beside tuned {rule}"
    NONE = "nothing beat tuned {rule} on fresh seeds; the best program that was found is kept"


@dataclass(frozen=True, repr=False)
class HallOfFame:
    """The winner, the smallest program that tests cannot tell from the best; then the others best
    first: by their score on other tasks if they were tried on some, else on fresh seeds. The
    baseline stands apart. `transfers`: the winner on suites of tasks that the search never saw;
    `objectives`: those of the campaign; `doubts`: what makes a score of 1 stand for too little."""

    entries: tuple[HallEntry, ...]
    baseline: HallEntry
    rule: str
    transfers: tuple[Transfer, ...] = ()
    objectives: tuple[str, ...] = (QUALITY,)
    doubts: Doubts = Doubts()

    @property
    def winner(self) -> HallEntry:
        """The entry that comes first."""
        return self.entries[0]

    @property
    def front(self) -> tuple[HallEntry, ...]:
        """The entries than which no other is better in one objective, or smaller, and as good in
        the rest."""
        return tuple(entry for entry in self.entries if entry.pareto)

    def __repr__(self) -> str:
        """A line for each entry: `->` the winner, `*` the front, `=` the baseline. The claim."""
        marks = ["->", *("*" if entry.pareto else "" for entry in self.entries[1:]), "="]
        lines = [
            f"{mark:2} {each.mean:8.4f} +- {each.sd:.4f}  size {each.size:<3} {each.hash}  "
            f"{each.program.line}"
            for mark, each in zip(marks, (*self.entries, self.baseline), strict=True)
        ]
        return "\n".join([*lines, *self.warnings, self.sentence])

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each doubt, for people to see before the claim."""
        return tuple(f"WARNING: {doubt}." for doubt in self.doubts.warnings)

    @property
    def spared(self) -> tuple[str, ...]:
        """The objectives besides quality."""
        return tuple(name for name in self.objectives if name != QUALITY)

    @property
    def hypervolume(self) -> float:
        """The volume that the finalists dominate, out of what is better than a rule that learns
        nothing and asks for twice as much as the tuned baseline. The unit is what the baseline
        alone dominates, so 1 is no gain."""
        asked = self.baseline.demands
        twice = Demands(2 * asked.memory + 1, 2 * asked.cost + 1, 2 * asked.size + 1)
        worst = point(self.objectives, 0.0, twice)
        found = [point(self.objectives, each.mean, each.demands) for each in self.entries]
        inside = [each for each in found if all(a < b for a, b in zip(each, worst, strict=True))]
        unit = hypervolume([point(self.objectives, 1.0, asked)], worst)
        return hypervolume(inside, worst) / unit

    @property
    def claim(self) -> WinnerClaim:
        """The claim of the winner over the baseline on the tasks of the search.

        It is clear if the interval of their mean difference lies above 0: paired by fresh seed, at
        a confidence that is corrected for the number of finalists (Bonferroni;
        `evaluators.statistics.evidence`, as in a comparison on one task). It speaks for seeds and
        not for other tasks.
        """
        if self.doubts.grave:
            return WinnerClaim.WITHHELD
        ahead, found = self.winner.mean > self.baseline.mean, self.winner.evidence
        if not ahead or found is None or self.winner.hash == self.baseline.hash:
            return WinnerClaim.NONE
        return WinnerClaim.CLEAR if found.difference.low > 0 else WinnerClaim.NOISE

    @property
    def p_value(self) -> float | None:
        """Of the sign-flip test over fresh seeds for the winner, corrected for the finalists by
        Holm's method; None where the winner is the baseline."""
        tested = [entry.evidence.p_value for entry in self.entries if entry.evidence]
        return holm(tested)[0] if tested else None

    @property
    def sentence(self) -> str:
        """The claim in words."""
        text = self.claim.value.format(rule=self.rule)
        found = self.winner.evidence
        if self.claim is WinnerClaim.WITHHELD:
            return f"The winner: {text}, since {'; '.join(self.doubts.grave)}."
        if self.claim is WinnerClaim.NONE or found is None:
            return f"{text[0].upper()}{text[1:]}."
        low, gain, high = (100 * end for end in found.difference)
        corrected = f"corrected for {self._looked_at}"
        return (
            f"The winner scores {gain:.1f} points of 100 {text} "
            f"([{low:.1f}, {high:.1f}] at {100 * found.confidence:.4g}% "
            f"over {counted(len(self.winner.scores), 'seed')}, {corrected})."
        )

    @property
    def _looked_at(self) -> str:
        """The programs that the claim might have been made of."""
        reduced = sum(entry.reduced_from is not None for entry in self.entries)
        finalists = counted(len(self.entries) - reduced, "finalist")
        return f"{finalists} and {counted(reduced, 'reduced program')}" if reduced else finalists


def hall_of_fame(ledger: Ledger) -> HallOfFame | None:
    """The finals of a complete campaign; None before that."""
    finals, validation = ledger.finals, ledger.validation
    if finals is None:
        return None
    chosen_by = validation.get(META_VALIDATION)
    baseline, *others = (measured(ledger, final) for final in finals if final.complete)
    by_candidate = {entry.candidate: entry for entry in others}
    left = [
        left_of(ledger, by_candidate[reduction.candidate], reduction, reduction.final)
        for reduction in ledger.reductions
        if reduction.final
    ]
    if chosen_by:
        scores = chosen_by.scores()
        by_candidate.update((entry.candidate, entry) for entry in left)
        took_part = (baseline, *by_candidate.values())
        baseline, *others = (
            replace(each, validated=scores.get(each.candidate)) if each in took_part else each
            for each in (baseline, *others, *left)
        )
    else:
        others += left
    ranked = sorted(others, key=_rank)
    objectives = tuple(ledger.config["objectives"])
    axes = tuple(dict.fromkeys((*objectives, "size")))
    front = on_front([point(axes, each.mean, each.demands) for each in ranked])
    marked = [replace(each, pareto=best) for each, best in zip(ranked, front, strict=True)]
    entries = _winner_first(ledger.winner, marked) or (baseline,)
    rule = ledger.config["baseline"]["rule"]
    winner = entries[0]
    told = transfers(validation, winner.candidate)
    found = doubts_of(ledger, winner.candidate, winner.reduced_from is not None)
    more = unmet(ledger.config["final"]["pick"], winner.demands)
    found = replace(found, warnings=found.warnings + more)
    return HallOfFame(entries, baseline, rule, told, objectives, found)


def _rank(entry: HallEntry) -> tuple[float, ...]:
    """Sorts entries: those first that were tried on other tasks, by their score there."""
    tried = math.inf if entry.validated is None else -entry.validated
    assert entry.candidate is not None
    return tried, -entry.mean, entry.size, entry.candidate


def _winner_first(winner: Winner | None, entries: Sequence[HallEntry]) -> tuple[HallEntry, ...]:
    """Entries with the winner at the front."""
    if winner is None:
        return tuple(entries)

    def won(entry: HallEntry) -> bool:
        reduced = entry.reduced_from is not None
        return Winner(entry.candidate, reduced) == winner

    return tuple(sorted(entries, key=lambda entry: not won(entry)))
