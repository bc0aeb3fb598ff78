"""Hyperparameters of a rule under the names that another optimizer gives them."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "lr": ("learning_rate",),
    "b1": ("beta1", "beta_1", "momentum", "decay"),
    "b2": ("beta2", "beta_2", "alpha", "decay"),
    "b3": ("beta3", "beta_3"),
    "eps": ("epsilon",),
    "wd": ("weight_decay",),
}
"""Other names, the likelier first; `betas` holds b1, b2 and b3."""


@dataclass(frozen=True)
class Passed:
    """Arguments for the other optimizer, and the hyperparameters that it does not take."""

    arguments: dict[str, Any]
    left_out: dict[str, float]


def translated(
    hypers: Mapping[str, float], factory: Callable[..., Any], given: Collection[str] = ()
) -> Passed:
    """The values of a rule's hyperparameters as arguments of `factory`.

    **Arguments:** `given`: arguments that have a value already; a hyperparameter that would be one
    of them is passed under no other name.
    """
    takes = {name: each for name, each in parameters(factory).items() if name not in given}
    arguments: dict[str, Any] = {}
    left_out: dict[str, float] = {}
    default = takes["betas"].default if "betas" in takes else ()
    betas: list[float] = list(default) if isinstance(default, tuple) else []
    for name, value in hypers.items():
        names = (name, *_ALIASES.get(name, ()))
        place = int(name[1]) - 1 if name in ("b1", "b2", "b3") else None
        found = next((n for n in names if n in takes), None)
        if place is not None and place < len(betas):
            betas[place] = value
        elif found is not None and found not in arguments:
            arguments[found] = value
        elif found is None and ({*names} & {*given} or (place is not None and "betas" in given)):
            continue
        else:
            left_out[name] = value
    if betas:
        arguments["betas"] = tuple(betas)
    return Passed(arguments, left_out)


def parameters(factory: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function or class; none where Python cannot tell."""
    try:
        return inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}
