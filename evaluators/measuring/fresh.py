"""The same values in a process of its own: what depends on a process, its order of sets or its
memory of what ran before makes a campaign that no other one repeats."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import jax

from dsl.plugins import Plugin, load_again, loaded
from evaluators import registry
from evaluators.own.definition import definition
from evaluators.registry import OwnTask
from evaluators.task import Task, prepare
from evaluators.training.environment import worker_environment

_CODE = "from evaluators.measuring.fresh import main; main()"
_SEED = 3


def values(task: Task) -> list[str]:
    """A digest of what a task computes, and its losses at fresh parameters, to the last bit."""
    ready = prepare(task, [_SEED], 1)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    loss = jax.jit(task.loss)(params, ready.data, ready.order[0, 0])
    validation = jax.jit(task.validate)(params, ready.data)
    return [definition(task), float(loss).hex(), float(validation).hex()]


def check_fresh(own: OwnTask) -> None:
    """Compare a task with itself in a fresh process, which loads its plug-in; TaskFault if it is
    another one there. One that no plug-in brought is left alone."""
    origin, name = own.source.origin, own.task.name
    plugin = next((each for each in loaded() if name in each.names("task")), None)
    if plugin is None:
        return
    done = subprocess.run(
        [sys.executable, "-c", _CODE],
        input=json.dumps({"plugin": asdict(plugin), "name": name}),
        env={**os.environ, **worker_environment(), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it says nothing"]
        origin.fault(
            None,
            f"the task fails in a process of its own: {words[-1]}",
            "let the file do all that it needs: no variables of a shell or a notebook",
        )
    if json.loads(done.stdout.splitlines()[-1]) != values(own.task):
        origin.fault(
            own.source.examples,
            "the task is another one in a process of its own: its examples, its initial "
            "parameters or its losses differ",
            "fix every seed in the file, and let nothing depend on hash(), the order of a set, "
            "the clock or the folder it is run in",
        )


def main() -> None:
    """The fresh process: prints the digest of the task that stdin names."""
    asked = json.loads(sys.stdin.read())
    load_again(Plugin(**asked["plugin"]))
    own = registry.own(asked["name"])
    assert own is not None, "its plug-in declares it"
    print(json.dumps(values(own.task)))
