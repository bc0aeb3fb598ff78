"""The figures of finished pieces: a small file a piece, kept with the code.

The runs themselves are large and stay where they were made. A piece whose result is here is not run
again, on any machine.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.search_quality.facts import Facts
from benchmarks.search_quality.pieces import ROOT, pieces
from evaluators.files.replace_file import replace_file

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Known:
    """A rule of the zoo, tuned and measured as finalists are: its scores on `search` and on
    meta-validation, None where it was not measured there."""

    rule: str
    score: float
    unseen: float | None


@dataclass(frozen=True)
class Result:
    """A finished piece: its figures, the best rules of the zoo beside it, best first, where they
    were measured, and the commit of the code that ran it; `unlike` says in what it was another
    campaign than it would be now, for a piece that is to be run again."""

    facts: Facts
    zoo: tuple[Known, ...]
    commit: str
    unlike: str = ""

    @property
    def best_known(self) -> float | None:
        """The best score of a rule of the zoo on `search`."""
        return max((each.score for each in self.zoo), default=None)

    @property
    def best_known_unseen(self) -> float | None:
        """The best score of a rule of the zoo on meta-validation."""
        return max((each.unseen for each in self.zoo if each.unseen is not None), default=None)


def store(folder: Path, name: str, result: Result) -> None:
    """Keep the result of a piece."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / f"{name}.json", json.dumps(_plain(result), indent=2) + "\n")


def stored(folder: Path) -> dict[str, Result]:
    """The results that are there, by piece, in the order of pieces."""
    found = {piece.name: folder / f"{piece.name}.json" for piece in pieces()}
    return {name: _read(path) for name, path in found.items() if path.exists()}


def commit() -> str:
    """The commit of this code, with a `+` if files differ from it; empty where git does not say."""
    told = [_git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain", "-uno")]
    return "" if None in told else f"{told[0]}{'+' if told[1] else ''}"


def _git(*words: str) -> str | None:
    try:
        run = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
    except OSError:
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def _plain(result: Result) -> dict[str, Any]:
    zoo = [asdict(each) for each in result.zoo]
    told = {"commit": result.commit, "facts": result.facts.to_json(), "zoo": zoo}
    return told | ({"unlike": result.unlike} if result.unlike else {})


def _read(path: Path) -> Result:
    values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    zoo = tuple(Known(**each) for each in values["zoo"])
    facts, unlike = Facts.from_json(values["facts"]), values.get("unlike", "")
    return Result(facts, zoo, values["commit"], unlike)
