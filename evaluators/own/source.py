"""A task of a user's own as it was given, for checks and their errors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evaluators.own.origin import Origin
from evaluators.own.parameters import ParameterTree


@dataclass(frozen=True)
class OwnSource:
    """The parts of a declaration.

    `loss` and `judged` are the functions for training and validation, `sampler` that of a key or
    None; `load` makes the examples anew at every call, `loading` is the user's function behind it,
    if there is one, and `examples` the argument that it was given by; `check` raises a TaskFault
    for examples for training and validation that do not go with the model.
    """

    origin: Origin
    tree: ParameterTree
    loss: Callable[..., Any]
    judged: Callable[..., Any]
    sampler: Callable[..., Any] | None
    load: Callable[[], tuple[Any, Any]]
    loading: Callable[..., Any] | None
    examples: str
    check: Callable[[Any, Any], None] = lambda train, held_out: None
