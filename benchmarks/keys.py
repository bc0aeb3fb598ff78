"""The time of a new program's keys and of a mutation, beside that of a fixed piece of work.

    python -m benchmarks.keys [--passes 5] [--json]

In one process, one thread, program after program:

    mutation and check                              a child, from the draws to the checked program
    digest, canonical hash, fingerprint, family     of the child, as a search asks for them
    canonical hash alone                            of another child

The parents are programs such as a search breeds, the same in every run. A walk goes from one of
`RULES` through 40 mutations, with the weights that are declared and a generator seeded by the
numbers of rule and walk. A child that does not read the gradient is left, as a search would refuse
it. What a walk ends in is taken if it has 15 to 40 statements, dead ones among them, and 2 to 4
slots; each rule gives as many programs. Each pass measures other children, which are new to every
cache, while caches may know what they share with their parents, as in a search.

Figures are CPU time: the median over passes for each parent, then the mean over parents, since a
search pays for all of them. A busy machine slows everything alike, so figures stand as ratios to a
unit too: a fixed piece of plain Python, timed in turn with the programs.
"""

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dsl import canonical_hash, family, fingerprint
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.rewrite.liveness import live
from dsl.zoo import ZOO
from search.mutation import CHANGES, Mutator, PrimitiveSampler, SearchSpace

T = TypeVar("T")

RULES = ("adabelief", "adamw", "adan", "lamb", "lion", "nadam", "radam", "yogi")
MUTATIONS = 40
"""Mutations between a rule and a parent."""
STATEMENTS, SLOTS = range(15, 41), range(2, 5)
"""The sizes of programs that are taken."""
EACH = 25
"""Parents from each rule."""

ALL_KEYS, ALONE, MUTATION = "all keys", "canonical hash alone", "mutation and check"
KEYS: dict[str, Callable[[Program], str]] = {
    "digest": lambda program: program.digest,
    "canonical hash": canonical_hash,
    "fingerprint": fingerprint,
    "family": family,
}
BARS = {ALL_KEYS: 0.5, ALONE: 0.1, MUTATION: 0.2}
"""The most milliseconds that each may take."""

MUTATOR = Mutator(
    SearchSpace(
        PrimitiveSampler({name: each.weight for name, each in PRIMITIVES.items()}),
        statements=STATEMENTS[-1],
        slots=SLOTS[-1],
    ),
    {name: each.weight for name, each in CHANGES.items()},
)


@dataclass(frozen=True)
class Row:
    """A measurement: milliseconds, their ratio to the unit, the bar."""

    what: str
    ms: float
    ratio: float
    bar: float | None

    @property
    def holds(self) -> bool | None:
        """True if the time is within the bar; None without a bar."""
        return None if self.bar is None else self.ms <= self.bar

    def __str__(self) -> str:
        verdict = "" if self.bar is None else f"at most {self.bar:.1f}: "
        verdict += {None: "", True: "holds", False: "MISSED"}[self.holds]
        each = f"{1e3 / self.ms:>7,.0f}/s"
        return f"{self.what:<22}{self.ms:>8.4f} ms{each}{self.ratio:>8.3f}  {verdict}".rstrip()

    def facts(self) -> dict[str, object]:
        """The row for JSON."""
        figures = {"ms": round(self.ms, 5), "ratio": round(self.ratio, 4)}
        return {"what": self.what, **figures, "bar": self.bar, "holds": self.holds}


def population() -> list[Program]:
    """The parents."""
    return [
        program
        for place, rule in enumerate(RULES)
        for program in itertools.islice(walks(rule, place), EACH)
    ]


def walks(rule: str, place: int) -> Iterator[Program]:
    """The programs of fitting size that walks from a rule end in."""
    for number in itertools.count():
        rng = np.random.default_rng([place, number])
        program = ZOO[rule]
        for _ in range(MUTATIONS):
            child, _ = MUTATOR.mutate(program, rng, rule)
            program = child if "g" in live(child).names else program
        if len(program.statements) in STATEMENTS and len(program.slots) in SLOTS:
            yield program


def measure(parents: list[Program], passes: int) -> list[Row]:
    """A row for everything that is measured, the unit first."""
    names = ("unit", MUTATION, *KEYS, ALL_KEYS, ALONE)
    found: dict[str, list[list[float]]] = {name: [[] for _ in parents] for name in names}
    for turn in range(passes + 1):  # the first warms up what does not belong to a child
        for number, parent in enumerate(parents):
            for name, ms in timed(parent, np.random.default_rng([number, turn])):
                found[name][number].append(ms)
    middle = {
        name: statistics.fmean(statistics.median(times[1:]) for times in each)
        for name, each in found.items()
    }
    return [Row(name, ms, ms / middle["unit"], BARS.get(name)) for name, ms in middle.items()]


def timed(parent: Program, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """The names of what is done with children of a program, and the milliseconds that each took."""
    yield "unit", spent(unit)[1]
    (child, _), ms = spent(lambda: MUTATOR.mutate(parent, rng, "child"))
    yield MUTATION, ms
    keys = {name: spent(lambda key=key: key(child))[1] for name, key in KEYS.items()}
    yield from keys.items()
    yield ALL_KEYS, sum(keys.values())
    other, _ = MUTATOR.mutate(parent, rng, "other")
    yield ALONE, spent(lambda: canonical_hash(other))[1]


def spent(action: Callable[[], T]) -> tuple[T, float]:
    """The result of an action, and the milliseconds of CPU that it takes."""
    start = time.process_time_ns()
    given = action()
    return given, (time.process_time_ns() - start) / 1e6


def unit() -> dict[str, int]:
    """A fixed piece of plain Python: words counted, about as long as all keys of a program."""
    words = [str(number * number % 997) for number in range(1500)]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--passes", type=int, default=5, help="children of each parent")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    chosen = parser.parse_args()
    parents = population()
    rows = measure(parents, chosen.passes)
    if chosen.json:
        facts = {"parents": len(parents), "passes": chosen.passes}
        print(json.dumps({**facts, "rows": [row.facts() for row in rows]}))
    else:
        print(*rows, sep="\n")


if __name__ == "__main__":
    main()
