"""The training loop, whichever engine takes its steps: checkpoints, losses, early stopping.

Lanes (see `dsl.run.machine.lanes`) train side by side under one program. A lane that has failed or
was pruned goes on with the others; when no other is left, training ends at the next check.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int, Key, UInt

from dsl.run.machine import over_lanes
from evaluators.limits import SANE
from evaluators.task import Task, prepare
from evaluators.training.answers import Answers, all_finite, all_within
from evaluators.training.checkpoints import CHECK_EVERY


class RunInputs(NamedTuple):
    """Everything that the runs from some seeds share; arrays on the device."""

    params: list[Float[Array, "seeds ..."]]
    """Initial parameters, an array per tensor."""
    order: Int[Array, "steps seeds batch"]
    """The training examples of each step."""
    seeds: UInt[Array, " seeds"]
    """The numbers that noise starts from."""


class RunInputsCache:
    """Prepares the inputs of runs of `steps` steps, and keeps those of the seeds used last."""

    def __init__(self, task: Task, steps: int):
        self.task = task
        self.steps = steps
        self.of = lru_cache(maxsize=8)(self._prepare)

    def _prepare(self, seeds: tuple[int, ...]) -> RunInputs:
        prepared = prepare(self.task, seeds, self.steps)
        order = np.ascontiguousarray(prepared.order.swapaxes(0, 1))
        numbers = np.asarray([seed % 2**32 for seed in seeds], np.uint32)
        params, order, numbers = jax.device_put((jax.tree.leaves(prepared.params), order, numbers))
        return RunInputs(params, order, numbers)


class StepContext(NamedTuple):
    """The place of a step in a run."""

    at: Int[Array, ""]
    """The number of steps before it."""
    batch: Int[Array, "seeds batch"]
    """Its training examples."""
    keys: Key[Array, " seeds"]
    """For noise."""


Tensors = list[Float[Array, "lanes ..."]]
"""One array per parameter tensor."""
Advance = Callable[[StepContext, Tensors, Any, Tensors], tuple[Tensors, Any]]
"""(context, params, memory, gradient) -> params, memory: one step of a rule in every lane."""


class Rule(NamedTuple):
    """A rule as the loop sees it: its steps, and where it is evaluated between two of them."""

    advance: Advance
    evaluated: Callable[[Tensors, Any], Tensors]
    """(params, memory) -> the point, which are the parameters unless the rule says otherwise."""
    elsewhere: Bool[Array, ""] | bool
    """True if the rule does."""


class LaneResults(NamedTuple):
    """The outcome of every lane; the last stage lies a little past the horizon."""

    losses: Float[Array, "lanes stages"]
    """NaN where not reached."""
    stopped: Int[Array, " lanes"]
    """The check at which a parameter or an entry of the point was not sane; past the last step if
    there was none."""
    finite: Bool[Array, " lanes"]
    """True if every parameter was finite at the end, and every entry of the point."""
    pruned: Bool[Array, " lanes"]
    """True if a loss was above its threshold."""


class _State(NamedTuple):
    """A training under way; arrays have lanes in front."""

    at: Array
    params: list[Array]
    memory: Any
    stopped: Array
    pruned: Array

    def going(self, never: Array) -> Array:
        """True for lanes that have neither failed nor been pruned."""
        return (self.stopped == never) & ~self.pruned


def train(
    answers: Answers,
    stages: Int[Array, " stages"],
    rule: Rule,
    params: Tensors,
    memory: Any,
    inputs: RunInputs,
    thresholds: Float[Array, " stages"],
) -> LaneResults:
    """Train every lane to the last of `stages`, taking the validation loss at each, at the point
    where the rule is evaluated.

    **Arguments:** `stages`: steps in order, at most those that `inputs` are for. `memory`: what
    the rule keeps from step to step. `thresholds`: losses above which a lane is pruned.
    """
    never = jnp.int32(len(inputs.order) + 1)
    keys = jax.vmap(jax.random.key)(inputs.seeds)
    lanes = len(params[0])

    def one_step(at: Array, carry: tuple[list[Array], Any]) -> tuple[list[Array], Any]:
        params, memory = carry
        index = inputs.order[at]
        gradient = over_lanes(
            lambda index, leaves: jax.grad(answers.loss)(leaves, index), index, params
        )
        return rule.advance(StepContext(at, index, keys), params, memory, gradient)

    def everywhere(holds: Callable[[Tensors], Array], params: Tensors, memory: Any) -> Array:
        """True for lanes whose parameters pass, and whose point does where it is another one."""
        of_point = jax.lax.cond(
            rule.elsewhere,
            lambda: holds(rule.evaluated(params, memory)),
            lambda: jnp.ones(lanes, bool),
        )
        return holds(params) & of_point

    def stage(run: _State, target: tuple[Array, Array]) -> tuple[_State, Array]:
        end, highest = target

        def until_next_check(run: _State) -> _State:
            check = jnp.minimum(run.at + CHECK_EVERY, end)
            params, memory = jax.lax.fori_loop(run.at, check, one_step, (run.params, run.memory))
            sane = everywhere(lambda leaves: all_within(leaves, SANE), params, memory)
            bad = jnp.where(sane, never, check)
            return _State(check, params, memory, jnp.minimum(run.stopped, bad), run.pruned)

        def going(run: _State) -> Array:
            return (run.at < end) & jnp.any(run.going(never))

        run = jax.lax.while_loop(going, until_next_check, run)
        reached = (run.at == end) & run.going(never)
        loss = jax.lax.cond(
            jnp.any(reached),
            partial(jax.lax.map, answers.validate),  # side by side they would leave the cache
            lambda _: jnp.full(reached.shape, jnp.nan, jnp.float32),
            rule.evaluated(run.params, run.memory),
        )
        pruned = run.pruned | (reached & (loss > highest))
        return run._replace(pruned=pruned), jnp.where(reached, loss, jnp.nan)

    start = _State(jnp.int32(0), params, memory, jnp.full(lanes, never), jnp.zeros(lanes, bool))
    run, losses = jax.lax.scan(stage, start, (stages, thresholds))
    finite = everywhere(all_finite, run.params, run.memory)
    return LaneResults(losses.T, run.stopped, finite, run.pruned)
