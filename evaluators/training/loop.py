"""The training loop, whatever takes its steps: looks, losses on the way, early stopping.

Lanes (see `dsl.run.machine.lanes`) train side by side under one program. A lane that has failed or
is hopeless goes on with the others; when none is left, training ends at the next look.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dsl.run.machine import over_lanes
from evaluators.training.answers import Answers, all_finite, all_within

SANE = 1e4
"""Largest magnitude a parameter may reach: a loss can be fooled by weights far beyond it."""

CHECK_EVERY = 10
"""Steps between looks at the parameters; a run that has failed goes on to the next look."""


class Feed(NamedTuple):
    """What every run from some seeds takes; arrays on the device."""

    params: list[Array]
    """[seeds, *shape] for each tensor."""
    order: Array
    """int32 [steps, seeds, batch]."""
    seeds: Array
    """uint32 [seeds]: what noise starts from."""


class Moment(NamedTuple):
    """Where a step is taken."""

    at: Array
    """The number of steps before it."""
    batch: Array
    """int32 [seeds, batch]: its training examples."""
    keys: Array
    """[seeds]: for noise."""


Advance = Callable[[Moment, list[Array], Any, list[Array]], tuple[list[Array], Any]]
"""(moment, params, memory, gradient) -> params, memory: one step of a rule in every lane."""


class Found(NamedTuple):
    """What came of a run, by lane."""

    losses: Array
    """[lanes, stages]; NaN where not reached."""
    stopped: Array
    """int32 [lanes]: the look at which a parameter was not sane; past the last step if never."""
    finite: Array
    """bool [lanes]: at the end."""
    hopeless: Array
    """bool [lanes]: whether a loss was above the bar."""


class _State(NamedTuple):
    """A training under way; arrays have lanes in front."""

    at: Array
    params: list[Array]
    memory: Any
    stopped: Array
    hopeless: Array

    def going(self, never: Array) -> Array:
        """Which lanes have neither failed nor been given up."""
        return (self.stopped == never) & ~self.hopeless


def train(
    answers: Answers,
    stages: Sequence[int],
    advance: Advance,
    params: list[Array],
    memory: Any,
    feed: Feed,
    bar: Array,
) -> Found:
    """Train every lane to the last of `stages`, with a look at the validation loss at each.

    **Arguments:** `params`: an array [lanes, *shape] per tensor; `memory`: what `advance` keeps
    from step to step; `bar` [stages]: losses above which a lane is given up.
    """
    never = jnp.int32(stages[-1] + 1)
    keys = jax.vmap(jax.random.key)(feed.seeds)
    lanes = len(params[0])

    def one_step(at: Array, carry: tuple[list[Array], Any]) -> tuple[list[Array], Any]:
        params, memory = carry
        index = feed.order[at]
        gradient = over_lanes(
            lambda index, leaves: jax.grad(answers.loss)(leaves, index), index, params
        )
        return advance(Moment(at, index, keys), params, memory, gradient)

    def stage(run: _State, target: tuple[Array, Array]) -> tuple[_State, Array]:
        end, highest = target

        def until_next_look(run: _State) -> _State:
            look = jnp.minimum(run.at + CHECK_EVERY, end)
            params, memory = jax.lax.fori_loop(run.at, look, one_step, (run.params, run.memory))
            bad = jnp.where(all_within(params, SANE), never, look)
            return _State(look, params, memory, jnp.minimum(run.stopped, bad), run.hopeless)

        def going(run: _State) -> Array:
            return (run.at < end) & jnp.any(run.going(never))

        run = jax.lax.while_loop(going, until_next_look, run)
        reached = (run.at == end) & run.going(never)
        loss = jax.lax.cond(
            jnp.any(reached),
            partial(jax.lax.map, answers.validate),  # side by side they would leave the cache
            lambda _: jnp.full(reached.shape, jnp.nan, jnp.float32),
            run.params,
        )
        hopeless = run.hopeless | (reached & (loss > highest))
        return run._replace(hopeless=hopeless), jnp.where(reached, loss, jnp.nan)

    start = _State(jnp.int32(0), params, memory, jnp.full(lanes, never), jnp.zeros(lanes, bool))
    run, losses = jax.lax.scan(stage, start, (jnp.asarray(np.asarray(stages, np.int32)), bar))
    return Found(losses.T, run.stopped, all_finite(run.params), run.hopeless)
