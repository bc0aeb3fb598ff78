"""The nodes of a cluster as a pool sees them: who is where, who was lost with a node, what is
waited for."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.workers import Queued
from search.errors import ClusterFailed
from search.pool.cluster import Place, check_place, versions

_LOG = logging.getLogger(__name__)
_QUIET_SECONDS = 30.0
"""The time that workers may take to start before a line says what is waited for."""
_AGAIN_SECONDS = 300.0
"""The time until the next such line."""
_NODE_SECONDS = 15.0
"""The time in which a cluster comes to know that a node is dead whose worker is."""
_LOST_NODES = 10
"""Nodes that may die under a job before it counts as what kills them."""


@dataclass(frozen=True)
class LostJobs:
    """Jobs whose worker died; `until` (by the monotonic clock) its node may turn out to be dead."""

    batch: Sequence[Queued]
    place: Place
    note: str
    until: float


class Nodes:
    """Keeps the places of workers by their seats; `ray` is the module, joined to the cluster.

    **Arguments:** `patience`: seconds without any worker after which it gives up.
    """

    def __init__(self, ray: Any, workers: int, patience: float):
        self._ray = ray
        self._workers = workers
        self._patience = patience
        self._driver = versions()
        self._places: dict[int, Place] = {}
        self._lost: list[LostJobs] = []
        self._dead: set[str] = set()
        self._alone_since = time.monotonic()
        self._say_after = self._alone_since + _QUIET_SECONDS

    def seat(self, seat: int, place: Place) -> None:
        """Note where the worker of a seat is; ClusterFailed if other versions are there."""
        check_place(place, self._driver)
        self._places[seat] = place

    def leave(self, seat: int) -> None:
        """Forget the worker of a seat."""
        self._places.pop(seat, None)

    def lose(self, seat: int, batch: Sequence[Queued], note: str) -> None:
        """Take jobs whose worker died, for `judge` to say whether its node did."""
        until = time.monotonic() + _NODE_SECONDS
        self._lost.append(LostJobs(batch, self._places[seat], note, until))

    @property
    def judging(self) -> bool:
        """True while there are jobs of which it is not known whether their node died."""
        return bool(self._lost)

    def judge(self) -> list[tuple[LostJobs, bool]]:
        """The jobs of which it is known by now whether they were lost with their node, and not for
        what they did."""
        if not self._lost:
            return []
        alive = {each["NodeID"] for each in self._ray.nodes() if each["Alive"]}
        now = time.monotonic()
        known, open_ = [], []
        for lost in self._lost:
            if lost.place.node not in alive:
                known.append((lost, max(job.moves for job in lost.batch) < _LOST_NODES))
                if lost.place.node not in self._dead:
                    self._dead.add(lost.place.node)
                    _LOG.warning("node %s died; its jobs go to others", lost.place.host)
            elif now > lost.until:
                known.append((lost, False))
            else:
                open_.append(lost)
        self._lost = open_
        return known

    def watch(self, starting: int) -> None:
        """Say what is waited for while `starting` workers have not started.

        **Raises:** ClusterFailed when there was none for as long as patience lasts.
        """
        now = time.monotonic()
        if self._places:
            self._alone_since = now
        elif now - self._alone_since > self._patience:
            raise ClusterFailed(
                f"no worker has started within {self._patience:g} s: {self._cores()}",
                help="`ray status` shows what waits; add nodes or free cores, then call again",
            )
        if not starting:
            self._say_after = now + _QUIET_SECONDS
        elif now > self._say_after:
            self._say_after = now + _AGAIN_SECONDS
            up = self._workers - starting
            _LOG.warning("%d of %d workers have started; %s", up, self._workers, self._cores())

    def _cores(self) -> str:
        """The cores of the cluster in words."""
        free = self._ray.available_resources().get("CPU", 0)
        whole = self._ray.cluster_resources().get("CPU", 0)
        return f"the cluster has {whole:g} cores, of which {free:g} are free"
