"""What runs jobs: the interface of pools, and the one that needs no other process.

Jobs that lose their worker are tried once more by a fresh one, each alone; one that loses that too
comes back as lost. Jobs are started in the order in which they are submitted, several together
where they fit; what comes of a job does not depend on its company.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from search.candidates.verdict import Lost
from search.pool.jobs import Answer, Job, Worker

ATTEMPTS = 2
"""How often a job is tried that loses its worker."""


@dataclass(frozen=True)
class Done:
    """A finished job: its answer, or how its workers were lost."""

    number: int
    answer: Answer | None
    lost: Lost | None = None
    note: str = ""


class Pool(Protocol):
    """Runs jobs; `retries` counts the ones that had to be tried again."""

    retries: int

    @property
    def compilations(self) -> int:
        """Machines compiled by all workers of the pool."""
        ...

    def submit(self, number: int, job: Job, patience: float = 1.0) -> None:
        """Queue a job that may take `patience` times as long as a candidate."""
        ...

    def collect(self) -> list[Done]:
        """Jobs finished since the last call; waits about a second for the first one."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


@dataclass(frozen=True)
class Task:
    """A job in a queue; one that lost a worker is tried again, and then alone."""

    number: int
    job: Job
    patience: float = 1.0
    attempt: int = 1


def next_batch(queue: deque[Task], size: int) -> list[Task]:
    """The jobs to be done together, first come first served."""
    batch = [queue.popleft()]
    while queue and len(batch) < size and batch[0].attempt == queue[0].attempt == 1:
        batch.append(queue.popleft())
    return batch


class SerialPool:
    """Runs jobs in this process, a batch at each `collect`."""

    def __init__(self, make_worker: Callable[[], Worker] = Worker, batch: int = 1):
        self.retries = 0
        self._worker = make_worker()
        self._batch = batch
        self._queue: deque[Task] = deque()
        self._compilations = 0

    @property
    def compilations(self) -> int:
        return self._compilations

    def submit(self, number: int, job: Job, patience: float = 1.0) -> None:
        self._queue.append(Task(number, job, patience))

    def collect(self) -> list[Done]:
        if not self._queue:
            return []
        tasks = next_batch(self._queue, self._batch)
        try:
            answers = self._worker.run([task.job for task in tasks])
        except Exception as error:
            if tasks[0].attempt >= ATTEMPTS:
                return [Done(tasks[0].number, None, Lost.RAISED, note_of(error))]
            self.retries += len(tasks)
            again = [replace(task, attempt=task.attempt + 1) for task in tasks]
            self._queue.extendleft(reversed(again))
            return []
        self._compilations = answers[-1].compilations
        return [Done(task.number, answer) for task, answer in zip(tasks, answers, strict=True)]

    def close(self) -> None:
        self._queue.clear()


def note_of(error: BaseException) -> str:
    """An error in a line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:200]
