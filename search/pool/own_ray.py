"""The Ray that this process has started for itself: starting it, and whether it still lives.

A Ray whose processes are gone, killed or short of memory, starts no worker. A job that waits for
one is not to blame, so the campaign ends, and is resumed on another Ray.
"""

import socket
import time
import warnings
from typing import Any

from evaluators.workers import note_of
from search.errors import CampaignFailed

_OBJECT_STORE = 100 * 1024 * 1024
_EVERY_SECONDS = 1.0
_CONNECT_SECONDS = 5.0
_GOES_ON = "the same command goes on, with nothing lost but the work in flight"


class OwnRay:
    """A Ray with a core for each worker; `ray` is the module.

    **Raises:** CampaignFailed if it does not start.
    """

    def __init__(self, ray: Any, workers: int, **quiet: Any):
        self._ray = ray
        self._checked = 0.0
        try:
            with warnings.catch_warnings():  # JAX warns of any fork; Ray's are followed by exec
                warnings.filterwarnings("ignore", r"os\.fork\(\)", RuntimeWarning)
                ray.init(
                    address="local",
                    num_cpus=workers,
                    include_dashboard=False,
                    object_store_memory=_OBJECT_STORE,
                    **quiet,
                )
        except Exception as error:  # Ray raises no other where its processes do not come up
            raise CampaignFailed(
                f"Ray did not start: {note_of(error)}",
                help=f"{_GOES_ON}; with workers=0 it needs no Ray",
            ) from None
        self._head = ray.get_runtime_context().gcs_address

    def check(self, *, now: bool = False) -> None:
        """CampaignFailed if Ray has died; looks once a second, or `now`."""
        if now or time.monotonic() - self._checked > _EVERY_SECONDS:
            self._checked = time.monotonic()
            if not self._lives():
                raise CampaignFailed("Ray, which runs the workers, has died", help=_GOES_ON)

    def _lives(self) -> bool:
        """True if its head answers, which Ray would wait for, and knows a node that is alive."""
        host, _, port = self._head.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        except OSError:
            return False
        return any(node["Alive"] for node in self._ray.nodes())
