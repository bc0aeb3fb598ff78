"""Serial and Ray pools behind one interface; the only file that imports Ray.

A job that loses its worker is tried once more by a fresh one; the second time it comes back as
lost. Jobs are started in the order in which they are submitted.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from search.environment import prepare_process, worker_environment
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


class SerialPool:
    """Runs jobs in this process, one at each `collect`."""

    def __init__(self, make_worker: Callable[[], Worker] = Worker):
        self.retries = 0
        self._worker = make_worker()
        self._queue: deque[tuple[int, Job]] = deque()
        self._compilations = 0

    @property
    def compilations(self) -> int:
        return self._compilations

    def submit(self, number: int, job: Job) -> None:
        self._queue.append((number, job))

    def collect(self) -> list[Done]:
        if not self._queue:
            return []
        number, job = self._queue.popleft()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._worker.run(job)
            except Exception as error:
                if attempt == _ATTEMPTS:
                    return [Done(number, None, Lost.RAISED, _note(error))]
                self.retries += 1
            else:
                self._compilations = answer.compilations
                return [Done(number, answer)]
        return []

    def close(self) -> None:
        self._queue.clear()


@dataclass
class _Running:
    number: int
    job: Job
    attempt: int
    seat: int
    deadline: float


class RayPool:
    """Runs jobs on Ray actors, one job each at a time.

    Starts a Ray of its own on this machine, or joins the cluster that RAY_ADDRESS names.
    """

    def __init__(self, workers: int, timeout: float, make_worker: Callable[[], Worker] = Worker):
        self._ray, self._started_ray, options = _start_ray(workers)
        self._make_worker = make_worker
        wrap = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, **options)
        self._actor_class = wrap(_Seat)
        self._timeout = timeout
        self._actors: list[Any] = [self._actor() for _ in range(workers)]
        self._compiled = [0] * workers
        self._compiled_before = 0
        self._idle = list(range(workers))
        self._queue: deque[tuple[int, Job, int]] = deque()
        self._running: dict[Any, _Running] = {}
        self.retries = 0

    @property
    def compilations(self) -> int:
        return self._compiled_before + sum(self._compiled)

    def submit(self, number: int, job: Job) -> None:
        self._queue.append((number, job, 1))
        self._dispatch()

    def collect(self) -> list[Done]:
        if not self._running:
            return []
        refs = list(self._running)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_POLL_SECONDS)
        if ready:  # whatever else is finished by now
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        found = [done for ref in ready if (done := self._finish(ref))]
        now = time.monotonic()
        late = [ref for ref, running in self._running.items() if running.deadline < now]
        note = f"no answer within {self._timeout:g} s"
        found += [done for ref in late if (done := self._lose(ref, Lost.HUNG, note))]
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
            number, job, attempt = self._queue.popleft()
            seat = self._idle.pop(0)
            ref = self._actors[seat].run.remote(job)
            deadline = time.monotonic() + self._timeout
            self._running[ref] = _Running(number, job, attempt, seat, deadline)

    def _finish(self, ref: Any) -> Done | None:
        from ray.exceptions import RayError, RayTaskError

        try:
            answer: Answer = self._ray.get(ref)
        except RayTaskError as error:
            return self._lose(ref, Lost.RAISED, _note(error.cause or error))
        except RayError as error:
            return self._lose(ref, Lost.DIED, _note(error))
        running = self._running.pop(ref)
        self._idle.append(running.seat)
        self._compiled[running.seat] = answer.compilations
        return Done(running.number, answer)

    def _lose(self, ref: Any, lost: Lost, note: str) -> Done | None:
        """Replace the worker; the job goes to the front of the queue, or comes back as lost."""
        running = self._running.pop(ref)
        seat = running.seat
        self._ray.kill(self._actors[seat])
        self._actors[seat] = self._actor()
        self._compiled_before += self._compiled[seat]
        self._compiled[seat] = 0
        self._idle.append(seat)
        if running.attempt >= _ATTEMPTS:
            return Done(running.number, None, lost, note)
        self.retries += 1
        self._queue.appendleft((running.number, running.job, running.attempt + 1))
        return None


class _Seat:
    """The actor: a worker in a process of its own."""

    def __init__(self, make_worker: Callable[[], Worker]):
        self._worker = make_worker()

    def run(self, job: Job) -> Answer:
        return self._worker.run(job)


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
