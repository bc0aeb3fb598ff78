"""An optimizer of a library, made of a class, a factory or a call of one."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from stepsmith.errors import UsageError
from stepsmith.verifying.expressions import Call
from stepsmith.verifying.hypers import parameters, translated
from stepsmith.verifying.model import SmallModel
from stepsmith.verifying.precision import Widening
from stepsmith.verifying.refused import Guarded, Refused
from stepsmith.verifying.torch_walker import TorchWalker, is_torch_optimizer
from stepsmith.verifying.walkers import OptaxWalker, Walker

_PARAMETERS = ("params", "parameters", "model_parameters", "param_groups", "named_parameters")
"""The names of the parameters that PyTorch's optimizers want first."""

_BASES = ("base_optimizer", "optimizer", "inner", "opt", "base", "inner_optimizer")
"""The names of the optimizer inside a wrapper."""


@dataclass(frozen=True)
class Filled:
    """A call with hyperparameters of a rule among its arguments, and those that it does not take.

    A hyperparameter in neither `taken` nor `left_out` has an argument that somebody set.
    """

    call: Call
    taken: frozenset[str]
    left_out: Mapping[str, float]


def filled(call: Call, hypers: Mapping[str, float]) -> Filled:
    """A call at the hyperparameters of a rule. What a wrapper does not take goes to the optimizer
    inside it, if that is a call or a class."""
    given = _given(call)
    passed = translated(hypers, call.factory, given)
    keywords = {**passed.arguments, **call.keywords}
    taken = {name for name in hypers if name not in passed.left_out}
    taken -= {name for name in taken if _is_set(name, hypers[name], call.factory, given)}
    args, left_out = list(call.args), dict(passed.left_out)
    inside: list[tuple[int | str, Any]] = [*enumerate(args), *call.keywords.items()]
    for place, value in inside:
        if isinstance(value, Call):
            made = filled(value, left_out)
            if isinstance(place, int):
                args[place] = made.call
            else:
                keywords[place] = made.call
        elif inspect.isclass(value) and is_torch_optimizer(value) and _open(call.factory):
            base = translated(left_out, value)
            keywords |= base.arguments
            made = Filled(call, frozenset(left_out) - frozenset(base.left_out), base.left_out)
        else:
            continue
        taken |= made.taken
        left_out = {k: v for k, v in made.left_out.items() if k in left_out}
    return Filled(Call(call.factory, tuple(args), keywords), frozenset(taken), left_out)


def _is_set(name: str, value: float, factory: Callable[..., Any], given: frozenset[str]) -> bool:
    """True if the argument that a hyperparameter would be has a value already."""
    return not translated({name: value}, factory, given).arguments


def _given(call: Call) -> frozenset[str]:
    """The names of the arguments that a call has."""
    names = list(parameters(call.factory))
    if names and names[0] in _PARAMETERS:
        names = names[1:]
    return frozenset([*names[: len(call.args)], *call.keywords])


def _open(factory: Callable[..., Any]) -> bool:
    """True for what takes any keyword."""
    return any(each.kind is each.VAR_KEYWORD for each in parameters(factory).values())


@dataclass(frozen=True)
class Library:
    """Another optimizer; `call` makes it, in PyTorch with the parameters as its first argument."""

    name: str
    call: Call

    def with_arguments(self, arguments: Mapping[str, Any]) -> "Library":
        """The same with further keyword arguments."""
        return replace(self, call=replace(self.call, keywords={**self.call.keywords, **arguments}))

    def filled(self, hypers: Mapping[str, float]) -> "tuple[Library, Filled]":
        """The same at the hyperparameters of a rule, and what became of these."""
        found = filled(self.call, hypers)
        return replace(self, call=found.call), found

    @classmethod
    def of(cls, found: Any, name: str) -> "Library":
        """A class or factory, a call of one, or an Optax transformation as it is."""
        if isinstance(found, Call):
            return cls(name, found)
        return cls(name, Call(found if callable(found) else lambda: found))

    @property
    def decay(self) -> float | None:
        """Its weight decay, that of the optimizer inside for a wrapper; None if nothing says so."""
        return _decay(self.call)

    @property
    def word(self) -> str:
        """The name of the class or factory alone, for messages."""
        name = getattr(self.call.factory, "__name__", "<lambda>")
        return self.name if name == "<lambda>" else name

    @property
    def of_torch(self) -> bool:
        """True if it wants PyTorch's parameters, itself or in something inside."""
        return _of_torch(self.call)

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
                return Guarded(OptaxWalker(made, model, around), self.word)
            except Exception as error:
                raise Refused(self.word, "being made", error) from None
        around = widening.torch if widening else nullcontext
        try:  # some multiply by the Hessian, of which gradients without a graph know nothing
            self._torch(model, around, curved=False).step(0)
            curved = False
        except Refused as refusal:
            try:
                self._torch(model, around, curved=True).step(0)
                curved = True
            except Refused:
                raise refusal from None
        return self._torch(model, around, curved=curved)

    def _torch(self, model: SmallModel, around: Callable[[], Any], *, curved: bool) -> Walker:
        def make(wanted: list[Any]) -> Any:
            made = self._made(wanted)
            if not is_torch_optimizer(made):
                self._refuse_kind()
            return made

        return Guarded(TorchWalker(make, model, curved=curved, around=around), self.word)

    def _made(self, wanted: list[Any]) -> Any:
        try:
            return _called(self.call, wanted)
        except (Refused, UsageError):
            raise
        except Exception as error:
            raise Refused(self.word, "being made", error) from None

    def _refuse_kind(self) -> None:
        raise UsageError(
            f"'{self.word}' is neither a PyTorch optimizer nor an Optax factory, and makes none"
        )


def _decay(call: Call) -> float | None:
    takes = parameters(call.factory).get("weight_decay")
    found = call.keywords.get("weight_decay", takes.default if takes is not None else None)
    if isinstance(found, int | float):
        return float(found)
    inside = (each for each in (*call.args, *call.keywords.values()) if isinstance(each, Call))
    return next((each for each in map(_decay, inside) if each is not None), None)


def _wants_parameters(call: Call) -> bool:
    """True if PyTorch's parameters go before the arguments of a call."""
    takes = parameters(call.factory)
    if not takes:
        return inspect.isclass(call.factory) and is_torch_optimizer(call.factory)
    first = next(iter(takes.values()))
    if first.name in _PARAMETERS:
        return first.name not in call.keywords
    missing = [
        each.name
        for each in list(takes.values())[len(call.args) :]
        if each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        and each.name not in call.keywords
    ]
    return missing == [first.name] and first.name not in _BASES


def _of_torch(call: Call) -> bool:
    values = (*call.args, *call.keywords.values())
    return (
        (inspect.isclass(call.factory) and is_torch_optimizer(call.factory))
        or _wants_parameters(call)
        or any(_of_torch(each) for each in values if isinstance(each, Call))
    )


def _called(call: Call, wanted: list[Any]) -> Any:
    """The optimizer of a call; UsageError if it does not take the arguments."""

    def made(value: Any) -> Any:
        return _called(value, wanted) if isinstance(value, Call) else value

    first = (wanted,) if _wants_parameters(call) else ()
    args = (*first, *map(made, call.args))
    keywords = {name: made(value) for name, value in call.keywords.items()}
    if parameters(call.factory):
        try:
            inspect.signature(call.factory).bind(*args, **keywords)
        except TypeError as error:
            name = Library("", call).word
            raise UsageError(
                f"cannot make '{name}': {error}\nhelp: {_advice(call, str(error))}"
            ) from None
    return call.factory(*args, **keywords)


def _advice(call: Call, error: str) -> str:
    takes = f"it takes {', '.join(parameters(call.factory))}"
    base = next((name for name in _BASES if f"'{name}'" in error and "missing" in error), None)
    if base is None:
        return takes
    calls = f"'{base}=torch.optim.SGD(lr=0.1)' or '{base}=optax.sgd(0.1)'"
    return f"--other {base}=torch.optim.SGD, or a call, {calls}, is what it wraps; {takes}"
