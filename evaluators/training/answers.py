"""A task's answers to the oracles of a program, over lists of parameter tensors."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, Key

from dsl.language.oracle import Source
from dsl.language.sources import FULL, LOSS, LOSSES, OUTPUTS, SAMPLED
from dsl.program import Program
from dsl.rewrite.liveness import sources
from dsl.run.machine import DoesNotFit
from evaluators.task import Data, Params, Task

Leaves: TypeAlias = list[Float[Array, "..."]]
"""One array per parameter tensor."""
Batch: TypeAlias = Int[Array, " batch"]
"""Numbers of training examples."""


class Answers(NamedTuple):
    """The losses of a task on its data; parameters are leaves of `tree`."""

    task: Task
    tree: Any
    data: Data

    def params(self, leaves: Leaves) -> Params:
        """The parameters in the tree of the task."""
        return jax.tree.unflatten(self.tree, leaves)

    def loss(self, leaves: Leaves, index: Batch) -> Float[Array, ""]:
        """The mean loss of the training examples `index`."""
        return self.task.loss(self.params(leaves), self.data, index)

    def losses(self, leaves: Leaves, index: Batch) -> Float[Array, " batch"]:
        """The loss of each of them: a mean over one example is its own loss."""
        return jax.vmap(lambda one: self.loss(leaves, one[None]))(index)

    def sampled(self, leaves: Leaves, index: Batch, key: Key[Array, ""]) -> Float[Array, ""]:
        """Their mean loss with labels that the model draws."""
        assert self.task.sampled is not None, "asked only of tasks that answer"
        return self.task.sampled(self.params(leaves), self.data, index, key)

    def full(self, leaves: Leaves) -> Float[Array, ""]:
        """The mean loss of all training examples, in one batch."""
        return self.loss(leaves, jnp.arange(self.task.examples()))

    def outputs(
        self, leaves: Leaves, index: Batch
    ) -> tuple[Any, Callable[[Any], Float[Array, ""]]]:
        """The model's outputs on the training examples `index`, and their loss as a function of
        outputs."""
        assert self.task.outputs is not None, "asked only of tasks that answer"
        return self.task.outputs(self.params(leaves), self.data, index)

    def validate(self, leaves: Leaves) -> Float[Array, ""]:
        """The validation loss."""
        return self.task.validate(self.params(leaves), self.data)

    def by_argument(self, index: Batch) -> dict[str, Callable[..., Any]]:
        """The functions that oracles ask, for one batch, by the arguments that hand them over."""
        return {
            LOSS.argument: lambda leaves: self.loss(leaves, index),
            LOSSES.argument: lambda leaves: self.losses(leaves, index),
            FULL.argument: self.full,
            SAMPLED.argument: lambda leaves, key: self.sampled(leaves, index, key),
            OUTPUTS.argument: lambda leaves: self.outputs(leaves, index),
        }


def answered(task: Task) -> tuple[Source, ...]:
    """The functions that a task hands over to oracles; none where others train."""
    if task.outside is not None:
        return ()
    more = {SAMPLED: task.sampled, OUTPUTS: task.outputs}
    return (LOSS, LOSSES, FULL, *(source for source, given in more.items() if given is not None))


def check_answers(task: Task, program: Program) -> None:
    """Raise DoesNotFit if the program asks for something that the task does not answer."""
    asked = sources(program)
    if task.outside is not None and asked:
        raise DoesNotFit(f"task '{task.name}' answers no oracle, which the program asks")
    if task.sampled is None and SAMPLED in asked:
        raise DoesNotFit(f"the model of task '{task.name}' draws no labels, which the program asks")
    if task.outputs is None and OUTPUTS in asked:
        raise DoesNotFit(
            f"task '{task.name}' shows its loss, not the outputs of its model, which the program "
            "asks"
        )


def all_finite(leaves: list[Float[Array, "lanes ..."]]) -> Bool[Array, " lanes"]:
    """True for lanes whose parameters are all finite."""
    return _every(leaves, jnp.isfinite)


def all_within(leaves: list[Float[Array, "lanes ..."]], bound: float) -> Bool[Array, " lanes"]:
    """True for lanes whose parameters are all finite and at most `bound` in magnitude."""
    return _every(leaves, lambda leaf: jnp.abs(leaf) <= bound)


def _every(
    leaves: list[Float[Array, "lanes ..."]], holds: Callable[[Array], Array]
) -> Bool[Array, " lanes"]:
    each = [jnp.all(holds(leaf), axis=tuple(range(1, leaf.ndim))) for leaf in leaves]
    return jnp.all(jnp.stack(each), axis=0)
