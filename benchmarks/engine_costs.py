"""The constants of `evaluators.training.choice`: what an entry and an instruction cost each engine.

    python -m benchmarks.engine_costs

On models of many sizes, one lane, with a loss that costs next to nothing: AdamW less plain descent,
per instruction that the machine takes more of, and step. Compiling is timed on AdamW.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from evaluators.training.environment import prepare_process
from search.pool.cpu_affinity import claim_core

prepare_process()
claim_core()
os.environ.pop("JAX_COMPILATION_CACHE_DIR")  # compiling is measured

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from benchmarks.models import SIZES, digits_mlp  # noqa: E402
from dsl import canonical  # noqa: E402
from dsl.language.registry import searchable  # noqa: E402
from dsl.zoo import ZOO  # noqa: E402
from evaluators.task import Task  # noqa: E402
from evaluators.training.choice import Engine  # noqa: E402
from evaluators.training.trainer import Trainer  # noqa: E402

PLAIN, WHOLE = (canonical(ZOO[name].with_hyperparameters(lr=1e-9)) for name in ("sgd", "adamw"))


def least(action: Callable[[], Any], repeats: int) -> float:
    """The smallest CPU time of an action, the first one aside."""
    action()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def cheap(task: Task) -> Task:
    """The task with a loss that costs one pass over the parameters."""

    def loss(params: Any, *_: Any) -> jax.Array:
        return sum((jnp.sum(leaf) for leaf in jax.tree.leaves(params)), start=jnp.float32(0)) * 1e-3

    return replace(task, loss=loss, validate=loss)


def main() -> None:
    print("parameters  engine     us per instruction  ps per entry")
    for size in SIZES:
        steps = max(min(400, 10_000_000 // size), 10)
        for engine in Engine:
            trainer = Trainer(cheap(digits_mlp(size)), steps, searchable(), width=1, engine=engine)
            plain, whole = (least(partial(trainer.run, rule, [0]), 5) for rule in (PLAIN, WHOLE))
            fewer, more = (len(trainer.machine.encode(rule).op) for rule in (PLAIN, WHOLE))
            each = (whole - plain) / (more - fewer) / trainer.last
            entries = trainer.machine.layout.size
            print(f"{entries:>10}  {engine:<9} {1e6 * each:>19.2f} {1e12 * each / entries:>13.0f}")
    start = time.process_time()
    Trainer(digits_mlp(SIZES[1]), 20, (), width=1, engine=Engine.COMPILED).run(ZOO["adamw"], [0])
    print(f"compiling AdamW's loop: {time.process_time() - start:.1f} s")


if __name__ == "__main__":
    main()
