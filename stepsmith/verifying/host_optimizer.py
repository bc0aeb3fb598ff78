"""An optimizer of a library on a model, made of a class, a factory or a call of one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dsl.export.optax.point import EVAL_PARAMS
from stepsmith.errors import UsageError
from stepsmith.verifying.calls import Filled, called, decay_of, filled, of_torch, word
from stepsmith.verifying.expressions import Call
from stepsmith.verifying.model import SmallModel
from stepsmith.verifying.precision import Widening
from stepsmith.verifying.refused import Guarded, Refused
from stepsmith.verifying.torch_walker import TorchWalker, is_torch_optimizer
from stepsmith.verifying.walkers import OptaxWalker, Walker


@dataclass(frozen=True)
class HostOptimizer:
    """Another optimizer; `call` makes it, in PyTorch with the parameters as its first argument."""

    name: str
    call: Call

    def with_arguments(self, arguments: Mapping[str, Any]) -> "HostOptimizer":
        """The same with further keyword arguments."""
        return replace(self, call=replace(self.call, keywords={**self.call.keywords, **arguments}))

    def filled(self, hypers: Mapping[str, float]) -> "tuple[HostOptimizer, Filled]":
        """The same at the hyperparameters of a rule, and what became of these."""
        found = filled(self.call, hypers)
        return replace(self, call=found.call), found

    @classmethod
    def of(cls, found: Any, name: str) -> "HostOptimizer":
        """A class or factory, a call of one, or an Optax transformation as it is."""
        if isinstance(found, Call):
            return cls(name, found)
        return cls(name, Call(found if callable(found) else lambda: found))

    @property
    def decay(self) -> float | None:
        """Its weight decay, that of the optimizer inside for a wrapper; None if nothing says so."""
        return decay_of(self.call)

    @property
    def word(self) -> str:
        """The name of the class or factory alone, for messages."""
        name = word(self.call)
        return self.name if name == "<lambda>" else name

    @property
    def of_torch(self) -> bool:
        """True if it wants PyTorch's parameters, itself or in something inside."""
        return of_torch(self.call)

    def walker(self, model: SmallModel, widening: Widening | None = None) -> Walker:
        """The optimizer on a model. UsageError if its arguments are not those that it takes,
        Refused if it raises an error.

        **Arguments:** `widening`: makes it compute in the precision of the parameters.
        """
        if not self.of_torch:
            made = self._made([])
            if not (hasattr(made, "init") and hasattr(made, "update")):
                self._refuse_kind()
            try:
                around = widening.jax if widening else None
                evaluated = getattr(self.call.factory, "__globals__", {}).get(EVAL_PARAMS)
                return Guarded(OptaxWalker(made, model, around, evaluated), self.word)
            except Exception as error:
                raise Refused(self.word, "being made", error) from None
        walks = [partial(self._torch, model, curved=curved) for curved in (False, True)]
        if widening is None:
            typed = Widening(model.dtype).torch
            ways = [*(partial(walk, nullcontext) for walk in walks), partial(walks[0], typed)]
        else:
            ways = [partial(walk, widening.torch) for walk in walks]
        return _first_that_steps(ways)

    def _torch(self, model: SmallModel, around: Callable[[], Any], *, curved: bool) -> Walker:
        """PyTorch's optimizer on a model. Some multiply by the Hessian, of which gradients without
        a graph (`curved`) know nothing; some make tensors of PyTorch's default precision."""

        def make(wanted: list[Any]) -> Any:
            made = self._made(wanted)
            if not is_torch_optimizer(made):
                self._refuse_kind()
            return made

        return Guarded(TorchWalker(make, model, curved=curved, around=around), self.word)

    def _made(self, wanted: list[Any]) -> Any:
        try:
            return called(self.call, wanted)
        except (Refused, UsageError):
            raise
        except Exception as error:
            raise Refused(self.word, "being made", error) from None

    def _refuse_kind(self) -> None:
        raise UsageError(
            f"'{self.word}' is neither a PyTorch optimizer nor an Optax factory, and makes none"
        )


def _first_that_steps(ways: Sequence[Callable[[], Walker]]) -> Walker:
    """The walker of the first way that takes a step; the refusal of the first if none does."""
    refusals: list[Refused] = []
    for way in ways:
        try:
            way().step(0)
        except Refused as refusal:
            refusals.append(refusal)
        else:
            return way()
    raise refusals[0] from None
