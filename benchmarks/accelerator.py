"""Programs per second on an accelerator against their number side by side and against a CPU core.

    python -m benchmarks.accelerator [--json] [--write] [--most 1024] [--seconds 280]

Wherever JAX sees an accelerator: how many programs per second the batched mode of the trainer does
with 1 to 1,024 of them side by side, how many one core of this machine does in turn, and whether
both modes give the same losses in float32. Without an accelerator it says so and compares the modes
on the CPU. `--write` puts what an accelerator gave into docs/performance.md.

The work is done by `benchmarks.side_by_side` in processes of their own, which are ended when
`--seconds` are over; what they found by then is reported. The exit status is 1 if the modes do not
agree.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators.training.environment import worker_environment

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
HEADING = "## On an accelerator"
"""The section of the page that is written here; the last one."""

CORE_SECONDS = 60.0
"""Kept for the core, of the whole time."""


def figures(command: Sequence[str], env: Mapping[str, str], seconds: float) -> Iterator[dict]:
    """The lines that a process prints, JSON each; a last one says how it ended if it did not end
    well: `{"missing": why}`."""
    child = subprocess.Popen(command, cwd=ROOT, env=dict(env), stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str | None] = queue.Queue()
    stdout = child.stdout
    assert stdout is not None

    def read() -> None:
        for line in stdout:
            lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    deadline = time.monotonic() + seconds
    try:
        while (line := lines.get(timeout=max(deadline - time.monotonic(), 0.01))) is not None:
            yield json.loads(line)
    except queue.Empty:
        yield {"missing": f"what was not done after {seconds:.0f} s"}
    finally:
        on_time = child.poll() is not None or time.monotonic() < deadline
        if not on_time:
            child.kill()
        status = child.wait()
        reader.join()
        stdout.close()
    if status and on_time:
        yield {"missing": f"what was left when the process ended with status {status}"}


def environment(current: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Variables for the device that JAX would choose, and for one core."""
    chosen = {**current, **worker_environment(current)}
    core = {**chosen, "JAX_PLATFORMS": "cpu"}
    if "JAX_PLATFORMS" not in current:
        del chosen["JAX_PLATFORMS"]
    chosen.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "float32")
    for each in (chosen, core):
        del each["JAX_COMPILATION_CACHE_DIR"]  # a first call is measured
    return chosen, core


def measured(most: int, seconds: float, compared: int) -> dict[str, Any]:
    """All figures: `device`, `agreement`, `rows`, `core`, and what is `missing`."""
    start = time.monotonic()
    device_env, core_env = environment(os.environ)
    found: dict[str, Any] = {"rows": [], "missing": []}
    command = [sys.executable, "-m", "benchmarks.side_by_side"]
    budget = seconds - CORE_SECONDS
    options = ["--most", str(most), "--seconds", str(budget), "--compared", str(compared)]
    for figure in figures([*command, *options], device_env, budget):
        _enter(found, figure)
    if on_accelerator(found):
        left = seconds - (time.monotonic() - start)
        for figure in figures([*command, "--core"], core_env, left):
            _enter(found, figure)
    return found | {"seconds": round(time.monotonic() - start, 1)}


def _enter(found: dict[str, Any], figure: dict[str, Any]) -> None:
    for name, value in figure.items():
        if name == "row":
            found["rows"].append(value)
        elif name == "missing":
            found["missing"].append(value)
        else:
            found[name] = value


def on_accelerator(found: dict[str, Any]) -> bool:
    """True if the figures were taken on something else than a CPU."""
    return found.get("device", {"platform": "cpu"})["platform"] != "cpu"


def report(found: dict[str, Any]) -> Iterator[str]:
    """The figures in lines of Markdown."""
    device, agreement = found.get("device"), found.get("agreement")
    if device is None:
        yield "JAX did not start."
    elif not on_accelerator(found):
        yield "JAX sees no accelerator here; the modes are compared on the CPU, and nothing else is"
        yield "measured."
    else:
        yield f"Measured on {device['name']}, jax {device['jax']}."
    if agreement is not None:
        yield ""
        yield from _agreement(agreement)
    if found["rows"]:
        core = found.get("core", {}).get("programs_per_second")
        yield ""
        yield "| programs side by side | programs per second | / one core | seconds a call |"
        yield "|---:|---:|---:|---:|"
        for row in found["rows"]:
            rate = row["programs_per_second"]
            ratio = "" if core is None else f"{rate / core:.2f}"
            yield f"| {row['side_by_side']:,} | {rate:.1f} | {ratio} | {row['call_seconds']:.2f} |"
        if core is not None:
            yield ""
            yield f"One core of that machine, in turn: {core:.1f} programs per second."
    for why in found["missing"]:
        yield ""
        yield f"Missing: {why}."


def _agreement(agreement: dict[str, Any]) -> Iterator[str]:
    verdict = "The modes agree" if agreement["holds"] else "THE MODES DO NOT AGREE"
    yield f"{verdict}: over {agreement['runs']} runs of {agreement['programs']} programs, of"
    yield f"{agreement['steps']} steps each, losses in float32 differ by {agreement['largest']:.1e}"
    yield f"at most (bound {agreement['bound']:.0e}; median {agreement['median']:.1e}) and"
    yield f"{agreement['outcomes_differ']} outcomes do; {agreement['wild']} more runs blow up and"
    yield "are not compared."


NONE_YET = """\
There are no figures from an accelerator yet. On a machine that has one:

    pip install -c constraints.txt -e . "jax[cuda12]"
    python -m benchmarks.accelerator --write

That takes less than five minutes and puts the figures here: programs per second of the batched mode
with 1 to 1,024 programs side by side, the same on one core, and whether both modes give the same
losses. `jax[cuda12]` is for NVIDIA; the version of JAX has to be that of `constraints.txt`.
"""


def section(text: str) -> str:
    """The section of the page that `text` has, or the one that says that there are no figures."""
    _, heading, rest = text.partition(HEADING)
    return heading + rest if heading else f"{HEADING}\n\n{NONE_YET}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    parser.add_argument("--write", action="store_true", help="put figures into docs/performance.md")
    parser.add_argument("--most", type=int, default=1024, help="programs side by side")
    parser.add_argument("--seconds", type=float, default=280.0, help="time for everything")
    parser.add_argument("--compared", type=int, default=16, help="programs that are compared")
    chosen = parser.parse_args()
    found = measured(chosen.most, chosen.seconds, chosen.compared)
    lines = "\n".join(report(found))
    print(json.dumps(found) if chosen.json else lines)
    if chosen.write and found["rows"]:
        page = PAGE.read_text().partition(HEADING)[0].rstrip()
        PAGE.write_text(f"{page}\n\n{HEADING}\n\n{lines}\n")
    sys.exit(0 if found.get("agreement", {}).get("holds") else 1)


if __name__ == "__main__":
    main()
