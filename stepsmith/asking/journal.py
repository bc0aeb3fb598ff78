"""Told losses on disk, a line of JSON each: what a run goes on from after a kill.

A line is written, and on the disk, before `tell` returns. A last line that a kill has cut is left
out, and overwritten by the next one.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from evaluators.task import OutsideRuns
from search.errors import LedgerError, NotWritten
from stepsmith.asking.asked import Asked

FILE = "told.jsonl"
"""The name of the file in the folder of its run."""

Key = tuple[str, str, int, int]
"""The digest of a program with its rate, the task, steps and seed."""


class Journal:
    """The told losses of one run.

    **Raises:** LedgerError for a file that is none.
    """

    def __init__(self, folder: Path):
        self.path = folder / FILE
        self._losses: dict[Key, tuple[float, ...]] = {}
        self._whole = 0
        if self.path.exists():
            self._read()

    def get(self, runs: OutsideRuns, seed: int) -> tuple[float, ...] | None:
        """The losses of a run; None if it was not told."""
        return self._losses.get((runs.program.digest, runs.task, runs.steps, seed))

    def put(self, asked: Asked, losses: Mapping[int, tuple[float, ...]]) -> None:
        """Keep what was told of a rule; NotWritten where the disk does not take it."""
        digest, rate = asked.program.digest, asked.rate
        lines = [
            json.dumps(
                {
                    "rule": digest,
                    "task": asked.task,
                    "steps": asked.steps,
                    "seed": seed,
                    "rate": rate,
                    "losses": [None if math.isnan(loss) else loss for loss in told],
                }
            )
            for seed, told in losses.items()
        ]
        text = "".join(f"{line}\n" for line in lines).encode()
        try:
            with open(self.path, "r+b" if self.path.exists() else "w+b") as file:
                file.seek(self._whole)
                file.write(text)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotWritten(f"{self.path} cannot be written: {error.strerror}") from None
        self._whole += len(text)
        for seed, told in losses.items():
            self._losses[digest, asked.task, asked.steps, seed] = told

    def _read(self) -> None:
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), 1):
            if not line.endswith(b"\n"):
                return
            try:
                found = json.loads(line)
                key = (found["rule"], found["task"], found["steps"], found["seed"])
                losses = [math.nan if loss is None else float(loss) for loss in found["losses"]]
            except (ValueError, KeyError, TypeError):
                raise LedgerError(
                    f"{self.path}, line {number}: not the losses of a run",
                    help="restore it, or start another run with another folder",
                ) from None
            self._losses[key] = tuple(losses)
            self._whole += len(line)
