"""Arms against one another, with bootstrap intervals of medians, and against the bars."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.search_quality.bars import Bar, bars
from benchmarks.search_quality.facts import Facts
from benchmarks.search_quality.pieces import pieces
from benchmarks.search_quality.results import Result

DRAWS = 10_000
COLUMNS = (
    *("arm", "runs", "winner", "top", "95% interval", "unseen", "million steps"),
    *("families per million", "families > 0.95", "largest", "refused", "screened", "cached"),
)
"""The titles of the table of arms."""


@dataclass(frozen=True)
class Report:
    """Everything that is known so far."""

    arms: dict[str, list[Facts]]
    bars: list[Bar]
    missing: list[str]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        arms = {arm: [each.to_json() for each in found] for arm, found in self.arms.items()}
        return {"arms": arms, "bars": [asdict(bar) for bar in self.bars], "missing": self.missing}

    def table(self) -> list[tuple[str, ...]]:
        """The arms as rows of text under a row of titles: medians over the runs of each."""
        return [COLUMNS, *(_row(arm, found) for arm, found in self.arms.items() if found)]

    def __str__(self) -> str:
        """The table of the arms, then the bars."""
        rows = self.table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in rows
        ]
        lines += [f"{bar.verdict:>7}  {bar.wanted}: {bar.met}" for bar in self.bars]
        if self.missing:
            lines.append(f"to do: {', '.join(self.missing)}")
        return "\n".join(lines)


def _row(arm: str, found: Sequence[Facts]) -> tuple[str, ...]:
    low, high = interval([each.top for each in found])
    unseen = [each.unseen for each in found if each.unseen is not None]
    shares = ("largest_family", "refused", "screened", "cached")
    return (
        arm,
        str(len(found)),
        f"{median(each.winner for each in found):.4f}",
        f"{median(each.top for each in found):.4f}",
        f"[{low:.3f}, {high:.3f}]",
        f"{median(unseen):.3f}" if unseen else "",
        f"{median(each.steps for each in found) / 1e6:.0f}",
        f"{median(each.families_per_million for each in found):.1f}",
        f"{median(each.good_families for each in found):g}",
        *(f"{100 * median(getattr(each, name) for each in found):.1f}%" for name in shares),
    )


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of a median, with fixed draws."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(np.asarray(values), size=(DRAWS, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return float(low), float(high)


def of(known: Mapping[str, Result]) -> Report:
    """The report of the pieces that are done."""
    arms: dict[str, list[Facts]] = {}
    for piece in pieces():
        if piece.name in known and not piece.hides:
            arms.setdefault(piece.arm, []).append(known[piece.name].facts)
    missing = [piece.name for piece in pieces() if piece.name not in known]
    return Report(arms, bars(arms, known), missing)
