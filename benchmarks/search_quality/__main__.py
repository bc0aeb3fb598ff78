"""Runs what is left of the exam, and prints the report of what is there."""

import argparse
import json
from pathlib import Path
from statistics import median

from evaluators.training.environment import prepare_process

prepare_process()

from benchmarks.search_quality import report  # noqa: E402
from benchmarks.search_quality.facts import Facts, facts_of  # noqa: E402
from benchmarks.search_quality.page import PAGE, page  # noqa: E402
from benchmarks.search_quality.pieces import FULL, SEEDS, Piece, pieces  # noqa: E402
from benchmarks.search_quality.zoo import best_of_zoo  # noqa: E402
from evaluators.files.result_cache import default_folder  # noqa: E402
from search.config import Config  # noqa: E402
from search.run import run_campaign  # noqa: E402


def run(piece: Piece, folder: Path, steps: int | None, scale: float, workers: int) -> None:
    """Run, or resume, one campaign; a run at full size measures the rules of the zoo besides."""
    config = Config.model_validate({**piece.config(steps, scale), "workers": workers})
    run_campaign(config, folder, cache_folder=default_folder("starts"))
    if piece.arm == FULL:
        best_of_zoo(config, folder)


def known(folder: Path) -> dict[str, Facts]:
    """The figures of the campaigns that are complete, by name."""
    found = {piece.name: facts_of(folder / piece.name) for piece in pieces()}
    return {name: facts for name, facts in found.items() if facts is not None}


def full_steps(found: dict[str, Facts]) -> int | None:
    """The training steps of the default at full size, their median; None before all are there."""
    steps = [found[name].steps for seed in SEEDS if (name := f"{FULL}-{seed}") in found]
    return int(median(steps)) if len(steps) == len(SEEDS) else None


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_quality")
    parser.add_argument("--folder", type=Path, default=Path("runs/search_quality"))
    parser.add_argument("--only", default="", metavar="PREFIX")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", action="store_true", help="run nothing, write docs/search.md")
    options = parser.parse_args()
    found = known(options.folder)
    for piece in pieces():
        if options.plan:
            print(f"{'done' if piece.name in found else 'to do':<6} {piece.name}")
        elif not options.page and piece.name.startswith(options.only) and piece.name not in found:
            steps = full_steps(found)
            if piece.equal_steps and steps is None:
                continue
            run(piece, options.folder / piece.name, steps, options.scale, options.workers)
            found = known(options.folder)
    if options.plan:
        return
    made = report.of(found, options.folder)
    if options.page:
        PAGE.write_text(page(made, found, options.folder), encoding="utf-8")
    print(json.dumps(made.to_json(), indent=2) if options.json else made)


if __name__ == "__main__":
    main()
