"""The campaigns of the exam: arms, seeds, masks, budgets.

The default at a quarter of the candidates of configs/laptop.yaml comes first. What it pays for, in
training steps, is the work of every other arm with its seed, whatever an arm makes of it. The
default at full size is the same search with the whole budget and finals on other tasks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.search_quality import planted

ROOT = Path(__file__).resolve().parents[2]
LAPTOP = ROOT / "configs" / "laptop.yaml"
SEEDS, MASK_SEEDS = range(5), range(3)
SHARE = 0.25
"""The candidates of the default that arms are held against, as a share of those at full size."""
UNLIMITED = 10_000_000
"""The candidates of an arm that is limited by its training steps."""

FULL, DEFAULT, EVOLUTION = "default_full", "default", "evolution_from_adamw"
FROM_ADAMW = {"start": "adamw"}
ARMS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    EVOLUTION: {
        **FROM_ADAMW,
        "strategy": {"kind": "regularized_evolution", "population": 300, "tournament": 8},
    },
    "random_search": {**FROM_ADAMW, "strategy": {"kind": "random_search"}},
    "best_of_n": {"strategy": {"kind": "best_of_n"}},
    "constants_only": {"strategy": {"kind": "constants_only", "population": 300, "tournament": 8}},
}
"""The arms at equal training steps, each by the keys that it changes."""

ABOUT = {
    FULL: "the search of `configs/laptop.yaml` as it is, 20,000 candidates",
    DEFAULT: "the same search with 5,000 candidates",
    EVOLUTION: "regularized evolution (population 300, tournament 8) from AdamW",
    "random_search": "AdamW after one to ten random changes",
    "best_of_n": "rules of the zoo after one random change",
    "constants_only": "the rules of the zoo with other numbers: the zoo tuned with all the work",
}
"""A line on every arm, for readers."""

CLANS: dict[str, list[str]] = {
    "lion": [
        *("lion", "cautious_lion", "d_adapt_lion", "lion_8bit", "mars_lion", "mars_lion_exact"),
        *("mechanic_lion", "mechanize_lion", "lion_k_entropy", "lion_k_huber", "lion_k_log"),
        *("lion_k_norm", "lion_k_nuclear", "lion_k_quadratic", "lion_k_relativistic"),
        *("lion_k_sorted", "lion_k_threshold", "lion_k_top_k"),
    ],
    "adan": ["adan", "d_adapt_adan"],
    "nesterov": ["nadam", "nadamw", "nesterov"],
    "optimistic": ["optimistic_adam", "optimistic_amsgrad", "optimistic_gd"],
}
"""Rules that are one idea: a search from the rest has to find it again, or do as well."""
MASKED = ("lion", "adan", "nesterov", "optimistic")
"""The clans that are masked out in turn."""


@dataclass(frozen=True)
class Piece:
    """One campaign: `changes` are keys of the config of the laptop that differ; `hides` is the rule
    that one has to find which trains nothing."""

    arm: str
    seed: int
    changes: dict[str, Any] = field(default_factory=dict)
    hides: str | None = None

    @property
    def name(self) -> str:
        """The arm and the seed."""
        return f"{self.arm}-{self.seed}"

    @property
    def equals(self) -> str | None:
        """The piece whose training steps are the budget of this one, and that has to be done before
        it; None for a piece that is as large as its candidates."""
        own = self.hides or self.arm in (FULL, DEFAULT)
        return None if own else f"{DEFAULT}-{self.seed}"

    def config(self, steps: int | None, scale: float) -> dict[str, Any]:
        """The config of the campaign.

        No piece has its finalists made smaller. At full size the winner is chosen by
        meta-validation; that of any other piece, for which this would cost more than its search, by
        the fresh seeds of `search`.

        **Arguments:** `steps`: the training steps of the piece that this one `equals`; `scale`: the
        size of the whole exam, 1 for the real one.
        """
        values = yaml.safe_load(LAPTOP.read_text(encoding="utf-8"))
        values |= {"campaign": self.name.replace("-", "_"), "seed": self.seed, **self.changes}
        size = values["budget"]["candidates"] * (1 if self.arm == FULL else SHARE)
        if self.hides:
            size = planted.CANDIDATES
            values |= planted.settings(self.hides)
        values["budget"] = {"candidates": max(int(size * scale), 1)}
        if self.equals is not None:
            assert steps is not None
            values["budget"] = {"candidates": UNLIMITED, "steps": steps}
        left_out = {"held_out": None, "watch": 0, "reduction": {"evaluations": 0}}
        if self.arm != FULL:
            left_out["meta_validation"] = None
        values["final"] = {**values["final"], **left_out}
        return values


def pieces() -> Iterator[Piece]:
    """All campaigns, in the order in which they are worth doing."""
    for seed in SEEDS:
        yield Piece(DEFAULT, seed)
        yield Piece(EVOLUTION, seed, ARMS[EVOLUTION])
    for seed in SEEDS:
        yield Piece(FULL, seed)
    for seed in SEEDS:
        for arm in ARMS:
            if arm not in (DEFAULT, EVOLUTION):
                yield Piece(arm, seed, ARMS[arm])
    for clan in MASKED:
        for seed in MASK_SEEDS:
            yield Piece(f"without_{clan}", seed, {"mask": CLANS[clan]})
    for rule in planted.RULES:
        for seed in MASK_SEEDS:
            yield Piece(f"planted_{rule}", seed, hides=rule)
