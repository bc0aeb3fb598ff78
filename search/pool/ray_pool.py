"""A pool of Ray actors; the only file that imports Ray.

A worker that dies, or that takes longer than it may, is replaced.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from evaluators.training.environment import prepare_process, settle, worker_environment
from evaluators.workers import Done, Failed, JobQueue, JobT, Queued, Worker, WorkerFailure, note_of
from search.pool.cpu_affinity import claim_core

_POLL_SECONDS = 1.0
_START_SECONDS = 300.0
_OBJECT_STORE = 100 * 1024 * 1024


@dataclass
class _Running:
    """Jobs that an actor has in hand; `deadline` is by the monotonic clock."""

    batch: list[Queued]
    seat: int
    seconds: float
    deadline: float


class RayPool(Generic[JobT]):
    """Does jobs on Ray actors, up to `batch` together.

    Starts a Ray of its own on this machine, or joins the cluster that RAY_ADDRESS names. The time
    of a job begins once its worker has started.
    """

    def __init__(self, workers: int, make_worker: Callable[[], Worker[JobT]], batch: int = 1):
        self.workers = workers
        self._ray, self._started_ray, options = _start_ray(workers)
        self._make_worker = make_worker
        wrap = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, **options)
        self._actor_class = wrap(_Seat)
        self._batch = batch
        self._actors: list[Any] = [None] * workers
        self._starting: dict[int, Any] = {}
        for seat in range(workers):
            self._fill(seat)
        self._compiled = [0] * workers
        self._compiled_before = 0
        self._idle = list(range(workers))
        self._queue = JobQueue()
        self._running: dict[Any, _Running] = {}

    @property
    def retries(self) -> int:
        return self._queue.retries

    @property
    def compilations(self) -> int:
        return self._compiled_before + sum(self._compiled)

    def submit(self, number: int, job: JobT, time_limit: float) -> None:
        self._queue.put(number, job, time_limit)

    def collect(self) -> list[Done[Any] | Failed]:
        self._dispatch()
        if not self._running:
            return []
        refs = list(self._running)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_POLL_SECONDS)
        if ready:  # whatever else is finished by now
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        found = [each for ref in ready for each in self._finish(ref)]
        self._start_clocks()
        now = time.monotonic()
        late = [ref for ref, running in self._running.items() if running.deadline < now]
        for ref in late:
            note = f"no answer within {self._running[ref].seconds:g} s"
            found += self._lose(ref, WorkerFailure.HUNG, note)
        self._dispatch()
        return found

    def close(self) -> None:
        self._queue.clear()
        self._running.clear()
        for actor in self._actors:
            self._ray.kill(actor)
        if self._started_ray:
            self._ray.shutdown()

    def _fill(self, seat: int) -> None:
        """Start a worker in a seat."""
        self._actors[seat] = self._actor_class.remote(self._make_worker)
        self._starting[seat] = self._actors[seat].ready.remote()

    def _start_clocks(self) -> None:
        """The time of jobs that waited for their worker to start begins when it has."""
        refs = list(self._starting.values())
        if not refs:
            return
        ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        up = [seat for seat, ref in self._starting.items() if ref in ready]
        for seat in up:
            del self._starting[seat]
        for running in self._running.values():
            if running.seat in up:
                running.deadline = time.monotonic() + running.seconds

    def _dispatch(self) -> None:
        """Give jobs to the workers that have none, a fair share to each."""
        while self._queue and self._idle:
            share = -(-len(self._queue) // len(self._idle))
            batch = self._queue.take(min(self._batch, share))
            seat = self._idle.pop(0)
            ref = self._actors[seat].run.remote([each.job for each in batch])
            start = _START_SECONDS if seat in self._starting else 0.0
            seconds = sum(each.time_limit for each in batch)
            deadline = time.monotonic() + start + seconds
            self._running[ref] = _Running(batch, seat, seconds, deadline)

    def _finish(self, ref: Any) -> list[Done[Any] | Failed]:
        from ray.exceptions import RayError, RayTaskError

        try:
            answer: _Answer = self._ray.get(ref)
        except RayTaskError as error:
            return self._lose(ref, WorkerFailure.RAISED, note_of(error.cause or error))
        except RayError as error:
            return self._lose(ref, WorkerFailure.DIED, note_of(error))
        running = self._running.pop(ref)
        self._idle.append(running.seat)
        self._compiled[running.seat] = answer.compilations
        pairs = zip(running.batch, answer.values, strict=True)
        return [Done(each.number, value, answer.seconds) for each, value in pairs]

    def _lose(self, ref: Any, failure: WorkerFailure, note: str) -> list[Done[Any] | Failed]:
        """Replace the worker; its jobs are tried again, or have failed."""
        running = self._running.pop(ref)
        seat = running.seat
        self._ray.kill(self._actors[seat])
        self._fill(seat)
        self._compiled_before += self._compiled[seat]
        self._compiled[seat] = 0
        self._idle.append(seat)
        return [*self._queue.lost(running.batch, failure, note)]


@dataclass(frozen=True)
class _Answer:
    """The values of jobs done together, the seconds that each took in the mean, and the training
    loops that their worker has compiled so far."""

    values: Sequence[Any]
    seconds: float
    compilations: int


class _Seat:
    """The actor: a worker in a process of its own."""

    def __init__(self, make_worker: Callable[[], Worker[Any]]):
        if os.environ.get("JAX_PLATFORMS") == "cpu":
            claim_core()
        self._worker = make_worker()
        self._compilations = 0

    def ready(self) -> None:
        """Answers when the process has started."""

    def run(self, jobs: list[Any]) -> _Answer:
        start = time.perf_counter()
        values = self._worker.run(jobs)
        seconds = (time.perf_counter() - start) / len(jobs)
        compilations = self._worker.compilations
        if compilations > self._compilations:
            self._compilations = compilations
            settle()
        return _Answer(values, seconds, compilations)


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
