"""The environment of the tests, set before anything imports JAX, and what becomes of compiled code.

A file of tests shares what it compiles; after its last test all of that is freed, so that a worker
grows no larger than its dearest file. Files marked `lightly_compiled` compare what programs mean
and run what they compile a few times: they have LLVM leave out its optimizations, which take longer
than they save. Slow tests and files without the mark compile as users do.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator

from tests.support.shape_checks import check_shapes

check_shapes()

from evaluators.training.environment import worker_environment  # noqa: E402

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = worker_environment({})["XLA_FLAGS"]
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"

import jax  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "stepsmith",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("stepsmith")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that compile much or start Ray come first: none is left over when the rest is done."""
    dear = {
        item.path
        for item in items
        if item.get_closest_marker("lightly_compiled") or item.get_closest_marker("ray")
    }
    items.sort(key=lambda item: item.path not in dear)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Choose how the functions that the test compiles are optimized."""
    lightly = item.get_closest_marker("lightly_compiled") and not item.get_closest_marker("slow")
    jax.config.update("jax_disable_most_optimizations", bool(lightly))


@pytest.fixture(scope="module", autouse=True)
def compiled_code_is_freed() -> Iterator[None]:
    """Give back, after each file of tests, the memory of what it compiled."""
    yield
    jax.clear_caches()
    gc.collect()
    if sys.platform == "linux":  # glibc keeps what is freed between blocks in use
        ctypes.CDLL(None).malloc_trim(0)
