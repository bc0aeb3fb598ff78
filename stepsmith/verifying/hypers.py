"""Hyperparameters of a rule under the names that another optimizer gives them."""

import inspect
from collections.abc import Callable, Mapping
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


def translated(hypers: Mapping[str, float], factory: Callable[..., Any]) -> Passed:
    """The values of a rule's hyperparameters as arguments of `factory`."""
    takes = inspect.signature(factory).parameters
    arguments: dict[str, Any] = {}
    left_out: dict[str, float] = {}
    given = takes["betas"].default if "betas" in takes else ()
    betas: list[float] = list(given) if isinstance(given, tuple) else []
    for name, value in hypers.items():
        place = int(name[1]) - 1 if name in ("b1", "b2", "b3") else None
        found = next((n for n in (name, *_ALIASES.get(name, ())) if n in takes), None)
        if place is not None and place < len(betas):
            betas[place] = value
        elif found is not None and found not in arguments:
            arguments[found] = value
        else:
            left_out[name] = value
    if betas:
        arguments["betas"] = tuple(betas)
    return Passed(arguments, left_out)
