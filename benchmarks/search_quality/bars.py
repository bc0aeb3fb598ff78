"""The bars of the exam: what a search has to reach, and whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.search_quality.facts import Facts
from benchmarks.search_quality.pieces import ARMS, CLANS, DEFAULT, FULL, MASK_SEEDS, MASKED, SEEDS

EVOLUTION = "evolution_from_adamw"


@dataclass(frozen=True)
class Bar:
    """One demand of the exam: what was wanted, what was met, and whether it holds; None while
    pieces are missing."""

    wanted: str
    met: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """One word."""
        return {None: "open", True: "holds", False: "MISSED"}[self.holds]


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


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values) or "no run"
