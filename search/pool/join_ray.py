"""Joins a Ray cluster, or starts a Ray on this machine. This file, `ray_pool` and `sayings` import
Ray."""

import logging
import os
import socket
from dataclasses import dataclass
from typing import Any

from evaluators.training.environment import prepare_process, worker_environment
from search.config import ClusterConfig
from search.errors import ClusterFailed
from search.pool.cluster import runtime_env
from search.pool.own_ray import OwnRay

_QUIET: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}


@dataclass(frozen=True)
class Joined:
    """Ray as this process has it now."""

    ray: Any
    """The module."""
    started: bool
    """True if it has to be shut down in the end, since it was not there before."""
    cluster: bool
    """True if its nodes are others' and got the code."""
    options: dict[str, Any]
    """The options that actors need for their environment."""
    own: OwnRay | None = None
    """The Ray on this machine, if this call started one."""


def join_ray(workers: int, cluster: ClusterConfig | None) -> Joined:
    """Join the cluster, or RAY_ADDRESS; without both start a Ray of our own with a core for each
    worker, unless this process has joined one.

    The processes of a Ray of our own inherit the environment, which is seconds quicker than to ask
    for it.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    prepare_process()
    import ray

    if ray.is_initialized():
        if cluster is not None:
            raise ClusterFailed(
                "this process has joined a Ray already, which lacks Stepsmith's code",
                help="call ray.shutdown() before, or leave `cluster` away to use what it joined",
            )
        return Joined(ray, False, False, {"runtime_env": {"env_vars": worker_environment()}})
    address = cluster.address if cluster else os.environ.get("RAY_ADDRESS")
    if address:
        _join_cluster(ray, address)
        return Joined(ray, True, True, {})
    return Joined(ray, True, False, {}, OwnRay(ray, workers, **_QUIET))


def _join_cluster(ray: Any, address: str) -> None:
    """Join a cluster and ship the code to it."""
    try:
        _knock(address)
        with runtime_env() as shipped:
            ray.init(address=address, runtime_env=shipped, **_QUIET)
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterFailed(
            f"the Ray cluster at {address} cannot be joined: {' '.join(str(error).split())}",
            help="docs/cluster.md says how to start one, and what to set where it wants a token",
        ) from None


def _knock(address: str) -> None:
    """OSError if nobody listens at HOST:PORT, which Ray finds out in minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10.0).close()
