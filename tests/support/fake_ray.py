"""A stand-in for Ray on a cluster whose nodes have a core each."""

import itertools
from types import SimpleNamespace

from search.pool import cluster, ray_pool


class FakeRay:
    """As much of Ray as a pool needs, in this process: an actor on each node that is free."""

    def __init__(self, nodes, versions=None):
        self.alive = dict.fromkeys(nodes, True)
        self.free = list(nodes)
        self.waiting = []
        self.places = {}
        self.calls = itertools.count()
        self.versions = versions or cluster.versions()
        self.deadly = set()
        """Jobs that kill their worker."""
        self.node_killers = set()
        """Jobs that kill the node of their worker."""

    def remote(self, **_options):
        return lambda _kind: SimpleNamespace(remote=self._actor)

    def _actor(self, *_how):
        actor = type("Actor", (), {})()
        actor.ready = SimpleNamespace(remote=lambda: ("ready", 0, actor, ()))
        actor.run = SimpleNamespace(
            remote=lambda jobs: ("run", next(self.calls), actor, tuple(jobs))
        )
        self.waiting.append(actor)
        self._seat()
        return actor

    def _seat(self):
        while self.waiting and self.free:
            self.places[id(self.waiting[0])] = self.free.pop(0)
            self.waiting.pop(0)

    def kill_node(self, node):
        self.alive[node] = False

    def wait(self, refs, num_returns=1, timeout=None):
        ready = [ref for ref in refs if id(ref[2]) in self.places]
        return ready, [ref for ref in refs if ref not in ready]

    def get(self, ref):
        from ray.exceptions import RayActorError

        node = self.places[id(ref[2])]
        jobs = ref[3]
        if self.node_killers.intersection(jobs):
            self.kill_node(node)
        if not self.alive[node] or self.deadly.intersection(jobs):
            raise RayActorError()
        if ref[0] == "ready":
            return cluster.Place(node, f"host of {node}", self.versions)
        return ray_pool._Answer([f"{job} on {node}" for job in jobs], 1.0, 1)

    def kill(self, actor):
        node = self.places.pop(id(actor), None)
        if node is not None and self.alive[node]:
            self.free.append(node)
        self._seat()

    def nodes(self):
        return [{"NodeID": node, "Alive": alive} for node, alive in self.alive.items()]

    def available_resources(self):
        return {"CPU": float(len(self.free))}

    def cluster_resources(self):
        return {"CPU": float(sum(self.alive.values()))}
