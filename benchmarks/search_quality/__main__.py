"""Runs what is left of the exam, and prints the report of what is there."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from evaluators.training.environment import prepare_process

prepare_process()

from benchmarks.search_quality import report  # noqa: E402
from benchmarks.search_quality.facts import Facts, facts_of  # noqa: E402
from benchmarks.search_quality.page import PAGE, page  # noqa: E402
from benchmarks.search_quality.pieces import FULL, Piece, pieces  # noqa: E402
from benchmarks.search_quality.planted import planted  # noqa: E402
from benchmarks.search_quality.results import (  # noqa: E402
    RESULTS,
    Result,
    commit,
    store,
    stored,
)
from benchmarks.search_quality.zoo import best_of_zoo  # noqa: E402
from evaluators.files.result_cache import default_folder  # noqa: E402
from search.config import Config  # noqa: E402
from search.run import run_campaign  # noqa: E402


def run(piece: Piece, known: Mapping[str, Result], options: argparse.Namespace) -> Result:
    """Run, or resume, one campaign. The zoo is measured beside the default at full size."""
    steps = known[piece.equals].facts.steps if piece.equals else None
    values = {**piece.config(steps, options.scale), "workers": options.workers}
    folder = options.folder / piece.name
    if piece.hides:
        with planted(piece.hides) as problems:
            config = Config.model_validate({**values, "workers": 0})
            run_campaign(config, folder, problems=problems)
            return Result(_facts(folder), (), commit())
    config = Config.model_validate(values)
    run_campaign(config, folder, cache_folder=default_folder("starts"))
    zoo = best_of_zoo(config, folder) if piece.arm == FULL else ()
    return Result(_facts(folder), zoo, commit())


def _facts(folder: Path) -> Facts:
    found = facts_of(folder)
    assert found is not None, "a campaign that has just been run is complete"
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_quality")
    parser.add_argument("--folder", type=Path, default=Path("runs/search_quality"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--only", default="", metavar="PREFIX[,PREFIX...]")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", action="store_true", help="run nothing, write docs/search.md")
    options = parser.parse_args()
    if options.scale != 1 and options.results == RESULTS:
        parser.error("a smaller exam wants a folder of its own: name --results DIR")
    known = stored(options.results)
    for piece in pieces():
        if options.plan:
            print(f"{'done' if piece.name in known else 'to do':<6} {piece.name}")
        elif (
            not options.page
            and piece.name not in known
            and piece.name.startswith(tuple(options.only.split(",")))
            and (piece.equals is None or piece.equals in known)
        ):
            store(options.results, piece.name, run(piece, known, options))
            known = stored(options.results)
    if options.plan:
        return
    made = report.of(known)
    if options.page:
        PAGE.write_text(page(made, known), encoding="utf-8")
    print(json.dumps(made.to_json(), indent=2) if options.json else made)


if __name__ == "__main__":
    main()
