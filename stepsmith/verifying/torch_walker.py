"""A PyTorch optimizer as something that makes steps on a model."""

import importlib
import inspect
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from dsl.shapes import Leaves
from stepsmith.verifying.model import SmallModel


def is_torch_optimizer(made: Any) -> bool:
    """True for what has the form of PyTorch's optimizers, or is a class of that form."""
    return hasattr(made, "step") and hasattr(made, "zero_grad")


class TorchWalker:
    """A PyTorch optimizer. Gradients are there before a step; one that takes a closure, with or
    without a default, gets it.

    The closure sets the gradients, as one that calls `backward()` does, and returns the loss with
    its graph, for optimizers that differentiate it themselves. `curved` keeps the graph of the
    gradients too, for optimizers that multiply by the Hessian. `around` makes the context that the
    optimizer is made and steps in.
    """

    def __init__(
        self,
        make: Callable[[list[Any]], Any],
        model: SmallModel,
        *,
        curved: bool = False,
        around: Callable[[], Any] = nullcontext,
    ):
        self.model = model
        self.torch = importlib.import_module("torch")
        self.parameters = [
            self.torch.nn.Parameter(self.torch.tensor(leaf)) for leaf in model.start()
        ]
        self.curved = curved
        self.around = around
        with around():
            self.optimizer = make(self.parameters)
        self.modes = [getattr(self.optimizer, mode, None) for mode in ("eval", "train")]
        if callable(self.modes[1]):
            self.modes[1]()  # optimizers with averages for evaluation want to be told
        takes = inspect.signature(self.optimizer.step).parameters
        self.closure_taken = "closure" in takes

    def step(self, count: int) -> Leaves:
        def closure() -> Any:
            with self.torch.enable_grad():
                loss = self._loss(count)
                self._set_gradients(loss, count)
            return loss

        closure()
        with self.around():
            self.optimizer.step(*([closure] if self.closure_taken else []))
        return self._leaves()

    def point(self) -> Leaves | None:
        """The parameters that `eval()` shows, where there is that and `train()`.

        That may leave the parameters a rounding error beside: those before are put back.
        """
        evaluate, train = self.modes
        if not (callable(evaluate) and callable(train)):
            return None
        kept = self._leaves()
        evaluate()
        found = self._leaves()
        train()
        for parameter, leaf in zip(self.parameters, kept, strict=True):
            parameter.data.copy_(self.torch.tensor(leaf))
        return found

    def _leaves(self) -> Leaves:
        return [parameter.detach().numpy().copy() for parameter in self.parameters]

    def _set_gradients(self, loss: Any, count: int) -> None:
        if self.curved:
            grads = self.torch.autograd.grad(loss, self.parameters, create_graph=True)
        else:  # the very numbers that the rule gets
            leaves = [parameter.detach().numpy() for parameter in self.parameters]
            grads = map(self.torch.tensor, self.model.value_and_gradient(leaves, count)[1])
        for parameter, grad in zip(self.parameters, grads, strict=True):
            parameter.grad = grad

    def _loss(self, count: int) -> Any:
        """The loss of `SmallModel.loss` on the batch of a step."""
        features, targets = map(self.torch.tensor, self.model.batch(count))
        flat = self.torch.cat([parameter.reshape(-1) for parameter in self.parameters])
        misses = self.torch.tanh(features @ flat) - targets
        return self.model.scale * self.torch.mean(self.torch.square(misses))
