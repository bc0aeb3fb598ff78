"""A call that makes an optimizer: the hyperparameters of a rule that it takes, and parameters.

PyTorch's optimizers want the parameters first; a wrapper hands what it does not take to the
optimizer inside.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stepsmith.errors import UsageError
from stepsmith.verifying.expressions import Call
from stepsmith.verifying.hypers import Passed, parameters, translated
from stepsmith.verifying.torch_walker import is_torch_optimizer

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
        elif inspect.isclass(value) and is_torch_optimizer(value):
            if _wants_parameters(
                call
            ):  # it makes one itself, of the keywords that it does not take
                base = translated(left_out, value) if _open(call.factory) else Passed({}, left_out)
                keywords |= base.arguments
                took = frozenset(left_out) - frozenset(base.left_out)
                made = Filled(call, took, base.left_out)
            else:
                made = filled(Call(value), left_out)
                if isinstance(place, int):
                    args[place] = made.call
                else:
                    keywords[place] = made.call
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


def decay_of(call: Call) -> float | None:
    """The weight decay of what a call makes, or of the optimizer inside; None if nothing says."""
    takes = parameters(call.factory).get("weight_decay")
    found = call.keywords.get("weight_decay", takes.default if takes is not None else None)
    if isinstance(found, int | float):
        return float(found)
    inside = (each for each in (*call.args, *call.keywords.values()) if isinstance(each, Call))
    return next((each for each in map(decay_of, inside) if each is not None), None)


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


def of_torch(call: Call) -> bool:
    """True if a call wants PyTorch's parameters, itself or in something inside."""
    values = (*call.args, *call.keywords.values())
    return (
        (inspect.isclass(call.factory) and is_torch_optimizer(call.factory))
        or _wants_parameters(call)
        or any(of_torch(each) for each in values if isinstance(each, Call))
    )


def word(call: Call) -> str:
    """The name of the class or factory of a call."""
    return getattr(call.factory, "__name__", str(call.factory))


def called(call: Call, wanted: list[Any]) -> Any:
    """The optimizer of a call; UsageError if it does not take the arguments."""

    def made(value: Any) -> Any:
        return called(value, wanted) if isinstance(value, Call) else value

    first = (wanted,) if _wants_parameters(call) else ()
    args = (*first, *map(made, call.args))
    keywords = {name: made(value) for name, value in call.keywords.items()}
    if parameters(call.factory):
        try:
            inspect.signature(call.factory).bind(*args, **keywords)
        except TypeError as error:
            name = word(call)
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
