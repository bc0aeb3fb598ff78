"""Workers on a cluster: what is shipped, what has to agree, and a node that dies."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from dsl.plugins import load
from evaluators.workers import Done, Failed, WorkerFailure
from search.config import ClusterConfig, load_config
from search.errors import ClusterFailed
from search.pool import cluster, nodes, ray_pool
from search.pool.join_ray import Joined, join_ray
from tests.support.fake_ray import FakeRay
from tests.support.fakes import config
from tests.support.plugins import SOFT_SIGN, forgotten

ROOT = Path(__file__).resolve().parents[3]


def test_the_cluster_is_no_part_of_what_a_ledger_is_compared_by():
    there = config(workers=3, cluster={"address": "head:6379"})
    assert there.comparable() == config().comparable()
    assert there.resolved()["cluster"] == {"address": "head:6379", "patience": 600.0}
    assert "cluster" not in config().resolved()


@pytest.mark.parametrize("address", ["head", "ray://head:10001", "", "http://head:8265", "a b:1"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValidationError, match="wanted auto, or HOST:PORT of the head, met"):
        config(cluster={"address": address})


def test_the_config_for_a_cluster_is_complete():
    chosen = load_config(ROOT / "configs" / "cluster.yaml")
    assert chosen.cluster is not None and chosen.cluster.address == "auto"
    assert chosen.look_ahead >= chosen.workers


def test_the_packages_of_the_workers_are_shipped_with_their_data():
    with cluster.runtime_env({}) as shipped:
        folder = Path(shipped["working_dir"])
        assert sorted(each.name for each in folder.iterdir()) == ["dsl", "evaluators", "search"]
        for name in ("dsl/__init__.py", "evaluators/tasks/catalogue.json"):
            assert (folder / name).read_bytes() == (ROOT / name).read_bytes()
        assert not [*folder.rglob("__pycache__")]
    assert not folder.exists()


def test_modules_of_plug_ins_are_shipped_whole(tmp_path, monkeypatch):
    (tmp_path / "lab_f" / "deep").mkdir(parents=True)
    (tmp_path / "lab_f" / "__init__.py").write_text("")
    (tmp_path / "lab_f" / "words.py").write_text(SOFT_SIGN)
    (tmp_path / "lab_f" / "deep" / "numbers.txt").write_text("1")
    (tmp_path / "lab_g.py").write_text(SOFT_SIGN.replace("soft_sign", "softer_sign"))
    monkeypatch.syspath_prepend(tmp_path)
    with forgotten():
        load("lab_f.words")
        load("lab_g")
        with cluster.runtime_env({}) as shipped:
            folder = Path(shipped["working_dir"])
            assert (folder / "lab_f" / "words.py").read_text() == SOFT_SIGN
            assert (folder / "lab_f" / "deep" / "numbers.txt").is_file()
            assert (folder / "lab_g.py").is_file()


def test_nodes_keep_compiled_machines_only_in_a_folder_that_the_user_names():
    with cluster.runtime_env({}) as shipped:
        assert "JAX_COMPILATION_CACHE_DIR" not in shipped["env_vars"]
        assert shipped["env_vars"]["OMP_NUM_THREADS"] == "1"
    with cluster.runtime_env({"JAX_COMPILATION_CACHE_DIR": "/scratch"}) as shipped:
        assert shipped["env_vars"]["JAX_COMPILATION_CACHE_DIR"] == "/scratch"


def test_a_node_with_other_versions_is_named_with_what_differs():
    here = cluster.versions()
    place = cluster.Place("id", "node7", here)
    cluster.check_place(place, here)
    other = replace(place, versions={**here, "jax": "0.1"})
    with pytest.raises(ClusterFailed, match=f"node node7 .* jax 0.1 instead of {here['jax']}"):
        cluster.check_place(other, here)


@pytest.fixture
def no_ray(monkeypatch):
    """A process that has joined no Ray."""
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    return ray


def test_a_cluster_that_does_not_answer_is_named_at_once(no_ray, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"127.0.0.1:{port}"
    with pytest.raises(ClusterFailed, match=f"cluster at {address} cannot be joined: .*refused"):
        join_ray(2, ClusterConfig(address=address))
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ClusterFailed, match=f"cluster at {address} cannot be joined: .*refused"):
        join_ray(2, None)


def test_what_ray_says_against_joining_is_said_in_a_line(no_ray, monkeypatch):
    def other_version(**_how):
        raise RuntimeError("Version mismatch:\n    Ray: 2.1\n    Ray: 2.2")

    monkeypatch.setattr(no_ray, "init", other_version)
    with pytest.raises(ClusterFailed, match="joined: Version mismatch: Ray: 2.1 Ray: 2.2"):
        join_ray(2, ClusterConfig())


def test_a_ray_that_this_process_has_joined_is_not_taken_for_the_cluster(no_ray, monkeypatch):
    monkeypatch.setattr(no_ray, "is_initialized", lambda: True)
    with pytest.raises(ClusterFailed, match="has joined a Ray already"):
        join_ray(2, ClusterConfig())
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    joined = join_ray(2, None)
    assert (joined.started, joined.cluster) == (False, False)
    assert "working_dir" not in joined.options["runtime_env"]


def pool_on(monkeypatch, fake, workers, **how):
    joined = Joined(fake, started=False, cluster=True, options={})
    monkeypatch.setattr(ray_pool, "join_ray", lambda *_: joined)
    return ray_pool.RayPool(workers, object, cluster=ClusterConfig(**how))


def test_jobs_of_a_dead_node_are_done_elsewhere_and_lose_no_attempt(monkeypatch):
    fake = FakeRay(["a", "b"])
    pool = pool_on(monkeypatch, fake, workers=2)
    for number in range(6):
        pool.submit(number, f"job {number}", 100.0)
    fake.kill_node("a")  # after its worker was given a core, before any job is done
    done = [each for _ in range(12) for each in pool.collect()]
    assert [each.number for each in sorted(done, key=lambda each: each.number)] == list(range(6))
    assert all(isinstance(each, Done) and each.value.endswith("on b") for each in done)


def test_a_job_whose_node_died_under_it_goes_to_another(monkeypatch):
    fake = FakeRay(["a", "b"])
    pool = pool_on(monkeypatch, fake, workers=2)
    for number in range(4):
        pool.submit(number, f"job {number}", 100.0)
    pool._watch(pool._nodes)
    pool._dispatch()
    assert len(pool._running) == 2
    fake.kill_node("a")
    done = [each for _ in range(12) for each in pool.collect()]
    assert sorted(each.number for each in done) == list(range(4))
    assert all(isinstance(each, Done) and each.value.endswith("on b") for each in done)
    assert pool.retries == 1


def test_a_worker_that_dies_alone_costs_its_job_an_attempt_and_keeps_no_other_waiting(monkeypatch):
    fake = FakeRay(["a", "b"])
    fake.deadly.add("job 0")
    pool = pool_on(monkeypatch, fake, workers=2)
    for number in range(3):
        pool.submit(number, f"job {number}", 100.0)
    done = [each for _ in range(4) for each in pool.collect()]
    assert sorted(each.number for each in done) == [1, 2]  # job 0 may have lost its node yet
    monkeypatch.setattr(nodes, "_NODE_SECONDS", 0.0)
    pool._nodes._lost = [replace(lost, until=0.0) for lost in pool._nodes._lost]
    (lost,) = [each for _ in range(8) for each in pool.collect()]
    assert (lost.number, lost.failure) == (0, WorkerFailure.DIED)
    assert pool.retries == 1


def test_a_job_under_which_node_after_node_dies_fails(monkeypatch):
    monkeypatch.setattr(nodes, "_LOST_NODES", 2)
    fake = FakeRay("abcdef")
    fake.node_killers.add("job 0")
    pool = pool_on(monkeypatch, fake, workers=1)
    for number in range(2):
        pool.submit(number, f"job {number}", 100.0)
    done = {each.number: each for _ in range(20) for each in pool.collect()}
    assert isinstance(done[1], Done)
    assert isinstance(done[0], Failed) and done[0].failure is WorkerFailure.DIED
    assert [node for node, alive in fake.alive.items() if alive] == ["e", "f"]


def test_more_workers_than_cores_get_done_with_the_cores_there_are(monkeypatch):
    pool = pool_on(monkeypatch, FakeRay(["a"]), workers=5)
    for number in range(3):
        pool.submit(number, f"job {number}", 0.001)
    assert len([each for _ in range(4) for each in pool.collect()]) == 3


def test_without_any_worker_patience_ends_with_what_is_there(monkeypatch):
    pool = pool_on(monkeypatch, FakeRay([]), workers=2, patience=1e-6)
    pool.submit(0, "job", 10.0)
    time.sleep(0.001)
    with pytest.raises(ClusterFailed, match="no worker has started .* the cluster has 0 cores"):
        pool.collect()


def test_a_worker_with_other_versions_ends_the_campaign(monkeypatch):
    fake = FakeRay(["a"], {**cluster.versions(), "numpy": "0.1"})
    pool = pool_on(monkeypatch, fake, workers=1)
    pool.submit(0, "job", 10.0)
    with pytest.raises(ClusterFailed, match="node host of a .* numpy 0.1 instead of"):
        pool.collect()


NEW = {
    "only_in_a_file": "files",
    "only_in_a_package": "their_words",
    "only_on_the_driver": "dsl/primitives",
}
"""Primitives, and the folders of their files."""
NEW_PRIMITIVE = '''"""A primitive that no node has."""

from dsl.language.registry import primitive


@primitive("K -> K", torch="torch.sinh({{x}})", latex=r"\\sinh {{x}}", weight=3.0)
def {name}(xp, x):
    """The hyperbolic sine."""
    return xp.sinh(x)
'''


@pytest.fixture
def checkout(tmp_path):
    """A folder with the packages and a new primitive in them, in a file and in another package."""
    for name in (*cluster.SHIPPED, "tests"):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name, ignore=without)
    for name, place in NEW.items():
        new = tmp_path / "checkout" / place / f"{name}.py"
        new.parent.mkdir(exist_ok=True)
        new.write_text(NEW_PRIMITIVE.format(name=name), encoding="utf-8")
    package = tmp_path / "checkout" / "their_words" / "__init__.py"
    package.write_text("import their_words.only_in_a_package\n", encoding="utf-8")
    return tmp_path / "checkout"


@pytest.mark.slow
@pytest.mark.ray
def test_a_campaign_on_a_cluster_survives_a_node_and_says_what_a_serial_one_says(
    tmp_path, checkout
):
    """Three nodes in a process of its own, since this one may have a Ray already."""
    script = [sys.executable, "-m", "tests.support.cluster_campaign"]
    command = [*script, str(tmp_path), "files/only_in_a_file.py", "their_words"]
    env = {**os.environ, "PYTHONPATH": str(checkout)}
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE"):
        env.pop(name, None)
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    serial, spread = facts["hashes"]
    assert serial == spread
    assert facts["died"] and any("died; its jobs go to others" in line for line in facts["heard"])
    assert facts["knew"] == [",".join(NEW)]
    assert facts["imported"] and all("working_dir_files" in path for path in facts["imported"])
    assert "numpy" in facts["other versions"] and "instead of 0.1" in facts["other versions"]
    assert facts["no start"] == "a worker cannot start on the cluster: OSError: no disk"
    assert facts["no patience"].startswith("no worker has started within 0.001 s")
