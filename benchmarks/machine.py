"""What running a program without compiling it costs: the machine against hand-written Optax.

    python benchmarks/machine.py [--tasks digits,chars,quadratic] [--rules adamw,lion] [--repeats
    25]

Both train the same model from the same start on the same batches in one process, in turns; the
figure is the ratio of CPU times (the smallest of the repeats), since the wall clock of a shared
machine says little. Also: what a never seen program costs against compiling a training loop for it.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from search.environment import prepare_process  # noqa: E402

prepare_process()
os.environ.pop("JAX_COMPILATION_CACHE_DIR")  # compiling is measured

import jax  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

from dsl.zoo import ZOO  # noqa: E402
from evaluators import registry  # noqa: E402
from evaluators.task import Task, prepare  # noqa: E402
from evaluators.train import Trainer, searchable  # noqa: E402

RATE, SEED = 1e-2, 0
OPTAX: dict[str, Callable[[], Any]] = {
    "adamw": lambda: optax.adamw(RATE, weight_decay=1e-2),
    "lion": lambda: optax.lion(RATE, weight_decay=0.0),
    "adam": lambda: optax.adam(RATE),
    "sgd": lambda: optax.sgd(RATE),
}


class Row(NamedTuple):
    """Milliseconds of one run of each, CPU; seconds of one compilation of each."""

    task: str
    size: int
    rule: str
    machine: float
    hand_written: float
    compile_machine: float
    compile_rule: float


def hand_written(task: Task, rule: str) -> Callable[[], Any]:
    """A training run with Optax's own rule, compiled as one loop."""
    chosen = OPTAX[rule]()
    ready = prepare(task, [SEED], task.horizon)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)

    @jax.jit
    def train(params: Any, order: Any, data: Any) -> Any:
        def body(i: Any, carry: Any) -> Any:
            params, state = carry
            gradient = jax.grad(task.loss)(params, data, order[i])
            move, state = chosen.update(gradient, state, params)
            return optax.apply_updates(params, move), state

        start = (params, chosen.init(params))
        return task.validate(jax.lax.fori_loop(0, order.shape[0], body, start)[0], data)

    args = jax.device_put((params, ready.order[0], ready.data))
    return lambda: jax.block_until_ready(train(*args))


def cpu_seconds(action: Callable[[], Any]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def measure(task: Task, rules: list[str], repeats: int) -> list[Row]:
    """The rows of one task; the machine is compiled once for all rules."""
    trainer = Trainer(task, task.horizon, searchable(), width=1)
    rows = []
    compiled = 0.0
    for rule in rules:
        program = ZOO[rule].with_hyperparameters(lr=RATE)
        one, other = lambda p=program: trainer.run(p, [SEED]), hand_written(task, rule)
        first = cpu_seconds(one)
        compiled = compiled or first
        compile_rule = cpu_seconds(other)
        pairs = [(cpu_seconds(one), cpu_seconds(other)) for _ in range(repeats)]
        machine, plain = (1e3 * float(np.min(times)) for times in zip(*pairs, strict=True))
        size = trainer.machine.layout.size
        rows.append(Row(task.name, size, rule, machine, plain, compiled, compile_rule))
    assert trainer.compilations == 1
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default=",".join(registry.names()))
    parser.add_argument("--rules", default="adamw,lion")
    parser.add_argument("--repeats", type=int, default=25)
    chosen = parser.parse_args()
    print("task       params  rule    machine ms  Optax ms  ratio  compile s: machine  rule  gain")
    for name in chosen.tasks.split(","):
        for row in measure(registry.get(name), chosen.rules.split(","), chosen.repeats):
            gain = 1e3 * row.compile_rule / row.machine
            print(
                f"{row.task:<10} {row.size:>6}  {row.rule:<6} {row.machine:>11.2f} "
                f"{row.hand_written:>9.2f} {row.machine / row.hand_written:>6.2f} "
                f"{row.compile_machine:>18.1f} {row.compile_rule:>5.1f} {gain:>4.0f}x"
            )


if __name__ == "__main__":
    main()
