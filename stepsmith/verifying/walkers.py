"""A rule, a PyTorch class or an Optax factory as something that makes steps on a model."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dsl import to_optax
from dsl.errors import did_you_mean
from dsl.language.sources import LOSS
from dsl.program import Program
from dsl.rewrite.lower import without_cancellation
from dsl.run.interpret import run_step
from dsl.run.jax_step import JaxStep
from dsl.run.values import initial
from dsl.shapes import Leaves
from stepsmith.errors import UsageError
from stepsmith.verifying.model import SmallModel

_QUICKLY = {"xla_backend_optimization_level": 0}
"""A step runs a few dozen times: optimizing it takes longer than running it."""


@runtime_checkable
class Walker(Protocol):
    """Holds parameters and moves them."""

    def step(self, count: int) -> Leaves:
        """Make the step after `count` steps; the parameters after it."""
        ...


class OptaxWalker:
    """An Optax transformation, compiled; extra arguments are given to those that take them."""

    def __init__(self, transformation: Any, model: SmallModel):
        self.model = model
        self.leaves: Any = [jnp.asarray(leaf) for leaf in model.start()]
        made = optax.with_extra_args_support(transformation)
        self.state: Any = made.init(self.leaves)

        def step(leaves: Any, state: Any, value: Any, grads: Any, batch: Any) -> Any:
            value_fn = partial(model.loss, batch=batch)
            extra = {"value": value, "value_fn": value_fn, "grad": grads}
            moves, state = made.update(grads, state, leaves, **extra)
            return optax.apply_updates(leaves, moves), state

        self._step = jax.jit(step, compiler_options=_QUICKLY)

    def step(self, count: int) -> Leaves:
        value, grads = self.model.value_and_gradient(self.leaves, count)
        batch = self.model.batch(count)
        self.leaves, self.state = self._step(self.leaves, self.state, value, grads, batch)
        return [np.array(leaf) for leaf in self.leaves]


class TorchWalker:
    """A PyTorch optimizer; one that wants a closure gets it."""

    def __init__(self, kind: Any, arguments: Mapping[str, Any], model: SmallModel):
        self.model = model
        self.torch = importlib.import_module("torch")
        self.parameters = [
            self.torch.nn.Parameter(self.torch.tensor(leaf)) for leaf in model.start()
        ]
        self.optimizer = kind(self.parameters, **arguments)

    def step(self, count: int) -> Leaves:
        def closure() -> Any:
            leaves = [parameter.detach().numpy() for parameter in self.parameters]
            value, grads = self.model.value_and_gradient(leaves, count)
            for parameter, grad in zip(self.parameters, grads, strict=True):
                parameter.grad = self.torch.tensor(grad)
            return self.torch.tensor(value)

        closure()
        wanted = inspect.signature(self.optimizer.step).parameters.get("closure")
        needs = wanted is not None and wanted.default is inspect.Parameter.empty
        self.optimizer.step(*([closure] if needs else []))
        return [parameter.detach().numpy().copy() for parameter in self.parameters]


class Refused(Exception):
    """Another optimizer that raised an error in place of a step: neither equal nor unequal.

    `exit_status` is that of the command line.
    """

    exit_status = 1

    def __init__(self, name: str, when: str, error: Exception):
        first = str(error).strip().splitlines()
        met = f"{type(error).__name__}: {first[0]}" if first else type(error).__name__
        super().__init__(
            f"'{name}' refused while {when}: {met}\n"
            "help: --ranks leaves out tensors that it cannot take, --other sets its arguments"
        )


class Guarded:
    """An optimizer of a library; Refused if it raises anything."""

    def __init__(self, walker: Walker, name: str):
        self.walker = walker
        self.name = name

    def step(self, count: int) -> Leaves:
        try:
            return self.walker.step(count)
        except Exception as error:
            raise Refused(self.name, f"making step {count + 1}", error) from None


def rule_walker(program: Program, model: SmallModel, horizon: int) -> Walker:
    """A rule with its defaults as hyperparameters, as `to_optax` runs it."""
    return OptaxWalker(to_optax(program, horizon=horizon), model)


class NumpyWalker:
    """The same in NumPy: many times faster, noise and oracles aside, and as exact in float64."""

    def __init__(self, program: Program, model: SmallModel, horizon: int):
        self.model = model
        self.horizon = horizon
        self.program = without_cancellation(program)
        self.leaves = model.start()
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
        moves, self.slots = run_step(self.program, inputs, self.slots, asked, np)
        self.leaves = [np.asarray(w - move) for w, move in zip(self.leaves, moves, strict=True)]
        return self.leaves


def imported(path: str) -> Callable[..., Any]:
    """A class or factory by its dotted name; UsageError if nothing has that name."""
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise UsageError(
            f"unknown optimizer '{path}'\n"
            "help: give the dotted name of a PyTorch class or an Optax factory "
            "(torch.optim.AdamW, optax.lion), or a RULE"
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        hint = "\nhelp: pip install 'stepsmith[torch]'" if "torch" in str(error) else ""
        raise UsageError(f"cannot import '{module_name}': {error}{hint}") from None
    found = getattr(module, name, None)
    if not callable(found):
        close = did_you_mean(name, [n for n in dir(module) if not n.startswith("_")])
        raise UsageError(f"'{module_name}' has no optimizer '{name}'{close}")
    return found


def is_torch(factory: Callable[..., Any]) -> bool:
    """True for a class of the form of PyTorch's optimizers."""
    return inspect.isclass(factory) and hasattr(factory, "step") and hasattr(factory, "zero_grad")


def library_walker(
    factory: Callable[..., Any], arguments: Mapping[str, Any], model: SmallModel
) -> Walker:
    """An optimizer of a library; UsageError if it cannot be made of these arguments."""
    try:
        if is_torch(factory):
            return Guarded(TorchWalker(factory, arguments, model), factory.__name__)
        made = factory(**arguments)
        if not (hasattr(made, "init") and hasattr(made, "update")):
            raise UsageError(
                f"'{factory.__name__}' is neither a PyTorch optimizer nor an Optax factory"
            )
        return Guarded(OptaxWalker(made, model), factory.__name__)
    except UsageError:
        raise
    except (TypeError, ValueError) as error:
        takes = ", ".join(inspect.signature(factory).parameters)
        raise UsageError(
            f"cannot make '{factory.__name__}': {error}\nhelp: it takes {takes}"
        ) from None
    except Exception as error:
        raise Refused(factory.__name__, "being made", error) from None
