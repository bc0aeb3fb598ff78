"""A study of 14 candidates in tests, whose losses are made up of programs and seeds."""

import hashlib
from pathlib import Path

from evaluators.own.outside import Problem
from search.ledger import FILE, Ledger
from stepsmith import Study

CONFIG = {
    "campaign": "told",
    "start": ["adamw", "sgd", "lion"],
    "budget": {"candidates": 14},
    "strategy": {"kind": "regularized_evolution", "population": 6, "tournament": 3},
    "baseline": {"evaluations": 3, "seeds": 1},
    "evaluation": {"seeds": 2, "rates": [1.0], "generation": 10},
    "final": {"finalists": 2, "seeds": 2, "reduction": {"evaluations": 0}},
    "look_ahead": 4,
}
MINE = Problem("my_problem", steps=60, untrained=2.0)


def study(folder: Path, problem: Problem = MINE, **changes) -> Study:
    return Study({**CONFIG, **changes}, problem, out=folder)


def loss(rule, seed: int) -> float:
    """A loss that a program and a seed decide."""
    text = f"{rule.program.digest} {seed}".encode()
    return 0.2 + int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32


def told(rule) -> dict[int, float]:
    return {seed: loss(rule, seed) for seed in rule.seeds}


def finish(folder: Path, tell=told, **changes) -> str:
    """The content hash of a study that is told all that it asks."""
    with study(folder, **changes) as asking:
        while batch := asking.ask():
            for rule in batch:
                asking.tell(rule, tell(rule))
    return content(folder)


def content(folder: Path) -> str:
    ledger = Ledger.read(folder / FILE)
    try:
        return ledger.content_hash()
    finally:
        ledger.close()
