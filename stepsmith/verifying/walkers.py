"""A rule or an Optax transformation as something that makes steps on a model."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from optax.contrib import ScheduleFreeState, schedule_free_eval_params

from dsl import eval_params, to_optax
from dsl.language.sources import LOSS
from dsl.program import Program
from dsl.rewrite.lower import spelled_out, without_cancellation
from dsl.rewrite.point import keeping_point
from dsl.run.interpret import Observe, run_step
from dsl.run.jax_step import JaxStep
from dsl.run.values import initial
from dsl.shapes import Leaves
from stepsmith.verifying.model import SmallModel

_QUICKLY = {"xla_backend_optimization_level": 0}
"""A step runs a few dozen times: optimizing it takes longer than running it."""


@runtime_checkable
class Walker(Protocol):
    """Holds parameters and moves them."""

    def step(self, count: int) -> Leaves:
        """Make the step after `count` steps; the parameters after it."""
        ...

    def point(self) -> Leaves | None:
        """The parameters that it wants to be evaluated at then; None if it is not known to have
        others than those that it moves."""
        ...


class OptaxWalker:
    """An Optax transformation, compiled; extra arguments are given to those that take them.

    `around` makes another function of the step, before it is compiled. `evaluated` finds the
    parameters to evaluate in the state and the parameters.
    """

    def __init__(
        self,
        transformation: Any,
        model: SmallModel,
        around: Callable[[Any], Any] | None = None,
        evaluated: Callable[[Any, Any], Any] | None = None,
    ):
        self.model = model
        self.evaluated = evaluated
        self.leaves: Any = [jnp.asarray(leaf) for leaf in model.start()]
        made = optax.with_extra_args_support(transformation)
        self.state: Any = made.init(self.leaves)
        self.paired = isinstance(self.state, optax.LookaheadState)
        if isinstance(self.state, ScheduleFreeState):
            self.evaluated = schedule_free_eval_params
        if self.paired:  # it moves slow parameters too
            self.leaves = optax.LookaheadParams.init_synced(self.leaves)
            self.state = made.init(self.leaves)

        takes = inspect.signature(made.update).parameters
        names = None if any(p.kind is p.VAR_KEYWORD for p in takes.values()) else [*takes]

        def step(leaves: Any, state: Any, value: Any, grads: Any, batch: Any) -> Any:
            value_fn = partial(model.loss, batch=batch)
            extra = {"value": value, "value_fn": value_fn, "grad": grads, "obj_fn": value_fn}
            extra["grad_fn"] = lambda params, _: jax.grad(value_fn)(params)
            taken = {name: extra[name] for name in extra if name in names} if names else extra
            moves, state = made.update(grads, state, leaves, **taken)
            return optax.apply_updates(leaves, moves), state

        run = step if around is None else around(step)
        self._step = jax.jit(run, compiler_options=_QUICKLY)

    def step(self, count: int) -> Leaves:
        value, grads = self.model.value_and_gradient(self.moved, count)
        batch = self.model.batch(count)
        self.leaves, self.state = self._step(self.leaves, self.state, value, grads, batch)
        return [np.array(leaf) for leaf in self.moved]

    def point(self) -> Leaves | None:
        found = self.leaves.slow if self.paired else None
        if self.evaluated is not None:
            found = self.evaluated(self.state, self.leaves)
        return None if found is None else [np.array(leaf) for leaf in found]

    @property
    def moved(self) -> Any:
        """The parameters that gradients are taken at."""
        return self.leaves.fast if self.paired else self.leaves


def rule_walker(program: Program, model: SmallModel, horizon: int) -> Walker:
    """A rule with its defaults as hyperparameters, as `to_optax` runs it."""
    evaluated = partial(eval_params, program)
    return OptaxWalker(to_optax(program, horizon=horizon), model, evaluated=evaluated)


def as_walked(program: Program) -> Program:
    """The program whose statements `NumpyWalker` runs."""
    return spelled_out(without_cancellation(program))


class NumpyWalker:
    """The same in NumPy: many times faster, noise and oracles aside, and as exact in float64.

    `observe` is told of every statement of `as_walked(program)`.
    """

    def __init__(
        self,
        program: Program,
        model: SmallModel,
        horizon: int,
        observe: Observe | None = None,
        start: Leaves | None = None,
    ):
        self.model = model
        self.horizon = horizon
        self.program, self.held = keeping_point(as_walked(program))
        self.observe = observe
        self.leaves = model.start() if start is None else start
        self.slots = {
            name: initial(init, self.leaves, np) for name, init in self.program.slots.items()
        }

    def step(self, count: int) -> Leaves:
        value, grads = self.model.value_and_gradient(self.leaves, count)
        dtype = self.leaves[0].dtype.type
        inputs = {
            **self.program.hyperparameters,
            **{"w": self.leaves, "g": grads, "t": dtype(count + 1), "T": float(self.horizon)},
            "loss": value,
        }
        tree = jax.tree.structure(self.leaves)
        value_fn = partial(self.model.loss, batch=self.model.batch(count))
        given = {LOSS.argument: value_fn}
        asked = JaxStep(tree, self.leaves, jax.random.key(0), count, given)
        moves, self.slots = run_step(
            self.program, inputs, self.slots, asked, np, observe=self.observe
        )
        self.leaves = [np.asarray(w - move) for w, move in zip(self.leaves, moves, strict=True)]
        return self.leaves

    def point(self) -> Leaves | None:
        return self.leaves if self.held is None else self.slots[self.held]
