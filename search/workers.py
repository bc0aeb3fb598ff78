"""Serial and Ray pools behind one interface; the only file that imports Ray.

Jobs that lose their worker are tried once more by a fresh one, each alone; one that loses that too
comes back as lost. Jobs are started in the order in which they are submitted, several together
where they fit; what comes of a job does not depend on its company.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from search.environment import prepare_process, settle, worker_environment
from search.jobs import Answer, Job, Worker
from search.verdict import Lost

_POLL_SECONDS = 1.0
_ATTEMPTS = 2
_OBJECT_STORE = 100 * 1024 * 1024


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

    def submit(self, number: int, job: Job) -> None:
        """Queue a job."""
        ...

    def collect(self) -> list[Done]:
        """Jobs finished since the last call; waits about a second for the first one."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


@dataclass(frozen=True)
class _Task:
    """A job in a queue; one that lost a worker is tried again, and then alone."""

    number: int
    job: Job
    attempt: int = 1


def _next_batch(queue: deque[_Task], size: int) -> list[_Task]:
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
        self._queue: deque[_Task] = deque()
        self._compilations = 0

    @property
    def compilations(self) -> int:
        return self._compilations

    def submit(self, number: int, job: Job) -> None:
        self._queue.append(_Task(number, job))

    def collect(self) -> list[Done]:
        if not self._queue:
            return []
        tasks = _next_batch(self._queue, self._batch)
        try:
            answers = self._worker.run([task.job for task in tasks])
        except Exception as error:
            if tasks[0].attempt >= _ATTEMPTS:
                return [Done(tasks[0].number, None, Lost.RAISED, _note(error))]
            self.retries += len(tasks)
            again = [replace(task, attempt=task.attempt + 1) for task in tasks]
            self._queue.extendleft(reversed(again))
            return []
        self._compilations = answers[-1].compilations
        return [Done(task.number, answer) for task, answer in zip(tasks, answers, strict=True)]

    def close(self) -> None:
        self._queue.clear()


@dataclass
class _Running:
    tasks: list[_Task]
    seat: int
    deadline: float


class RayPool:
    """Runs jobs on Ray actors, up to `batch` at a time.

    Starts a Ray of its own on this machine, or joins the cluster that RAY_ADDRESS names. `timeout`
    is the number of seconds that a job may take.
    """

    def __init__(
        self,
        workers: int,
        timeout: float,
        make_worker: Callable[[], Worker] = Worker,
        batch: int = 1,
    ):
        self._ray, self._started_ray, options = _start_ray(workers)
        self._make_worker = make_worker
        wrap = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, **options)
        self._actor_class = wrap(_Seat)
        self._timeout = timeout
        self._batch = batch
        self._actors: list[Any] = [self._actor() for _ in range(workers)]
        self._compiled = [0] * workers
        self._compiled_before = 0
        self._idle = list(range(workers))
        self._queue: deque[_Task] = deque()
        self._running: dict[Any, _Running] = {}
        self.retries = 0

    @property
    def compilations(self) -> int:
        return self._compiled_before + sum(self._compiled)

    def submit(self, number: int, job: Job) -> None:
        self._queue.append(_Task(number, job))

    def collect(self) -> list[Done]:
        self._dispatch()
        if not self._running:
            return []
        refs = list(self._running)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_POLL_SECONDS)
        if ready:  # whatever else is finished by now
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        found = [done for ref in ready for done in self._finish(ref)]
        now = time.monotonic()
        late = [ref for ref, running in self._running.items() if running.deadline < now]
        note = f"no answer within {self._timeout:g} s"
        found += [done for ref in late for done in self._lose(ref, Lost.HUNG, note)]
        self._dispatch()
        return found

    def close(self) -> None:
        self._queue.clear()
        self._running.clear()
        for actor in self._actors:
            self._ray.kill(actor)
        if self._started_ray:
            self._ray.shutdown()

    def _actor(self) -> Any:
        return self._actor_class.remote(self._make_worker)

    def _dispatch(self) -> None:
        while self._queue and self._idle:
            share = -(-len(self._queue) // len(self._idle))
            tasks = _next_batch(self._queue, min(self._batch, share))
            seat = self._idle.pop(0)
            ref = self._actors[seat].run.remote([task.job for task in tasks])
            deadline = time.monotonic() + self._timeout * len(tasks)
            self._running[ref] = _Running(tasks, seat, deadline)

    def _finish(self, ref: Any) -> list[Done]:
        from ray.exceptions import RayError, RayTaskError

        try:
            answers: list[Answer] = self._ray.get(ref)
        except RayTaskError as error:
            return self._lose(ref, Lost.RAISED, _note(error.cause or error))
        except RayError as error:
            return self._lose(ref, Lost.DIED, _note(error))
        running = self._running.pop(ref)
        self._idle.append(running.seat)
        self._compiled[running.seat] = answers[-1].compilations
        return [
            Done(task.number, answer) for task, answer in zip(running.tasks, answers, strict=True)
        ]

    def _lose(self, ref: Any, lost: Lost, note: str) -> list[Done]:
        """Replace the worker; its jobs go to the front of the queue, each to be tried alone, or one
        that was tried alone comes back as lost."""
        running = self._running.pop(ref)
        seat = running.seat
        self._ray.kill(self._actors[seat])
        self._actors[seat] = self._actor()
        self._compiled_before += self._compiled[seat]
        self._compiled[seat] = 0
        self._idle.append(seat)
        if running.tasks[0].attempt >= _ATTEMPTS:
            return [Done(running.tasks[0].number, None, lost, note)]
        self.retries += len(running.tasks)
        again = [replace(task, attempt=task.attempt + 1) for task in running.tasks]
        self._queue.extendleft(reversed(again))
        return []


class _Seat:
    """The actor: a worker in a process of its own."""

    def __init__(self, make_worker: Callable[[], Worker]):
        self._worker = make_worker()
        self._compilations = 0

    def run(self, jobs: list[Job]) -> list[Answer]:
        answers = self._worker.run(jobs)
        if answers[-1].compilations > self._compilations:
            self._compilations = answers[-1].compilations
            settle()
        return answers


def _start_ray(workers: int) -> tuple[Any, bool, dict[str, Any]]:
    """Ray, whether this call started it, and what its actors need for their environment.

    The processes of a Ray of our own inherit the environment, which is seconds quicker than to ask
    for it.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    prepare_process()
    import ray

    asked = {"runtime_env": {"env_vars": worker_environment()}}
    if ray.is_initialized():
        return ray, False, asked
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**quiet)
        return ray, True, asked
    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        object_store_memory=_OBJECT_STORE,
        **quiet,
    )
    return ray, True, {}


def _note(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:200]
