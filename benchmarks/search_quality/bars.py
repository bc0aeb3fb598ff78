"""The bars of the exam: what a search has to reach, and whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.search_quality.facts import Facts
from benchmarks.search_quality.pieces import (
    ARMS,
    CLANS,
    DEFAULT,
    EVOLUTION,
    FULL,
    MASK_SEEDS,
    MASKED,
    SEEDS,
)
from benchmarks.search_quality.results import Result


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


def bars(arms: Mapping[str, Sequence[Facts]], known: Mapping[str, Result]) -> list[Bar]:
    """The bars of the exam. At equal steps arms are held against one another by their top finalist:
    a winner is the shortest of those that tests cannot tell from the best."""
    by_name = {name: result.facts for name, result in known.items()}
    full = [name for name in by_name if name.startswith(f"{FULL}-")]
    whole = len(full) == 5
    winners = [by_name[name].winner for name in full]
    best = [known[name].best_known for name in full]
    ahead = [ours - other for ours, other in zip(winners, best, strict=True) if other is not None]
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
        by_name[f"{DEFAULT}-{seed}"].top - by_name[f"{EVOLUTION}-{seed}"].top
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
    medians = {arm: median(each.top for each in arms[arm]) for arm in ARMS if arms.get(arm)}
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
    unseen = [(by_name[name].unseen, known[name].best_known_unseen) for name in full]
    both = [(ours, other) for ours, other in unseen if ours is not None and other is not None]
    found.append(
        Bar(
            "meta-validation: above the best rule of the zoo in 3 of 5, never below AdamW",
            ", ".join(f"{ours:.3f} (zoo {other:.3f})" for ours, other in both) or "no run",
            sum(ours > other for ours, other in both) >= 3 and all(ours >= 1 for ours, _ in both)
            if len(both) == 5
            else None,
        )
    )
    good = [by_name[name].good_families for name in full]
    largest = [by_name[name].largest_family for name in full]
    found.append(
        Bar(
            "at least 300 families above 0.95, the largest family at most 5% of what was paid",
            f"{', '.join(map(str, good))} families, largest {_list(largest)}" if full else "no run",
            min(good) >= 300 and max(largest) <= 0.05 if whole else None,
        )
    )
    return [*found, _masks(by_name)]


def _masks(by_name: Mapping[str, Facts]) -> Bar:
    """The bar of the clans that were taken out: found again, or matched where they lead."""
    reference = by_name.get(f"{DEFAULT}-{SEEDS[0]}")
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
