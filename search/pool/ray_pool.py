"""A pool of Ray actors.

A worker that dies, or that takes longer than it may, is replaced. On a cluster jobs go to workers
that have started, so a lack of cores costs time alone, and a job whose node died is given to
another worker as if nothing had happened: what is found does not depend on the nodes.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from dsl.errors import PluginError
from dsl.plugins import Plugin, load_again, loaded
from evaluators import registry
from evaluators.catalogue import TaskEntry
from evaluators.training.environment import settle
from evaluators.workers import (
    Done,
    Failed,
    JobQueue,
    JobT,
    Queued,
    Worker,
    WorkerFailure,
    note_of,
    run_blaming,
)
from search.config import ClusterConfig
from search.errors import ClusterFailed
from search.pool.cluster import Place, versions
from search.pool.cpu_affinity import claim_core
from search.pool.join_ray import join_ray
from search.pool.nodes import Nodes
from search.pool.sayings import Hearing, pass_on

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_START_SECONDS = 300.0


@dataclass
class _Running:
    """Jobs that an actor has in hand; `deadline` is by the monotonic clock."""

    batch: list[Queued]
    seat: int
    seconds: float
    deadline: float


class RayPool(Generic[JobT]):
    """Does jobs on Ray actors, up to `batch` together.

    Works on the Ray that this process has joined, or starts one of its own on this machine, or
    joins a cluster: `cluster`, or the one that RAY_ADDRESS names. The time of a job begins once its
    worker has started.

    **Raises:** ClusterFailed if the cluster cannot be joined, if a node has other versions of what
    decides results, or when patience ends; CampaignFailed if a Ray of our own does not start, or
    dies.
    """

    def __init__(
        self,
        workers: int,
        make_worker: Callable[[], Worker[JobT]],
        batch: int = 1,
        cluster: ClusterConfig | None = None,
    ):
        self.workers = workers
        joined = join_ray(workers, cluster)
        self._ray, self._started_ray, self._own = joined.ray, joined.started, joined.own
        patience = (cluster or ClusterConfig()).patience
        self._nodes = Nodes(self._ray, workers, patience) if joined.cluster else None
        self._hearing = Hearing()
        self._make_worker = make_worker
        self._plugins = loaded()
        wrap = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, **joined.options)
        self._actor_class = wrap(_Seat)
        self._batch = batch
        self._actors: list[Any] = [None] * workers
        self._starting: dict[int, Any] = {}
        self._idle: list[int] = []
        for seat in range(workers):
            self._fill(seat)
        self._compiled = [0] * workers
        self._compiled_before = 0
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
        found = self._watch(self._nodes) if self._nodes else []
        self._dispatch()
        if not self._running:
            if self._nodes and not found and (self._queue or self._nodes.judging):
                self._await_start()
            return found
        refs = list(self._running)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=_POLL_SECONDS)
        if ready:  # whatever else is finished by now
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        if self._own:
            self._own.check()
        self._hearing.repeat()
        found += [each for ref in ready for each in self._finish(ref)]
        if not self._nodes:
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
        if not self._own:  # ours ends with its workers, and dead it would wait for each
            self._hearing.forget()
            for actor in self._actors:
                self._ray.kill(actor)
        if self._started_ray:
            self._ray.shutdown()

    def _fill(self, seat: int) -> None:
        """Start a worker in a seat; on a cluster it has no jobs before it is welcomed."""
        self._actors[seat] = self._actor_class.remote(
            (self._plugins, registry.found()),
            self._make_worker,
            self._nodes is None,
            self._hearing.pool,
        )
        self._starting[seat] = self._actors[seat].ready.remote()
        if self._nodes is None:
            self._idle.append(seat)

    def _watch(self, nodes: Nodes) -> list[Done[Any] | Failed]:
        """Welcome the workers of a cluster that have started, and deal with the jobs of those that
        died."""
        for seat in self._started():
            self._welcome(nodes, seat)
        nodes.watch(len(self._starting))
        found: list[Done[Any] | Failed] = []
        for lost, with_node in nodes.judge():
            if with_node:
                self._queue.put_back(lost.batch)
            else:
                found += self._queue.lost(lost.batch, WorkerFailure.DIED, lost.note)
        return found

    def _welcome(self, nodes: Nodes, seat: int) -> None:
        """Have a worker that has started on a cluster do jobs; start another if it died meanwhile.

        **Raises:** ClusterFailed if no worker can start there.
        """
        from ray.exceptions import RayActorError, RayError

        try:
            nodes.seat(seat, self._ray.get(self._starting.pop(seat)))
        except RayError as error:
            if not isinstance(error, RayActorError) or error.actor_init_failed:
                raise ClusterFailed(
                    f"a worker cannot start on the cluster: {_last_line(error)}",
                    help="install what constraints.txt names on every node",
                ) from None
            _LOG.warning("a worker died while it started; another one starts")
            self._fill(seat)
            return
        self._idle.append(seat)

    def _await_start(self) -> None:
        """Wait for a worker to start, a moment if all have."""
        if self._starting:
            self._ray.wait(list(self._starting.values()), timeout=_POLL_SECONDS)
        else:
            time.sleep(_POLL_SECONDS / 5)

    def _started(self) -> list[int]:
        """The seats whose workers have started since they were filled, or died."""
        refs = list(self._starting.values())
        if not refs:
            return []
        ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        return [seat for seat, ref in self._starting.items() if ref in ready]

    def _start_clocks(self) -> None:
        """The time of jobs that waited for their worker to start begins when it has."""
        up = self._started()
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
            cause = error.cause or error
            own = cause if isinstance(cause, PluginError) else None
            return self._lose(ref, WorkerFailure.RAISED, note_of(cause), own)
        except RayError as error:
            return self._lose(ref, WorkerFailure.DIED, note_of(error))
        running = self._running.pop(ref)
        self._idle.append(running.seat)
        self._compiled[running.seat] = answer.compilations
        pairs = zip(running.batch, answer.values, strict=True)
        return [Done(each.number, value, answer.seconds) for each, value in pairs]

    def _lose(
        self, ref: Any, failure: WorkerFailure, note: str, error: Exception | None = None
    ) -> list[Done[Any] | Failed]:
        """Replace the worker; its jobs are tried again, or have failed. On a cluster those of one
        that died wait until it is known why."""
        if self._own:
            self._own.check(now=True)
        running = self._running.pop(ref)
        waits = self._nodes is not None and failure is WorkerFailure.DIED
        if self._nodes:
            if waits:
                self._nodes.lose(running.seat, running.batch, note)
            self._nodes.leave(running.seat)
        self._ray.kill(self._actors[running.seat])
        self._fill(running.seat)
        self._compiled_before += self._compiled[running.seat]
        self._compiled[running.seat] = 0
        return [] if waits else [*self._queue.lost(running.batch, failure, note, error)]


@dataclass(frozen=True)
class _Answer:
    """The values of jobs done together, the seconds that each took in the mean, and the training
    loops that their worker has compiled so far."""

    values: Sequence[Any]
    seconds: float
    compilations: int


class _Seat:
    """The actor: a worker in a process of its own, which loads the driver's plug-ins and takes
    over what is known of their tasks."""

    def __init__(
        self,
        known: tuple[Sequence[Plugin], Mapping[str, TaskEntry]],
        make_worker: Callable[[], Worker[Any]],
        own_machine: bool,
        pool: str,
    ):
        pass_on(pool)
        plugins, facts = known
        for plugin in plugins:
            load_again(plugin)
        registry.learn(facts)
        if own_machine and os.environ.get("JAX_PLATFORMS") == "cpu":
            claim_core()
        self._own_machine = own_machine
        self._worker = make_worker()
        self._compilations = 0

    def ready(self) -> Place | None:
        """Answers when the process has started; on a cluster, where it is."""
        if self._own_machine:
            return None
        import ray

        node = ray.get_runtime_context().get_node_id()
        return Place(node, socket.gethostname(), versions())

    def run(self, jobs: list[Any]) -> _Answer:
        start = time.perf_counter()
        values = run_blaming(self._worker, jobs)
        seconds = (time.perf_counter() - start) / len(jobs)
        compilations = self._worker.compilations
        if compilations > self._compilations:
            self._compilations = compilations
            settle()
        return _Answer(values, seconds, compilations)


def _last_line(error: BaseException) -> str:
    """The last line of an error's traceback."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
