"""A small model that an exported PyTorch optimizer trains, with all that a rule may ask for."""

import inspect
from functools import cache
from typing import Any

import torch

from dsl.export import to_torch_source
from dsl.export.names import camel_case
from tests.dsl.zoo.references.model import batches
from tests.support.exporting import RULES, begin, extra, loaded, ranks_of

STEPS = 4
"""Steps of a training that is not told how many."""


@cache
def file_of(name: str) -> str:
    """The exported file of a rule."""
    return to_torch_source(RULES[name])


def class_of(name: str) -> Any:
    """The exported class of a rule."""
    return loaded(file_of(name))[camel_case(RULES[name])]


class Training:
    """The model, the exported optimizer of a rule, and batches of data.

    The graph of the loss keeps the parameters themselves, as that of most models does: PyTorch
    notes if one is written over before the graph has been used.
    """

    def __init__(
        self, name: str, make: Any = None, dtype: torch.dtype = torch.float64, **options: Any
    ):
        self.name, self.dtype = name, dtype
        begun = begin(RULES[name], "float64")
        self.model = [torch.nn.Parameter(torch.tensor(x).to(dtype)) for x in begun]
        self.data = batches("float64", ranks_of(RULES[name]))
        self.make = make or class_of(name)
        self.options = {**extra(RULES[name]), **options}
        self.optimizer: Any = None
        self.optimize(self.model)
        self.at = 0

    def optimize(self, params: Any) -> None:
        """Have a new optimizer move `params`."""
        self.optimizer = self.make(params, **self.options)

    def closure(self) -> torch.Tensor:
        """The loss of the present batch."""
        return self._sign * self._loss(self.at)

    def gradients(self) -> None:
        """Make the gradients of the present batch."""
        self.optimizer.zero_grad()
        self.closure().backward()

    def step(self) -> None:
        """One step with the gradients that are there."""
        known = {
            "losses_fn": self._losses,
            "full_fn": self._full,
            "sampled_fn": self._sampled,
            "outputs_fn": lambda: (self._outputs(self.at), self._loss_of),
        }
        taken = inspect.signature(self.optimizer.step).parameters
        self.optimizer.step(self.closure, **{n: f for n, f in known.items() if n in taken})
        self.at += 1

    def go(self, steps: int = STEPS) -> "Training":
        """Steps with gradients of their own."""
        for _ in range(steps):
            self.gradients()
            self.step()
        return self

    def values(self) -> torch.Tensor:
        """The parameters of the model, apart from their gradients."""
        return self._flat().detach()

    @property
    def _sign(self) -> int:
        return -1 if self.optimizer.param_groups[0]["maximize"] else 1

    def _batch(self, at: int) -> tuple[torch.Tensor, torch.Tensor]:
        features, targets = self.data[at]
        return torch.tensor(features).to(self.dtype), torch.tensor(targets).to(self.dtype)

    def _flat(self) -> torch.Tensor:
        return torch.cat([p.reshape(-1) for p in self.model])

    def _outputs(self, at: int) -> torch.Tensor:
        return torch.tanh(self._batch(at)[0] @ self._flat())

    def _loss(self, at: int) -> torch.Tensor:
        size = sum(p.square().sum() for p in self.model)
        return 2 * torch.mean(torch.square(self._outputs(at) - self._batch(at)[1])) + size / 99

    def _losses(self) -> torch.Tensor:
        return self._sign * 2 * torch.square(self._outputs(self.at) - self._batch(self.at)[1])

    def _loss_of(self, outputs: torch.Tensor) -> torch.Tensor:
        return self._sign * 2 * torch.mean(torch.square(outputs - self._batch(self.at)[1]))

    def _full(self) -> torch.Tensor:
        return self._sign * torch.stack([self._loss(at) for at in range(STEPS)]).mean()

    def _sampled(self, generator: torch.Generator) -> torch.Tensor:
        made = self._outputs(self.at)
        noise = torch.randn(made.shape, generator=generator, dtype=made.dtype)
        return self._sign * 2 * torch.mean(torch.square(made - (made + noise / 2).detach()))
