"""The share of a core that a process gets on a machine that others use too."""

import time

_LEAST = 0.05


def core_share(seconds: float = 0.3) -> float:
    """The CPU time of this process, which does nothing but compute for so long, as a share of the
    time that passes: about 1 on a core of its own, 0.5 on one that it has to share with another."""
    began, used = time.perf_counter(), time.process_time()
    while (passed := time.perf_counter() - began) < seconds:
        pass
    return min(max((time.process_time() - used) / passed, _LEAST), 1.0)
