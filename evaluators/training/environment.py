"""The environment that JAX is started in: one thread per process, on the CPU unless told otherwise,
loops as functions of machine code. XLA's own log is left out: it is `compiling` that says what
takes long to compile, and errors are raised besides.

Compiled machines are kept in the user's cache folder, so that a second worker, and a campaign that
is taken up again, load them instead of compiling.

Imports nothing heavy, since it has to be applied before JAX is imported.
"""

import gc
import os
from collections.abc import Mapping
from pathlib import Path

from dsl.lazy import XLA_FLAGS

_FLAGS = ("--xla_cpu_multi_thread_eigen=false", *XLA_FLAGS)
"""One thread, and the flags that the machine relies on."""


def worker_environment(current: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables for a process that evaluates programs; keeps what the user has set but threads."""
    flags = current.get("XLA_FLAGS", "")
    for flag in _FLAGS:
        if flag.split("=")[0] not in flags:
            flags = f"{flags} {flag}".strip()
    return {
        "JAX_PLATFORMS": current.get("JAX_PLATFORMS") or "cpu",
        "JAX_COMPILATION_CACHE_DIR": current.get("JAX_COMPILATION_CACHE_DIR") or _cache(current),
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": current.get("TF_CPP_MIN_LOG_LEVEL") or "3",
        "PJRT_NPROC": current.get("PJRT_NPROC") or "1",
        "XLA_FLAGS": flags,
    }


def _cache(current: Mapping[str, str]) -> str:
    base = current.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return str(Path(base) / "stepsmith" / "compiled")


def prepare_process() -> None:
    """Give this process the environment of a worker; call it before JAX is imported."""
    os.environ.update(worker_environment())


def settle() -> None:
    """Take what lives by now out of the sight of the garbage collector; to be called when this
    process has compiled its machines.

    Compiling leaves some hundred thousand objects behind, which stay; going through all of them
    takes tenths of a second each time.
    """
    gc.collect()
    gc.freeze()
