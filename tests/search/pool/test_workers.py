import functools
import os
import time
from collections.abc import Mapping
from contextlib import closing

import pytest

from dsl.plugins import load
from dsl.zoo import ZOO
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.suites import TaskChoice
from evaluators.training import compiling
from evaluators.training.environment import worker_environment
from evaluators.workers import Done, Failed, WorkerFailure
from search.ledger import FILE, Ledger
from search.pool.jobs import Evaluate
from search.pool.ray_pool import RayPool
from search.pool.worker import CampaignWorker
from search.run import run_campaign
from tests.support.fakes import (
    DeadlyEvaluator,
    FakeEvaluator,
    PartsEvaluator,
    config,
    fake_sweep,
    fake_tune,
    fake_worker,
)
from tests.support.plugins import SOFT_SIGN, forgotten

SUITE = JudgingSetup((TaskChoice("digits", 5),), ZOO["adamw"])


def test_the_environment_keeps_what_the_user_chose():
    assert worker_environment({})["JAX_PLATFORMS"] == "cpu"
    assert worker_environment({})["PJRT_NPROC"] == "1"
    assert worker_environment({})["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert worker_environment({"TF_CPP_MIN_LOG_LEVEL": "0"})["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert worker_environment({"PJRT_NPROC": "4"})["PJRT_NPROC"] == "4"
    chosen = worker_environment({"JAX_PLATFORMS": "cuda", "XLA_FLAGS": "--xla_dump_to=x"})
    assert chosen["JAX_PLATFORMS"] == "cuda"
    flags = chosen["XLA_FLAGS"]
    assert flags.startswith("--xla_dump_to=x --xla_cpu_multi_thread_eigen=false ")
    assert worker_environment({"XLA_FLAGS": flags})["XLA_FLAGS"] == flags
    own = worker_environment({"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true"})["XLA_FLAGS"]
    assert own.startswith("--xla_cpu_multi_thread_eigen=true ")
    assert "multi_thread_eigen=false" not in own


class SleepyEvaluator(FakeEvaluator):
    """Never answers about Lion."""

    def evaluate(self, program, seeds, rates, early):
        import time

        if program.name == "lion":
            time.sleep(600)
        return super().evaluate(program, seeds, rates, early)


def sleepy_worker():
    return CampaignWorker(SleepyEvaluator, fake_tune)


def drain(pool, count):
    found = []
    while len(found) < count:
        found += pool.collect()
    return {done.number: done for done in found}


@pytest.fixture(scope="module")
def ray():
    """One Ray for all tests of this file; pools leave it running."""
    import ray

    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.mark.ray
def test_one_worker_two_workers_and_none_write_the_same_ledger(ray, tmp_path):
    final = {"reduction": {"evaluations": 0}, "meta_validation": "meta_validation", "watch": 5}

    def content(workers):
        settings = config(workers=workers, final=final)
        return run_campaign(settings, tmp_path / str(workers), make_worker=fake_worker).content_hash

    assert content(0) == content(1) == content(2)
    ledger = Ledger.read(tmp_path / "2" / FILE)
    assert len(ledger.looks) > 2 and all(look.found for look in ledger.looks)
    ledger.close()


@pytest.mark.ray
def test_workers_know_what_a_plug_in_brings(ray, tmp_path):
    (tmp_path / "soft.py").write_text(SOFT_SIGN)

    class Evaluator(PartsEvaluator):
        worth: Mapping[str, float] = {"soft_sign": 0.2}

    def worker():
        return CampaignWorker(Evaluator, fake_tune, fake_sweep)

    def content(workers):
        settings = config(
            workers=workers, budget={"candidates": 30}, primitives={"weights": {"soft_sign": 20.0}}
        )
        return run_campaign(settings, tmp_path / str(workers), make_worker=worker).content_hash

    with forgotten():
        load(str(tmp_path / "soft.py"))
        assert content(0) == content(2)
        with closing(Ledger.read(tmp_path / "2" / FILE)) as ledger:
            assert max(row.verdict.score or 0 for row in ledger.rows()) > 0.9


@pytest.mark.ray
def test_a_worker_that_dies_costs_a_retry_and_a_deadly_program_is_recorded(
    ray, tmp_path, monkeypatch
):
    mark = str(tmp_path / "mark")

    def deadly_worker():
        os.environ["STEPSMITH_TEST_MARK"] = mark
        return CampaignWorker(DeadlyEvaluator, fake_tune)

    pool = RayPool(1, deadly_worker)
    tanh = ZOO["adamw"].renamed("tanh_rule")
    statements = list(tanh.statements)
    statements[9] = type(statements[9])("tanh", statements[9].args)
    from dataclasses import replace

    rules = [ZOO["adamw"], replace(tanh, statements=tuple(statements)), ZOO["sgd"]]
    for number, rule in enumerate(rules):
        pool.submit(number, Evaluate(SUITE, EvaluationRequest(rule), (1, 2)), 100.0)
    done = drain(pool, 3)
    assert isinstance(done[0], Done)
    assert isinstance(done[1], Failed) and done[1].failure is WorkerFailure.DIED
    assert isinstance(done[2], Done)  # died once, was tried again
    assert pool.retries == 2
    assert pool.compilations >= 1
    pool.close()


@pytest.mark.ray
def test_a_worker_that_hangs_is_replaced(ray):
    pool = RayPool(2, sleepy_worker)
    for number, name in enumerate(("adamw", "lion", "sgd")):
        limit = 2.0 if name == "lion" else 20.0
        pool.submit(number, Evaluate(SUITE, EvaluationRequest(ZOO[name]), (1, 2)), limit)
    done = drain(pool, 3)
    assert isinstance(done[1], Failed) and done[1].failure is WorkerFailure.HUNG
    assert isinstance(done[0], Done) and isinstance(done[2], Done)
    pool.close()


class SlowEvaluator(FakeEvaluator):
    """Takes two seconds."""

    def evaluate(self, program, seeds, rates, early):
        import time

        time.sleep(2)
        return super().evaluate(program, seeds, rates, early)


@pytest.mark.slow
@pytest.mark.ray
def test_a_job_may_take_as_long_as_it_says(ray):
    pool = RayPool(1, lambda: CampaignWorker(SlowEvaluator, fake_tune))
    pool.submit(0, Evaluate(SUITE, EvaluationRequest(ZOO["adamw"]), (1, 2)), time_limit=10.0)
    assert isinstance(drain(pool, 1)[0], Done) and pool.retries == 0
    pool.submit(1, Evaluate(SUITE, EvaluationRequest(ZOO["sgd"]), (1, 2)), time_limit=1.0)
    lost = drain(pool, 1)[1]
    assert lost.failure is WorkerFailure.HUNG and lost.note == "no answer within 1 s"
    pool.close()


def slow_to_start():
    import time

    time.sleep(8)
    return sleepy_worker()


@pytest.mark.slow
@pytest.mark.ray
def test_starting_a_worker_takes_no_time_from_its_jobs(ray):
    pool = RayPool(1, slow_to_start)
    for number, name in enumerate(("adamw", "sgd")):
        pool.submit(number, Evaluate(SUITE, EvaluationRequest(ZOO[name]), (1, 2)), 6.0)
    done = drain(pool, 2)
    assert all(isinstance(found, Done) for found in done.values())
    assert pool.retries == 0
    pool.close()


class CompilingEvaluator(FakeEvaluator):
    """Is told, at its only program, that a compile takes long, and waits for the next look."""

    def __init__(self, setup):
        super().__init__(setup)
        compiling._say("the loop of the test", 43.0)
        time.sleep(1.5)


@pytest.mark.ray
def test_what_workers_say_of_long_compiles_is_repeated_once(ray, tmp_path, capfd):
    from ray.experimental import internal_kv

    settings = config(workers=2, budget={"candidates": 12})
    make = functools.partial(CampaignWorker, CompilingEvaluator, fake_tune, fake_sweep)
    run_campaign(settings, tmp_path, make_worker=make)
    said = "Compiling the loop of the test: about 40 seconds in all"
    assert capfd.readouterr().err.count(said) == 1
    assert not internal_kv._internal_kv_list("stepsmith:")
