"""A script: a campaign on a Ray cluster of three nodes, one of which dies; its facts as JSON.

python -m tests.support.cluster_campaign FOLDER [PLUGIN ...]

It runs in a checkout of its own with a primitive that is nowhere else; a plug-in that is a file and
one that is a package have others. The nodes are started in another folder, without any of that on
their path, so what they know of it was sent to them.
"""

import itertools
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evaluators.training.environment import prepare_process

prepare_process()
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"

from dsl.plugins import load  # noqa: E402
from search.campaign import events  # noqa: E402
from search.config import ClusterConfig  # noqa: E402
from search.errors import ClusterFailed  # noqa: E402
from search.pool import nodes as known_nodes  # noqa: E402
from search.pool.cluster import versions  # noqa: E402
from search.pool.ray_pool import RayPool  # noqa: E402
from search.pool.worker import CampaignWorker  # noqa: E402
from search.run import run_campaign  # noqa: E402
from tests.support import fakes  # noqa: E402
from tests.support.fakes import FakeEvaluator, config, fake_sweep, fake_tune  # noqa: E402

LONG = {"candidates": 500}
"""Long enough for every worker to start, and for one to be lost."""

NEW = "only_"
"""The first letters of the primitives that nodes have from nowhere else; every program of the
search may use them."""


class SteadyEvaluator(FakeEvaluator):
    """Takes a twentieth of a second, and notes its process, where the language was imported from,
    and which of the new primitives it knows."""

    def evaluate(self, program, seeds, rates, early):
        import dsl
        from dsl.language.registry import PRIMITIVES

        with open(os.environ["STEPSMITH_TEST_MARK"], "a", encoding="utf-8") as file:
            known = ",".join(name for name in PRIMITIVES if name.startswith(NEW))
            file.write(f"{os.getpid()} {dsl.__file__} {known}\n")
        time.sleep(0.05)
        return super().evaluate(program, seeds, rates, early)


class Heard(logging.Handler):
    """Keeps what the pool says."""

    def __init__(self):
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@contextmanager
def elsewhere(folder: Path) -> Iterator[None]:
    """Processes that are started within know nothing of this checkout."""
    here, path = os.getcwd(), os.environ.pop("PYTHONPATH", None)
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        if path is not None:
            os.environ["PYTHONPATH"] = path


def add_node(nodes: Any) -> Any:
    """Another node with one core; Ray gives one little time to start, which a busy machine may not
    have."""
    for attempt in itertools.count(1):
        try:
            return nodes.add_node(
                num_cpus=1, object_store_memory=80 * 2**20, include_dashboard=False
            )
        except Exception:
            if attempt == 5:
                raise
    raise AssertionError


def refusal(make_worker: Callable[[], Any], cluster: ClusterConfig) -> str:
    """The end of a pool that never gets a job done."""
    pool = RayPool(1, make_worker, cluster=cluster)
    try:
        pool.submit(0, object(), 10.0)
        for _ in range(120):
            assert not pool.collect()
        return "nothing"
    except ClusterFailed as error:
        return error.message
    finally:
        pool.close()


def broken_worker() -> CampaignWorker:
    raise OSError("no disk")


def main(folder: Path, *plugins: str) -> None:
    import ray
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(fakes)  # nodes have the packages, not their tests
    for each in plugins:
        load(each)
    heard = Heard()
    logging.getLogger("search.pool.nodes").addHandler(heard)
    mark = str(folder / "imported")

    def steady_worker() -> CampaignWorker:
        os.environ["STEPSMITH_TEST_MARK"] = mark
        return CampaignWorker(SteadyEvaluator, fake_tune, fake_sweep)

    with elsewhere(folder / "elsewhere"):
        nodes = Cluster()
        _, doomed, _ = (add_node(nodes) for _ in range(3))
    died = []

    def noted() -> list[list[str]]:
        """Process, file and knowledge at each evaluation so far."""
        return [line.split() for line in Path(mark).read_text(encoding="utf-8").splitlines()]

    def observe(event: object) -> None:
        if (
            isinstance(event, events.VerdictEntered)
            and not died
            and len({p for p, *_ in noted()}) == 3
        ):
            died.append(True)  # a worker is up on every node
            nodes.remove_node(doomed, allow_graceful=False)

    there = ClusterConfig(address=nodes.address, patience=300.0)
    joined = config(budget=LONG, workers=3, cluster=there.model_dump())
    serial = run_campaign(config(budget=LONG), folder / "serial", make_worker=fakes.fake_worker)
    facts: dict[str, object] = {}
    try:
        spread = run_campaign(joined, folder / "cluster", observe, steady_worker)
        facts["hashes"] = [serial.content_hash, spread.content_hash]
        facts["died"] = bool(died)
        facts["imported"] = sorted({file for _, file, _ in noted()})
        facts["knew"] = sorted({knew for *_, knew in noted()})
        with patch.object(known_nodes, "versions", lambda: {**versions(), "numpy": "0.1"}):
            facts["other versions"] = refusal(fakes.fake_worker, there)
        facts["no start"] = refusal(broken_worker, there)
        hasty = ClusterConfig(address=nodes.address, patience=1e-3)
        facts["no patience"] = refusal(fakes.fake_worker, hasty)
    finally:
        facts["heard"] = heard.lines
        nodes.shutdown()
    print(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
