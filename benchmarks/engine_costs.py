"""The constants of `evaluators.engines.choice`: what an entry and an instruction cost each engine.

    python -m benchmarks.engine_costs

Chains of `x * w` on models of many sizes, one lane, with a loss that costs next to nothing: twenty
statements less one, per statement and step. Compiling is timed on AdamW.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from search.core import claim_core
from search.environment import prepare_process

prepare_process()
claim_core()
os.environ.pop("JAX_COMPILATION_CACHE_DIR")  # compiling is measured

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from benchmarks.models import SIZES, digits_mlp  # noqa: E402
from dsl import parse  # noqa: E402
from dsl.program import Program  # noqa: E402
from dsl.zoo import ZOO  # noqa: E402
from evaluators.task import Task  # noqa: E402
from evaluators.train import Engine, Trainer  # noqa: E402

SHORT, LONG = 1, 21


def chain(count: int) -> Program:
    """A program of so many products."""
    steps = "".join("    x = tanh(x)\n    x = x * w + m\n" for _ in range(count // 2))
    return parse(
        f"def chain(w, g, m=zeros, *, lr=1e-9):\n    x = g\n{steps}    m = x\n    return x * lr"
    )


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
    print("parameters  engine     us per statement  ps per entry")
    for size in SIZES:
        steps = max(min(400, 10_000_000 // size), 10)
        for engine in Engine:
            trainer = Trainer(
                cheap(digits_mlp(size)), steps, ("mul", "add", "tanh"), width=1, engine=engine
            )
            short, long = (
                least(partial(trainer.run, chain(count), [0]), 5) for count in (SHORT, LONG)
            )
            each = (long - short) / (LONG - SHORT) / trainer.last
            entries = trainer.machine.layout.size
            print(f"{entries:>10}  {engine:<9} {1e6 * each:>17.2f} {1e12 * each / entries:>13.0f}")
    start = time.process_time()
    Trainer(digits_mlp(SIZES[1]), 20, (), width=1, engine=Engine.COMPILED).run(ZOO["adamw"], [0])
    print(f"compiling AdamW's loop: {time.process_time() - start:.1f} s")


if __name__ == "__main__":
    main()
