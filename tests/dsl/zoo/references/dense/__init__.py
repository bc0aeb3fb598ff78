"""Dense implementations of zoo entries, one file per group; written without the language.

    @dense("signum")
    def signum(at: At, m, *, lr, b1, wd):
        for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
            m[i] = b1 * m[i] + (1 - b1) * g
            w -= lr * (np.sign(m[i]) + wd * w)

The function makes one step: it changes `at.w`, sets `at.point` if something else is evaluated, and
changes its state in place; all are lists of float64 arrays with one per parameter tensor.
Positional parameters after `at` are state: lists of zeros at first, or what `state={"name":
function of the first parameters}` makes. Keyword ones are hyperparameters, all of those that the
entry has. Instead of in state lists, anything may be kept in `at.memory`, a dict that is empty at
first.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.dsl.zoo.references import model

Leaves = model.Leaves


class At:
    """Where a step is made: parameters `w`, gradient `g`, step `t` from 1; what can be asked."""

    def __init__(self, w: Leaves):
        self.w = w
        self.point = w
        self.memory: dict[str, Any] = {}
        self.T = model.STEPS

    def moved(self, count: int, batch: Any) -> "At":
        """At the step after `count` steps, with its batch and gradient."""
        self.t = count + 1
        self.batch = batch
        self.g = self.grad_at(self.w)
        return self

    @property
    def loss(self) -> float:
        """The loss at `w`."""
        return self.loss_at(self.w)

    def loss_at(self, leaves: Leaves) -> float:
        """The loss of this step's batch at other parameters."""
        return float(model.value(leaves, self.batch))

    def grad_at(self, leaves: Leaves) -> Leaves:
        """The gradient of this step's batch at other parameters."""
        return model.as_numpy(model.gradient(leaves, self.batch))

    def full_grad_at(self, leaves: Leaves) -> Leaves:
        """The gradient of the loss over all batches at other parameters."""
        return model.as_numpy(model.full_gradient(leaves))

    def hessian(self) -> np.ndarray:
        """The Hessian at `w`, [entries, entries]."""
        return np.array(model.hessian(self.w, self.batch))

    def hvp(self, v: Leaves) -> Leaves:
        """The Hessian at `w` times `v`."""
        return model.shaped(self.hessian() @ model.flattened(v), v)

    def gradients(self) -> list[Leaves]:
        """The gradient at `w` of each example of this step's batch."""
        each = model.as_numpy(model.gradients(self.w, self.batch))
        return [list(leaves) for leaves in zip(*each, strict=True)]

    def sampled_grad(self, stream: int = 0) -> Leaves:
        """The gradient at `w` of this step's batch with labels that the model draws."""
        at = self.w, self.batch, self.t - 1, stream
        return model.as_numpy(model.sampled_gradient(*at))

    def noise(self, distribution: str, stream: int = 0, members: int | None = None) -> Leaves:
        """The draws of the program: "rademacher" or "normal" numbers shaped like `w`, or like a
        population of so many members."""
        shaped = [w if members is None else np.stack([w] * members) for w in self.w]
        return model.as_numpy(model.draw(shaped, self.t - 1, distribution, stream))


Step = Callable[..., None]

DENSE: dict[str, Callable[[Leaves], Callable[..., None]]] = {}
"""For each name: (first parameters) -> (at, hyperparameters) -> None, which makes a step."""


def dense(
    *names: str, state: dict[str, Callable[[Leaves], Any]] | None = None
) -> Callable[[Step], Step]:
    """Register the decorated step as the implementation of entries `names`.

    One function may serve several entries: parameters with a default that an entry does not have
    as hyperparameters keep it.
    """

    def register(step: Step) -> Step:
        signature = list(inspect.signature(step).parameters.values())
        slots = [p.name for p in signature[1:] if p.kind is not p.KEYWORD_ONLY]
        takes = {p.name for p in signature if p.kind is p.KEYWORD_ONLY}

        def begun(leaves: Leaves) -> Callable[..., None]:
            starts = {**dict.fromkeys(slots, _zeros), **(state or {})}
            held = [starts[name](leaves) for name in slots]

            def made(at: At, hyper: dict[str, float]) -> None:
                unknown = set(hyper) - takes
                assert not unknown, f"the dense step does not take {unknown}"
                step(at, *held, **hyper)

            return made

        for name in names:
            assert name not in DENSE, f"dense '{name}' is declared twice"
            DENSE[name] = begun
        return step

    return register


def _zeros(leaves: Leaves) -> Leaves:
    return [np.zeros_like(leaf) for leaf in leaves]


for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
