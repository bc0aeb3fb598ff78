"""The environment of the tests, set before anything imports JAX, and what becomes of compiled code.

Tests share what they compile; all of it is freed where a worker has grown by too much, between two
files if it can be, so that it stays below 2 GiB. Files marked `lightly_compiled` compare what
programs mean and run what they compile a few times: they have LLVM leave out its optimizations,
which take longer than they save. Slow tests and files without the mark compile as users do.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator

from tests.support.shape_checks import check_shapes

check_shapes()
gc.disable()  # until all is collected: there is little garbage among modules, and much to look at

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


def pytest_collection_finish() -> None:
    """Take modules and tests from what the garbage collector looks at, file after file."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Choose how the functions that the test compiles are optimized."""
    lightly = item.get_closest_marker("lightly_compiled") and not item.get_closest_marker("slow")
    jax.config.update("jax_disable_most_optimizations", bool(lightly))


GROWTH, BETWEEN = 768 * 2**20, 256 * 2**20
"""Bytes that a worker may gain before what was compiled is freed: within a file, and between two,
where no test that follows counts on it."""


class _Memory:
    """The memory of this process, and what it was when compiled code was last freed, in bytes."""

    at_rest = 0

    @staticmethod
    def now() -> int:
        """Resident memory; 0 where the system does not say."""
        if sys.platform != "linux":
            return 0
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @classmethod
    def free(cls) -> None:
        """Give back the memory of what was compiled; it is compiled again where it is needed."""
        jax.clear_caches()
        gc.collect()
        if sys.platform == "linux":  # glibc keeps what is freed between blocks in use
            ctypes.CDLL(None).malloc_trim(0)
        cls.at_rest = cls.now()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Free what would make the worker large."""
    if _Memory.now() > _Memory.at_rest + GROWTH:
        _Memory.free()


@pytest.fixture(scope="module", autouse=True)
def compiled_code_is_freed() -> Iterator[None]:
    """Free after a file of tests, always where the system does not say how large the worker is."""
    yield
    if sys.platform != "linux" or _Memory.now() > _Memory.at_rest + BETWEEN:
        _Memory.free()
