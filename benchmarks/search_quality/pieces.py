"""The campaigns of the exam: arms, seeds, masks, budgets.

The default at the size of configs/laptop.yaml comes first. What it pays for, in training steps,
sets the work of every other arm: a quarter of its median, whatever an arm makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LAPTOP = ROOT / "configs" / "laptop.yaml"
SEEDS, MASK_SEEDS = range(5), range(3)
SHARE = 0.25
"""The work of an arm, as a share of what the default at full size pays for."""
UNLIMITED = 10_000_000
"""The candidates of an arm that is limited by its training steps."""

FULL, DEFAULT, ZOO = "default_full", "default", "zoo_tuned"
FROM_ADAMW = {"start": "adamw"}
ARMS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "evolution_from_adamw": {
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
    DEFAULT: "the same",
    "evolution_from_adamw": "regularized evolution (population 300, tournament 8) from AdamW",
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
    "adan": ["adan"],
    "nesterov": ["nadam", "nadamw", "nesterov"],
    "schedule_free": ["schedule_free_adamw", "schedule_free_sgd"],
    "optimistic": ["optimistic_amsgrad", "optimistic_gd"],
}
"""Rules that are one idea: a search from the rest has to find it again, or do as well."""
MASKED = ("lion", "adan", "nesterov", "optimistic")
"""The clans that are masked out in turn."""


@dataclass(frozen=True)
class Piece:
    """One campaign: `changes` are keys of the config of the laptop that differ."""

    name: str
    seed: int
    changes: dict[str, Any] = field(default_factory=dict)
    equal_steps: bool = True

    @property
    def arm(self) -> str:
        """The name without the seed."""
        return self.name.rpartition("-")[0]

    def config(self, steps: int | None, scale: float) -> dict[str, Any]:
        """The config of the campaign.

        **Arguments:** `steps`: the training steps of the default at full size, for an arm at equal
        steps; `scale`: the size of the whole exam, 1 for the real one.
        """
        values = yaml.safe_load(LAPTOP.read_text(encoding="utf-8"))
        values |= {"campaign": self.name.replace("-", "_"), "seed": self.seed, **self.changes}
        candidates = max(int(values["budget"]["candidates"] * scale), 1)
        values["budget"] = {"candidates": candidates}
        if self.equal_steps:
            assert steps is not None
            values["budget"] = {"candidates": UNLIMITED, "steps": max(int(SHARE * steps), 1)}
        values["final"] = {**values["final"], "held_out": None, "watch": 0}
        return values


def pieces() -> Iterator[Piece]:
    """All campaigns, in the order in which they are worth doing."""
    for seed in SEEDS:
        yield Piece(f"{FULL}-{seed}", seed, equal_steps=False)
    for seed in SEEDS:
        for arm, changes in ARMS.items():
            yield Piece(f"{arm}-{seed}", seed, changes)
    for clan in MASKED:
        for seed in MASK_SEEDS:
            yield Piece(f"without_{clan}-{seed}", seed, {"mask": CLANS[clan]})
