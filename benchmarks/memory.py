"""The memory of a worker over many programs: resident set size against programs evaluated.

    python -m benchmarks.memory [--programs 20000] [--json]

One process trains with programs that it has never seen, bred as in a search, on the smallest task
for a few steps, a few of them in the compiled engine. Flat means that what is kept (encodings,
compiled loops, feeds) is bounded: what the last half adds is noise.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from evaluators.training.environment import prepare_process

prepare_process()

import jax  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.population import mutator  # noqa: E402
from dsl import canonical, parse  # noqa: E402
from dsl.language.registry import searchable  # noqa: E402
from dsl.program import Program  # noqa: E402
from dsl.zoo import ZOO  # noqa: E402
from evaluators.registry import get  # noqa: E402
from evaluators.training.batches import TrainingRequest  # noqa: E402
from evaluators.training.trainer import Trainer  # noqa: E402

COMPILED_EVERY = 500
"""The compiled engine runs one program in this many."""


def drifting(seed: int) -> Iterator[Program]:
    """An endless walk of mutations, every program new."""
    rng, drift = np.random.default_rng(seed), mutator(30)
    while True:
        program = ZOO["adamw"]
        for _ in range(50):
            program, _ = drift.mutate(program, rng, "adamw")
            yield program


def resident() -> float:
    """Megabytes of this process in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def measure(programs: int) -> Iterator[tuple[int, float, int]]:
    """(programs so far, megabytes, live arrays) at twenty points."""
    trainer = Trainer(get("quadratic"), 10, searchable(), programs=8)
    source = drifting(0)
    for at in range(0, programs, 8):
        texts = [str(next(source)) for _ in range(8)]
        trainer.run_batch(
            [TrainingRequest(canonical(parse(text)), [at % 64, at % 64 + 1]) for text in texts]
        )
        if at % COMPILED_EVERY < 8:
            rule = own_loop(at)
            trainer.run(rule, [0, 1])
        if at % max(programs // 20, 8) < 8:
            yield at + 8, resident(), len(jax.live_arrays())


def own_loop(number: int) -> Program:
    """A program that only the compiled engine runs, of a structure that is new each time."""
    chain = "g"
    for bit in f"{number:b}":
        chain = f"{'tanh' if bit == '1' else 'sign'}({chain})"
    return parse(f"def rule(w, g, *, lr=1e-3):\n    return lr * (clipped_grad(1) + {chain})")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    chosen = parser.parse_args()
    points = []
    for point in measure(chosen.programs):
        points.append(point)
        if not chosen.json:
            print("{:>7} programs {:>8.1f} MB {:>6} live arrays".format(*point), flush=True)
    if chosen.json:
        print(json.dumps({"programs": [list(point) for point in points]}))


if __name__ == "__main__":
    main()
