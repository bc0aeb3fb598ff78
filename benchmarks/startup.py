"""CPU time that commands which show text take, beside that of importing JAX.

    python -m benchmarks.startup [--times 9] [--json]

Each command is a process of its own, from its start to its end. The processes take turns, and the
figures are medians over `--times` of each, so a machine that is busy with other work slows all of
them alike: read the ratios to `import jax`, which some have a bar for.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNIT = "import jax"
BARS: dict[str, float | None] = {
    "show lion": 0.6,
    "show lion --as latex": None,
    "simplify adamw": None,
    "zoo": 1.0,
    "primitives": 1.0,
    "tasks": 1.0,
    "suites": None,
    "runs": None,
}
"""The commands, and the largest ratio that each may have."""


@dataclass(frozen=True)
class Row:
    """A process that was measured: median seconds of CPU, their ratio to the unit, the bar."""

    command: str
    seconds: float
    ratio: float
    bar: float | None

    @property
    def holds(self) -> bool | None:
        """True if the ratio is within the bar; None without a bar."""
        return None if self.bar is None else self.ratio <= self.bar

    def __str__(self) -> str:
        verdict = "" if self.bar is None else f"at most {self.bar:.1f}: "
        verdict += {None: "", True: "holds", False: "MISSED"}[self.holds]
        return f"{self.command:<22}{self.seconds:>7.3f} s{self.ratio:>7.2f}  {verdict}".rstrip()

    def facts(self) -> dict[str, object]:
        """The row for JSON."""
        figures = {"seconds": round(self.seconds, 4), "ratio": round(self.ratio, 4)}
        return {"command": self.command, **figures, "bar": self.bar, "holds": self.holds}


def measure(times: int) -> list[Row]:
    """A row for the unit, and one for each command."""
    start = "from stepsmith.cli import main; main()"
    seconds: dict[str, list[float]] = {name: [] for name in (UNIT, *BARS)}
    for _ in range(times + 1):  # the first round fills the caches of the disk and is left out
        seconds[UNIT].append(cpu_seconds(UNIT))
        for command in BARS:
            seconds[command].append(cpu_seconds(start, *command.split()))
    medians = {name: statistics.median(found[1:]) for name, found in seconds.items()}
    return [Row(name, m, m / medians[UNIT], BARS.get(name)) for name, m in medians.items()]


def cpu_seconds(code: str, *args: str) -> float:
    """CPU time of `python -c code args`, user and system; CalledProcessError if it fails."""
    command = [sys.executable, "-c", code, *args]
    # compiled files are kept, as those of an installed package are
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, cwd=ROOT, env=kept, stdout=quiet, stderr=quiet)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=9, help="processes of each command")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    chosen = parser.parse_args()
    rows = measure(chosen.times)
    if chosen.json:
        print(json.dumps({"times": chosen.times, "commands": [row.facts() for row in rows]}))
    else:
        print(*rows, sep="\n")


if __name__ == "__main__":
    main()
