"""Writes `docs/export_speed.md` from figures that `benchmarks.export` kept.

python -m benchmarks.export --threads 1 --keep figures.jsonl
python -m benchmarks.export_page figures.jsonl
"""

import argparse
import json
import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.export import rivals
from benchmarks.performance_page import DOCS, processor

PAGE = DOCS / "export_speed.md"
LIBRARIES = ("torch", "pytorch-optimizer", "jax", "optax")
HOSTS = {"torch": "PyTorch", "optax": "Optax"}


def page(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines of the page."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield from (
        "# What a step of an exported optimizer costs",
        "",
        "Written by `python -m benchmarks.export_page` from figures of `benchmarks.export`; do not",
        "edit.",
        "",
        f"Measured on {platform.machine()}, {processor()}; {os.cpu_count()} cores, shared with",
        f"other work; {versions}.",
        "Optimizers take a step in turn, in one process, and the medians of their steps are",
        "compared: the exported one beside the fastest of the host's own and, in PyTorch, that of",
        "pytorch_optimizer, with `foreach` and without. Ratios are what counts, since times on",
        "shared cores vary. Memory is what a step holds at once beyond what it held before.",
    )
    for host, title in HOSTS.items():
        for threads in (1, 0):
            some = [row for row in rows if (row["host"], row["threads"]) == (host, threads)]
            if some:
                at = "one thread" if threads == 1 else "all threads"
                yield from ("", f"## {title}, {at}", "", *table(some, host == "torch"))


def table(rows: Sequence[dict[str, Any]], memory: bool) -> Iterator[str]:
    """The table of a host; later rows take the place of earlier ones."""
    heads = ["rule", "tensors", "exported, ms", "fastest other, ms", "ratio"]
    heads += ["exported, MiB", "that other, MiB"] if memory else []
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---|{'---:|---|' + '---:|' * (len(heads) - 4)}"
    newest = {(row["rule"], row["shapes"]): row for row in rows}
    for (rule, shapes), row in sorted(newest.items()):
        medians, peaks = row["medians"], row["peaks"]
        for name in (name for name in medians if name.startswith("exported")):
            others = rivals(name, medians)
            if not others:
                continue
            best = min(others, key=others.__getitem__)
            kind = name.removeprefix("exported")
            count, size = shapes.split("x")
            cells = [f"{rule}{kind}", f"{int(count):,} of {int(size):,}", f"{medians[name]:.1f}"]
            cells += [f"{others[best]:.1f} ({best.removesuffix(kind)})"]
            cells += [f"{medians[name] / others[best]:.2f}"]
            cells += [f"{peaks[name]:.2f}", f"{peaks[best]:.2f}"] if memory else []
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("figures", type=Path, help="what `benchmarks.export --keep` wrote")
    lines = parser.parse_args().figures.read_text().splitlines()
    PAGE.write_text("\n".join(page([*map(json.loads, lines)])) + "\n")


if __name__ == "__main__":
    main()
