"""Arms against one another and against the bars, with bootstrap intervals of medians."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.search_quality.facts import Facts
from benchmarks.search_quality.pieces import (
    ARMS,
    CLANS,
    DEFAULT,
    FULL,
    MASK_SEEDS,
    MASKED,
    SEEDS,
    pieces,
)
from benchmarks.search_quality.zoo import zoo_of

DRAWS = 10_000
EVOLUTION = "evolution_from_adamw"


@dataclass(frozen=True)
class Bar:
    """One demand of the exam: what was wanted, what was met, and whether it holds; None while
    pieces are missing."""

    wanted: str
    met: str
    holds: bool | None


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

    def __str__(self) -> str:
        """A table of the arms, then the bars."""
        head = f"{'arm':<24}{'runs':>5}{'median':>9}{'[95% interval]':>18}{'unseen':>8}"
        head += (
            f"{'families':>9}{'good':>6}{'largest':>9}{'refused':>9}{'screened':>9}{'cached':>8}"
        )
        lines = [head]
        for arm, found in self.arms.items():
            if not found:
                continue
            low, high = interval([each.winner for each in found])
            unseen = [each.unseen for each in found if each.unseen is not None]
            row = f"{arm:<24}{len(found):>5}{median(each.winner for each in found):>9.4f}"
            row += f"{f'[{low:.3f}, {high:.3f}]':>18}"
            row += f"{median(unseen):>8.3f}" if unseen else f"{'':>8}"
            row += f"{median(each.families for each in found):>9g}"
            row += f"{median(each.good_families for each in found):>6g}"
            for name in ("largest_family", "refused", "screened", "cached"):
                share = median(getattr(each, name) for each in found)
                row += f"{100 * share:>8.1f}%"
            lines.append(row)
        for bar in self.bars:
            verdict = {None: "open", True: "holds", False: "MISSED"}[bar.holds]
            lines.append(f"{verdict:>7}  {bar.wanted}: {bar.met}")
        if self.missing:
            lines.append(f"to do: {', '.join(self.missing)}")
        return "\n".join(lines)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of a median, with fixed draws."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(np.asarray(values), size=(DRAWS, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return float(low), float(high)


def bars(
    arms: Mapping[str, Sequence[Facts]],
    zoo: Mapping[str, tuple[float, float | None]],
    by_name: Mapping[str, Facts],
) -> list[Bar]:
    """The bars of the exam.

    **Arguments:** `zoo`: for each run at full size the best rule of the zoo tuned alike: its score
    on `search` and on meta-validation; `by_name`: the figures of each piece.
    """
    full = [name for name in by_name if name.startswith(f"{FULL}-")]
    whole = len(full) == 5
    winners = [by_name[name].winner for name in full]
    ahead = [by_name[name].winner - zoo[name][0] for name in full if name in zoo]
    found = [
        Bar(
            "the winner on `search`, median of 5 seeds, at least 1.20",
            f"{median(winners):.4f}" if winners else "no run",
            median(winners) >= 1.20 if whole else None,
        ),
        Bar(
            "at least 0.06 above the best rule of the zoo in 4 of 5",
            _list(ahead),
            sum(each >= 0.06 for each in ahead) >= 4 if len(ahead) == 5 else None,
        ),
    ]
    pairs = [
        by_name[f"{DEFAULT}-{seed}"].winner - by_name[f"{EVOLUTION}-{seed}"].winner
        for seed in range(5)
        if {f"{DEFAULT}-{seed}", f"{EVOLUTION}-{seed}"} <= by_name.keys()
    ]
    found.append(
        Bar(
            "at equal steps at least 0.06 above evolution from AdamW in 5 of 5",
            _list(pairs),
            all(each >= 0.06 for each in pairs) if len(pairs) == 5 else None,
        )
    )
    medians = {arm: median(each.winner for each in arms[arm]) for arm in ARMS if arms.get(arm)}
    others = {arm: value for arm, value in medians.items() if arm != DEFAULT}
    found.append(
        Bar(
            "at equal steps above every other arm in the median",
            ", ".join(f"{arm} {value:.4f}" for arm, value in medians.items()) or "no run",
            medians[DEFAULT] > max(others.values())
            if len(medians) == len(ARMS) and all(len(arms[arm]) == 5 for arm in ARMS)
            else None,
        )
    )
    unseen = [(by_name[name].unseen, zoo[name][1]) for name in full if name in zoo]
    known = [(ours, best) for ours, best in unseen if ours is not None and best is not None]
    found.append(
        Bar(
            "meta-validation: above the best rule of the zoo in 3 of 5, never below AdamW",
            ", ".join(f"{ours:.3f} (zoo {best:.3f})" for ours, best in known) or "no run",
            sum(ours > best for ours, best in known) >= 3 and all(ours >= 1 for ours, _ in known)
            if len(known) == 5
            else None,
        )
    )
    good = [by_name[name].good_families for name in full]
    largest = [by_name[name].largest_family for name in full]
    found.append(
        Bar(
            "at least 300 families above 0.95, the largest family at most 5% of what was paid",
            f"{good} families, largest {_list([100 * each for each in largest])} %",
            min(good) >= 300 and max(largest) <= 0.05 if whole else None,
        )
    )
    return [*found, _masks(by_name)]


def _masks(by_name: Mapping[str, Facts]) -> Bar:
    """The bar of the clans that were taken out: found again, or matched where they lead."""
    reference = by_name.get(f"{FULL}-{SEEDS[0]}")
    told, again, whole = [], 0, reference is not None
    for clan in MASKED:
        runs = [by_name.get(f"without_{clan}-{seed}") for seed in MASK_SEEDS]
        whole &= None not in runs
        good = [
            bool(set(CLANS[clan]) & set(run.met)) or _matched(clan, run, reference)
            for run in runs
            if run is not None and reference is not None
        ]
        told.append(f"{clan} {sum(good)} of {len(good)}")
        again += sum(good) >= 2
    wanted = "mask-out: 3 of 4 clans found again or matched in 2 of 3 seeds"
    return Bar(wanted, ", ".join(told), again >= 3 if whole else None)


def _matched(clan: str, run: Facts, reference: Facts) -> bool:
    """True if on every task on which a rule of the clan is the best of the zoo some program of the
    search is as good; False where the clan leads nowhere."""
    scores = reference.starts
    members = [scores[name] for name in CLANS[clan] if name in scores]
    lead = {
        task: max(each[task] for each in members)
        for task in run.best
        if members
        and max(each[task] for each in members) >= max(each[task] for each in scores.values())
    }
    return bool(lead) and all(run.best[task] >= score for task, score in lead.items())


def of(by_name: Mapping[str, Facts], folder: Path) -> Report:
    """The report of the campaigns that are complete, whose runs lie in `folder`."""
    arms: dict[str, list[Facts]] = {}
    for piece in pieces():
        if piece.name in by_name:
            arms.setdefault(piece.arm, []).append(by_name[piece.name])
    measured = {name: zoo_of(folder / name) for name in by_name}
    zoo = {name: found for name, found in measured.items() if found is not None}
    missing = [piece.name for piece in pieces() if piece.name not in by_name]
    return Report(arms, bars(arms, zoo, by_name), missing)


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values) or "no run"
