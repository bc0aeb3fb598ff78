"""The workers of a comparison: this process, or the Ray pool of campaigns."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from evaluators.comparison.entrants import ComparisonSpec
from evaluators.comparison.plan import Cell, ComparisonPlan
from evaluators.comparison.work import ComparisonWorker
from evaluators.workers import Pool


@contextmanager
def comparison_workers(
    count: int,
) -> Iterator[Callable[[ComparisonSpec, ComparisonPlan], Pool[Cell]] | None]:
    """Opens pools of up to `count` processes, which end with the block; None for 0.

    Workers meet in the folder of kept results: what AdamW was tuned to is read there by whoever
    tunes the next rule. Without such a folder they get one for as long as they work.
    """
    if not count:
        yield None
        return
    from search.pool.ray_pool import RayPool

    with ExitStack() as stack:

        def open_pool(spec: ComparisonSpec, plan: ComparisonPlan) -> Pool[Cell]:
            if spec.folder is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stepsmith-"))
                spec = replace(spec, folder=Path(folder))
            with warnings.catch_warnings():  # Ray forks to execute at once, which JAX warns of
                warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
                pool = RayPool[Cell](min(count, len(plan.left)), partial(ComparisonWorker, spec))
            stack.callback(pool.close)
            return pool

        yield open_pool
