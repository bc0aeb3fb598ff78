"""Memory that there is, and a bound that turns asking for more into an error."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GIB = 2**30
_ROOM = 2 * _GIB
"""Address space beyond the memory that there is: threads and libraries map much that they never
touch."""


def available() -> int | None:
    """Bytes that may still be used, by the kernel and by the limit of a container; None where
    nobody says."""
    found = [number for number in (_of_kernel(), _of_container()) if number is not None]
    return min(found) if found else None


def gigabytes(count: float) -> str:
    """`40 GB`, `0.3 GB`."""
    return f"{count / 1e9:.0f} GB" if count >= 9.5e9 else f"{count / 1e9:.1f} GB"


@contextmanager
def bounded() -> Iterator[None]:
    """Within the block, asking for more memory than there is raises MemoryError, or an error of JAX
    with the word RESOURCE_EXHAUSTED, in place of ending the process. Linux alone."""
    free = available()
    if free is None or not sys.platform.startswith("linux"):
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    bound = _mapped() + free + _ROOM
    limits = [limit for limit in (before, most, bound) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))


def _mapped() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _of_kernel() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return 1024 * int(found[0]) if found else None


def _of_container() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        most, used = (
            (folder / name).read_text().strip() for name in ("memory.max", "memory.current")
        )
    except OSError:
        return None
    return None if most == "max" else max(int(most) - int(used), 0)
