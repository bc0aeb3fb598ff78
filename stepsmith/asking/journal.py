"""Told losses on disk, a line of JSON each: what a run goes on from after a kill.

A line is written, and on the disk, before `tell` returns. A last line that a kill has cut is left
out, and taken away before the next one. Lines are appended, and only to the text that this journal
has read or written last. A run goes on only with the losses that its ledger has scores of.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import NoReturn

from evaluators.evaluation import Measurement
from evaluators.task import OutsideRuns
from search.errors import LedgerError, NotWritten
from stepsmith.asking.asked import Asked

FILE = "told.jsonl"
"""The name of the file in the folder of its run."""
_END = 4096
"""Bytes at the end of the file that are compared before anything is appended."""

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
        """Bytes of whole lines."""
        self._seen = 0
        """Bytes of the file when it was last read or written."""
        self._text = hashlib.blake2b()
        """Of these bytes."""
        self._end = b""
        """The last of them."""
        self._stamp: tuple[int, int] | None = None
        """Inode and time of change of the file when it was last read or written."""
        if self.path.exists():
            self._read()

    def get(self, runs: OutsideRuns, seed: int) -> tuple[float, ...] | None:
        """The losses of a run; None if it was not told."""
        return self._losses.get((runs.program.digest, runs.task, runs.steps, seed))

    def of_task(self, task: str) -> list[tuple[float, ...]]:
        """The losses of all runs on a task."""
        return [losses for (_, name, _, _), losses in self._losses.items() if name == task]

    def check_holds(self, scored: Iterable[Measurement]) -> None:
        """Raise LedgerError if a loss that the ledger has a score of is not among those told; a
        journal without any is begun anew."""
        told = {
            (task, seed, loss)
            for (_, task, _, seed), losses in self._losses.items()
            for loss in losses
        }
        for each in scored if told else ():
            if each.loss is not None and (each.task, each.seed, each.loss) not in told:
                raise LedgerError(
                    f"{self.path} is not that of this run: its ledger has scored a loss of "
                    f"{each.loss:g} on {each.task} with seed {each.seed}, which the file lacks",
                    help="restore the file, or start another run in another folder",
                )

    def put(self, asked: Asked, losses: Mapping[int, tuple[float, ...]]) -> None:
        """Keep what was told of a rule.

        **Raises:** NotWritten where the disk does not take it; LedgerError where the file is
        another one than before, which is left as it is.
        """
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
            with open(self.path, "a+b") as file:
                self._append(file, text)
        except OSError as error:
            raise NotWritten(f"{self.path} cannot be written: {error.strerror}") from None
        self._whole += len(text)
        for seed, told in losses.items():
            self._losses[digest, asked.task, asked.steps, seed] = told

    def _append(self, file: BufferedRandom, text: bytes) -> None:
        """Write lines at the end; those that the disk takes in part are cut by the next call."""
        self._check_own(file)
        cut = self._seen > self._whole
        try:
            if cut:
                file.truncate(self._whole)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            cut = True
            raise
        finally:
            self._seen, self._stamp = file.seek(0, os.SEEK_END), _stamp(file)
            self._end = _last(file, self._seen)
            if cut:
                file.seek(0)
                self._text = hashlib.file_digest(file, hashlib.blake2b)
            else:
                self._text.update(text)

    def _check_own(self, file: BufferedRandom) -> None:
        """Refuse a file that is not as this journal left it. All of it is read only where somebody
        has touched it since: there is a call for every loss that is told."""
        size = os.fstat(file.fileno()).st_size
        if size != self._seen:
            self._refuse(f"has {size} bytes, of which this study knows {self._seen}")
        same = _last(file, size) == self._end
        if same and _stamp(file) != self._stamp:
            file.seek(0)
            same = hashlib.file_digest(file, hashlib.blake2b).digest() == self._text.digest()
        if not same:
            self._refuse("holds other losses than this study was told")

    def _refuse(self, met: str) -> NoReturn:
        raise LedgerError(
            f"{self.path} {met}: another one has written to it",
            help="close this study; another one in its folder goes on from what the file holds",
        )

    def _read(self) -> None:
        with open(self.path, "rb") as file:
            self._stamp = _stamp(file)
            text = file.read()
        self._seen, self._end = len(text), text[-_END:]
        self._text.update(text)
        for number, line in enumerate(text.splitlines(keepends=True), 1):
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


def _stamp(file: BufferedReader | BufferedRandom) -> tuple[int, int]:
    """The inode of a file and the time of its last change, others once somebody has written it."""
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_mtime_ns


def _last(file: BufferedRandom, size: int) -> bytes:
    """The last bytes of a file of this size."""
    file.seek(max(size - _END, 0))
    return file.read()
