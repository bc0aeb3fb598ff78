"""Jobs on Ray actors; the only file that imports Ray.

A worker that dies, or that takes longer than it may, is replaced, and what it had in hand is tried
once more.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from evaluators.training.environment import prepare_process, settle, worker_environment
from search.candidates.verdict import Lost
from search.pool.cpu_affinity import claim_core
from search.pool.jobs import Answer, Job, Worker
from search.pool.workers import ATTEMPTS, Done, Task, next_batch, note_of

_POLL_SECONDS = 1.0
_START_SECONDS = 300.0
_OBJECT_STORE = 100 * 1024 * 1024


@dataclass
class _Running:
    tasks: list[Task]
    seat: int
    seconds: float
    deadline: float


class RayPool:
    """Runs jobs on Ray actors, up to `batch` at a time.

    Starts a Ray of its own on this machine, or joins the cluster that RAY_ADDRESS names. `timeout`
    is the number of seconds that a job may take for each measure of its patience, once its worker
    has started.
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
        self._actors: list[Any] = [None] * workers
        self._starting: dict[int, Any] = {}
        for seat in range(workers):
            self._fill(seat)
        self._compiled = [0] * workers
        self._compiled_before = 0
        self._idle = list(range(workers))
        self._queue: deque[Task] = deque()
        self._running: dict[Any, _Running] = {}
        self.retries = 0

    @property
    def compilations(self) -> int:
        return self._compiled_before + sum(self._compiled)

    def submit(self, number: int, job: Job, patience: float = 1.0) -> None:
        self._queue.append(Task(number, job, patience))

    def collect(self) -> list[Done]:
        self._dispatch()
        if not self._running:
            return []
        refs = list(self._running)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_POLL_SECONDS)
        if ready:  # whatever else is finished by now
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        found = [done for ref in ready for done in self._finish(ref)]
        self._start_clocks()
        now = time.monotonic()
        late = [ref for ref, running in self._running.items() if running.deadline < now]
        for ref in late:
            found += self._lose(
                ref, Lost.HUNG, f"no answer within {self._running[ref].seconds:g} s"
            )
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
        while self._queue and self._idle:
            share = -(-len(self._queue) // len(self._idle))
            tasks = next_batch(self._queue, min(self._batch, share))
            seat = self._idle.pop(0)
            ref = self._actors[seat].run.remote([task.job for task in tasks])
            start = _START_SECONDS if seat in self._starting else 0.0
            seconds = self._timeout * sum(task.patience for task in tasks)
            deadline = time.monotonic() + start + seconds
            self._running[ref] = _Running(tasks, seat, seconds, deadline)

    def _finish(self, ref: Any) -> list[Done]:
        from ray.exceptions import RayError, RayTaskError

        try:
            answers: list[Answer] = self._ray.get(ref)
        except RayTaskError as error:
            return self._lose(ref, Lost.RAISED, note_of(error.cause or error))
        except RayError as error:
            return self._lose(ref, Lost.DIED, note_of(error))
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
        self._fill(seat)
        self._compiled_before += self._compiled[seat]
        self._compiled[seat] = 0
        self._idle.append(seat)
        if running.tasks[0].attempt >= ATTEMPTS:
            return [Done(running.tasks[0].number, None, lost, note)]
        self.retries += len(running.tasks)
        again = [replace(task, attempt=task.attempt + 1) for task in running.tasks]
        self._queue.extendleft(reversed(again))
        return []


class _Seat:
    """The actor: a worker in a process of its own."""

    def __init__(self, make_worker: Callable[[], Worker]):
        if os.environ.get("JAX_PLATFORMS") == "cpu":
            claim_core()
        self._worker = make_worker()
        self._compilations = 0

    def ready(self) -> None:
        """Answers when the process has started."""

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
