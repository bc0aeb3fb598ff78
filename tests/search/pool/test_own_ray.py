"""A Ray that died ends the campaign; no job is to blame for it."""

import socket
from types import SimpleNamespace

import pytest

from evaluators.workers import JobQueue
from search.errors import CampaignFailed
from search.pool import own_ray
from search.pool.own_ray import OwnRay
from search.pool.ray_pool import RayPool


class FakeRay:
    """The part of Ray that is asked whether it lives, and a head that listens."""

    def __init__(self):
        self.head = socket.create_server(("127.0.0.1", 0))
        self.alive = [True]
        self.asked = 0

    def init(self, **options):
        self.options = options

    def get_runtime_context(self):
        host, port = self.head.getsockname()
        return SimpleNamespace(gcs_address=f"{host}:{port}")

    def nodes(self):
        self.asked += 1
        return [{"Alive": alive} for alive in self.alive]


@pytest.fixture
def ray():
    made = FakeRay()
    yield made
    made.head.close()


def test_a_ray_is_dead_without_its_head_or_its_node(ray):
    own = OwnRay(ray, 3)
    assert ray.options["num_cpus"] == 3
    own.check(now=True)
    ray.alive = [False]
    with pytest.raises(CampaignFailed, match="Ray, which runs the workers, has died") as caught:
        own.check(now=True)
    assert "the same command goes on" in caught.value.help and caught.value.exit_status == 1
    ray.alive = [True]
    ray.head.close()
    with pytest.raises(CampaignFailed, match="has died"):
        own.check(now=True)


def test_ray_is_asked_now_and_then(ray, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(own_ray.time, "monotonic", lambda: now[0])
    own = OwnRay(ray, 1)
    for _ in range(5):
        own.check()
    assert ray.asked == 1
    now[0] += 2
    own.check()
    assert ray.asked == 2


def test_a_ray_that_does_not_start_is_a_sentence(ray, monkeypatch):
    def fail(**options):
        raise Exception("The current node timed out during startup.\nmore")

    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(CampaignFailed, match="did not start: Exception: The current node timed"):
        OwnRay(ray, 1)


def test_a_job_whose_worker_died_with_ray_is_not_counted(ray):
    pool = object.__new__(RayPool)
    pool._own, pool._running, pool._queue = OwnRay(ray, 1), {"ref": None}, JobQueue()
    ray.alive = [False]
    with pytest.raises(CampaignFailed, match="has died"):
        pool._lose("ref", "worker_died", "")
    assert pool.retries == 0
