"""CPU time of `stepsmith.simplify` at the level finite, on rules with redundant statements.

    python -m benchmarks.simplify [--times 25] [--seed 0] [--json]

AdamW, Lion, Adan and Sophia, each with statements put in that change nothing until it has `SIZE` of
them, in `--times` ways (`tests/support/redundant.py`). The time is that of the process, so that
other work on the machine does not count; the trial against the original is part of it.
"""

import argparse
import json
import statistics
import time

import numpy as np

from dsl.language.registry import Domain
from dsl.simplifier import simplified
from dsl.zoo import ZOO
from tests.support.redundant import redundant

RULES = ("adamw", "lion", "adan", "sophia_h")
SIZE = 30
MEDIAN, WORST = 0.05, 2.0
"""The bars, in seconds."""


def measure(times: int, seed: int) -> dict[str, list[float]]:
    """Seconds for every program, by rule."""
    found: dict[str, list[float]] = {}
    for name in RULES:
        simplified(ZOO[name], Domain.FINITE)  # laws are made ready once in a process
        for at in range(times):
            rng = np.random.default_rng(seed + at)
            program = redundant(ZOO[name], SIZE - len(ZOO[name].statements), rng)
            start = time.process_time()
            simplified(program, Domain.FINITE)
            found.setdefault(name, []).append(time.process_time() - start)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=25, help="programs of each rule")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    chosen = parser.parse_args()
    found = measure(chosen.times, chosen.seed)
    every = [seconds for each in found.values() for seconds in each]
    median, worst = statistics.median(every), max(every)
    if chosen.json:
        facts = {"median": median, "worst": worst, "bars": {"median": MEDIAN, "worst": WORST}}
        print(json.dumps({**facts, "holds": median <= MEDIAN and worst <= WORST}))
        return
    for name, seconds in found.items():
        print(f"{name:<10}{1e3 * statistics.median(seconds):>7.0f} ms{1e3 * max(seconds):>8.0f} ms")
    for word, figure, bar in (("median", median, MEDIAN), ("worst", worst, WORST)):
        verdict = "holds" if figure <= bar else "MISSED"
        print(f"{word:<10}{1e3 * figure:>7.0f} ms  at most {1e3 * bar:.0f} ms: {verdict}")


if __name__ == "__main__":
    main()
