"""Writes `docs/performance.md` and its figure from measurements made now.

    python -m benchmarks.performance_page [--quick] [--keep data.json] [--from data.json]

`--keep` writes every figure down as soon as it is measured, and goes on where such a file ends;
`--from` takes what it holds and measures nothing. What `benchmarks.accelerator` wrote is kept.
"""

import argparse
import json
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accelerator import PAGE, section
from benchmarks.novel_program import Row, UnitW, by_length, measure, ratio, unit_w, wanted

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURE = "performance.svg"


def measured(quick: bool, keep: Path | None) -> dict[str, Any]:
    """Everything the page shows; what `keep` holds is not measured again."""
    data: dict[str, Any] = json.loads(keep.read_text()) if keep and keep.exists() else {}

    def note(name: str, value: Any) -> None:
        data[name] = value
        if keep:
            keep.write_text(json.dumps(data))

    if "made_on" not in data:
        note("made_on", f"{platform.machine()}, {processor()}; {os.cpu_count()} cores, one used")
        note("load", os.getloadavg()[0])
        libraries = {name: version(name) for name in ("jax", "jaxlib", "optax", "numpy")}
        note("versions", libraries | {"Python": platform.python_version()})
    if "unit_w" not in data:
        note("unit_w", unit_w(8 if quick else 60)._asdict())
    if "by_length" not in data:
        note("by_length", by_length(3 if quick else 7))
    known = {(row["task"], row["rule"], row["steps"]) for row in data.get("rows", [])}
    for each in wanted(quick):
        if (each.task.name, each.rule, each.steps) not in known:
            note("rows", [*data.get("rows", []), measure(*each, compiling=1)._asdict()])
    return data


def processor() -> str:
    """The processor by name, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")


def page(data: dict[str, Any]) -> Iterator[str]:
    """The lines of the page."""
    found = [Row(**row) for row in data["rows"]]
    speed = UnitW(**data["unit_w"])
    small = [row for row in found if row.params <= 20_000]
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    yield from (
        "# What a program costs",
        "",
        "Written by `python -m benchmarks.performance_page`, the last section by",
        "`python -m benchmarks.accelerator --write`; do not edit.",
        "",
        f"Measured on {data['made_on']} (load average {data['load']:.1f}); {versions}.",
        "Times are CPU time, the smallest of several repeats. *Novel* is a program never seen",
        "before, from what mutation made to its losses, one seed and one rate. *Compiled* is",
        "the same rule in hand-written Optax, its loop already compiled. *Compile and run*",
        "compiles the whole loop for the program; *update compiled* only its update rule. The",
        "last two are how many",
        "times as much as novel they cost.",
        "",
        "| task | rule | parameters | steps | engine | novel, ms | / compiled "
        "| compile and run | update compiled |",
        "|---|---|---:|---:|---|---:|---:|---:|---:|",
    )
    for row in found:
        more = [cost / row.novel_s for cost in (row.compile_and_run_s, row.update_compiled_s)]
        yield (
            f"| {row.task} | {row.rule} | {row.params:,} | {row.steps:,} | {row.engine} "
            f"| {1e3 * row.novel_s:.1f} | {row.novel_s / row.compiled_s:.2f} "
            f"| {more[0]:.0f}x | {more[1]:.0f}x |"
        )
    yield from (
        "",
        f"Up to 20,000 parameters a new program costs {ratio(small):.2f} times compiled Optax in",
        "the median.",
        "",
        f"![Time of a program against parameters and statements]({FIGURE})",
        "",
        "## Against the number of statements",
        "",
        "The digits model (2,410 parameters), 200 steps, 8 lanes (4 rates, 2 seeds); `x * w` and",
        "`tanh(x)` in a chain.",
        "",
        "| statements | products, ms | tanh, ms |",
        "|---:|---:|---:|",
    )
    for count, product, tanh in data["by_length"]:
        yield f"| {count} | {1e3 * product:.1f} | {1e3 * tanh:.1f} |"
    yield from (
        "",
        "## A search's ordinary work",
        "",
        "200 steps of the digits model, 4 rates and 2 seeds, from a pickled program to its",
        "losses, one core:",
        f"{speed.bred:.1f} programs per second of such as mutation breeds",
        f"({speed.instructions:.1f} instructions on average), and {speed.live:.1f} of programs",
        "whose 20 statements all matter and that train to the end.",
        "",
    )


def draw(data: dict[str, Any], to: Path) -> None:
    """The figure: time against parameters for each way, and against statements."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "stepsmith"
    import matplotlib.pyplot as plt

    found = [Row(**row) for row in data["rows"]]
    family = [r for r in found if r.task.startswith("digits,") and r.steps == 300]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, label in (
        ("compiled_s", "Optax, compiled before"),
        ("machine_s", "machine"),
        ("novel_s", "as the trainer chooses"),
        ("update_compiled_s", "update compiled"),
        ("compile_and_run_s", "compile and run"),
    ):
        style = {"linestyle": "--", "color": "black"} if name == "novel_s" else {"marker": "o"}
        left.loglog(
            [r.params for r in family],
            [getattr(r, name) for r in family],
            **style,
            label=label,
            markersize=3,
        )
    left.set(xlabel="parameters", ylabel="seconds, 300 steps")
    left.legend(fontsize=7, frameon=False)
    counts, products, tanhs = zip(*data["by_length"], strict=True)
    right.plot(counts, [1e3 * t for t in products], marker="o", markersize=3, label="x * w")
    right.plot(counts, [1e3 * t for t in tanhs], marker="o", markersize=3, label="tanh(x)")
    right.set(xlabel="statements", ylabel="ms, 200 steps in 8 lanes", ylim=(0, None))
    right.legend(fontsize=7, frameon=False)
    figure.savefig(to, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small models, few repeats")
    parser.add_argument("--from", dest="given", type=Path, help="data instead of measuring")
    parser.add_argument("--keep", type=Path, help="write the data here, and go on from it")
    chosen = parser.parse_args()
    given = json.loads(chosen.given.read_text()) if chosen.given else None
    data = given or measured(chosen.quick, chosen.keep)
    DOCS.mkdir(exist_ok=True)
    kept = section(PAGE.read_text() if PAGE.exists() else "")
    PAGE.write_text("\n".join([*page(data), kept]))
    draw(data, DOCS / FIGURE)


if __name__ == "__main__":
    main()
