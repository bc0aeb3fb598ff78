"""Pools of workers: jobs done by this process, or by several at once.

A job is plain data and says by its type what comes of it. A worker does jobs in one process; a pool
hands jobs to its workers in the order in which they are submitted, some of them together where the
worker gains by it. The result of a job does not depend on its company. A job that loses its worker
is tried once more, alone; if it loses that one too, it has failed.

`SerialPool` works in this process; `search.pool.ray_pool` holds the pool of several.
"""

import enum
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from dsl.errors import PluginError
from dsl.plugins import blamed

ATTEMPTS = 2
"""Times that a job is tried which loses its worker."""

ValueT = TypeVar("ValueT", covariant=True)
JobT = TypeVar("JobT", bound="Job[Any]", contravariant=True)


class Codec(NamedTuple):
    """The value of a job as plain data, and back."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


class Job(Generic[ValueT]):
    """Work that comes to a value of type `ValueT`; plain data that can be sent to a process."""

    alone: ClassVar[bool] = False
    """True for jobs that are not done together with others."""
    codec: ClassVar[Codec | None] = None
    """The way in which its value may be kept for another process; None if it is not."""


class Worker(Protocol[JobT]):
    """Does jobs in one process."""

    @property
    def compilations(self) -> int:
        """Training loops compiled so far."""
        ...

    def run(self, jobs: Sequence[JobT]) -> Sequence[Any]:
        """The value of each job, in their order."""
        ...


class WorkerFailure(enum.StrEnum):
    """The reason why nothing came of a job, twice; `sentence` says it in words."""

    DIED = "worker_died"
    HUNG = "worker_hung"
    RAISED = "worker_raised"

    @property
    def sentence(self) -> str:
        """The failure in words, of which "it" is the job."""
        return {
            WorkerFailure.DIED: "its worker died, and so did the one that tried again",
            WorkerFailure.HUNG: "its worker did not answer in time, and neither did the next",
            WorkerFailure.RAISED: "the evaluation raised an error, and again when it was repeated",
        }[self]


@dataclass(frozen=True)
class Done(Generic[ValueT]):
    """A job that is done. `seconds` is its time on the worker; of jobs done together, the mean."""

    number: int
    value: ValueT
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A job that failed: why, and a line for people. `error` is what it raised in this process, or
    anywhere if a plug-in is to blame."""

    number: int
    failure: WorkerFailure
    note: str
    error: Exception | None = None


class Pool(Protocol[JobT]):
    """Does jobs; `workers` is how many at once, `retries` counts those tried again."""

    workers: int

    @property
    def retries(self) -> int:
        """Jobs that had to be tried again so far."""
        ...

    @property
    def compilations(self) -> int:
        """Training loops compiled by all workers so far."""
        ...

    def submit(self, number: int, job: JobT, time_limit: float) -> None:
        """Queue a job under a number of its own. A worker that needs more than `time_limit`
        seconds counts as hung, where there is another process to tell."""
        ...

    def collect(self) -> Sequence[Done[Any] | Failed]:
        """Jobs finished since the last call; waits about a second for the first one."""
        ...

    def close(self) -> None:
        """End the workers."""
        ...


def run_all(
    pool: Pool[Any],
    jobs: Sequence[Job[ValueT]],
    time_limit: float,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Done[ValueT] | Failed]:
    """Run jobs to the last and return the outcome of each, in their order; the pool is idle
    before.

    **Arguments:** `time_limit`: seconds for each job; `progress`: told how many are finished.
    """
    for number, job in enumerate(jobs):
        pool.submit(number, job, time_limit)
    finished: dict[int, Done[ValueT] | Failed] = {}
    while len(finished) < len(jobs):
        progress(len(finished))
        finished.update((each.number, each) for each in pool.collect())
    return [finished[number] for number in range(len(jobs))]


@dataclass(frozen=True)
class Queued:
    """A job that waits for a worker, or has one."""

    number: int
    job: Any
    time_limit: float
    attempt: int = 1
    moves: int = 0
    """Times that it was put back through no fault of its own."""


class JobQueue:
    """The jobs that wait, first come first served, and the rule of who is tried again."""

    def __init__(self) -> None:
        self.retries = 0
        self._waiting: deque[Queued] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, number: int, job: Any, time_limit: float) -> None:
        """Let a job wait at the end."""
        self._waiting.append(Queued(number, job, time_limit))

    def take(self, size: int) -> list[Queued]:
        """The jobs to be done next, up to `size` together; one that is tried again is alone."""
        batch = [self._waiting.popleft()]
        while self._waiting and len(batch) < size and self._fits(batch):
            batch.append(self._waiting.popleft())
        return batch

    def _fits(self, batch: Sequence[Queued]) -> bool:
        first, following = batch[0], self._waiting[0]
        alone = any(isinstance(e.job, Job) and e.job.alone for e in (first, following))
        return not alone and first.attempt == following.attempt == 1

    def lost(
        self,
        batch: Sequence[Queued],
        failure: WorkerFailure,
        note: str,
        error: Exception | None = None,
    ) -> list[Failed]:
        """Put jobs that lost their worker first in line; those that had their last attempt have
        failed."""
        if batch[0].attempt >= ATTEMPTS:
            return [Failed(each.number, failure, note, error) for each in batch]
        self.retries += len(batch)
        again = [replace(each, attempt=each.attempt + 1) for each in batch]
        self._waiting.extendleft(reversed(again))
        return []

    def put_back(self, batch: Sequence[Queued]) -> None:
        """Put jobs first in line that lost their worker through no fault of theirs; they keep their
        attempts."""
        self.retries += len(batch)
        again = [replace(each, moves=each.moves + 1) for each in batch]
        self._waiting.extendleft(reversed(again))

    def clear(self) -> None:
        """Forget all that wait."""
        self._waiting.clear()


class SerialPool(Generic[JobT]):
    """Does jobs in this process, up to `batch` of them at each `collect`; no time limit holds."""

    workers = 1

    def __init__(self, worker: Worker[JobT], batch: int = 1):
        self._worker = worker
        self._batch = batch
        self._queue = JobQueue()

    @property
    def retries(self) -> int:
        return self._queue.retries

    @property
    def compilations(self) -> int:
        return self._worker.compilations

    def submit(self, number: int, job: JobT, time_limit: float = math.inf) -> None:
        self._queue.put(number, job, time_limit)

    def collect(self) -> list[Done[Any] | Failed]:
        if not self._queue:
            return []
        batch = self._queue.take(self._batch)
        start = time.perf_counter()
        try:
            values = run_blaming(self._worker, [each.job for each in batch])
        except Exception as error:
            return [*self._queue.lost(batch, WorkerFailure.RAISED, note_of(error), error)]
        seconds = (time.perf_counter() - start) / len(batch)
        pairs = zip(batch, values, strict=True)
        return [Done(each.number, value, seconds) for each, value in pairs]

    def close(self) -> None:
        self._queue.clear()


def run_blaming(worker: Worker[Any], jobs: Sequence[Any]) -> Sequence[Any]:
    """The values of jobs; PluginFails for what the code of a plug-in raises."""
    try:
        return worker.run(jobs)
    except Exception as error:
        fault = blamed(error)
        if fault is None:
            raise
        raise fault from error


def note_of(error: BaseException) -> str:
    """An error in a line; that of a plug-in speaks for itself."""
    if isinstance(error, PluginError):
        return error.message.splitlines()[0]
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:200]
