"""Oracles: what a primitive of this sort asks of the caller, its cost, its answers.

An oracle is declared whole in one module (see `dsl.language.registry.oracle`): the engines, the
exporters and the functions known in closed form read the declaration and know none by its name.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dsl.language.cost import Cost


@dataclass(frozen=True)
class Source:
    """A function that a caller hands over besides the gradient, for oracles to ask.

    `argument` is the name of the function in the `update` of Optax and the `step` of PyTorch.
    `holds` says what it is in Optax, `example` how it is written there; `here` says what it is in
    PyTorch, where a function reads the parameters that the model holds.
    """

    argument: str
    holds: str
    example: str
    here: str


@dataclass(frozen=True)
class Oracle:
    """The answers of an oracle, in each host.

    `jax` is a function of the source's function, of what `context` names and of the arguments, over
    trees; engines call it, and an exported Optax file holds its text, so it uses no name of its
    module but `jax`, `jnp`, `optax`, `ravel_pytree`, `Any` and `Callable`. `closed` is the same in
    NumPy, of a `dsl.language.closed_form.ClosedForm` and the arguments, which are lists of arrays.
    `methods` is the text of the methods behind the PyTorch expression, without methods that another
    oracle declares.

    `of_parts` says that the mean of the answers on equal parts of a batch is the answer on all of
    it, or that the methods ask other oracles of which that is true: then several processes, each
    with a part of the batch and of the parameters, have an answer.
    """

    asks: Source
    costs: Cost
    jax: Callable[..., Any]
    closed: Callable[..., Any]
    methods: str
    of_parts: bool = False

    @cached_property
    def context(self) -> tuple[str, ...]:
        """The parts of the step that `jax` reads: `params`; `key` and `count` for its own draws."""
        names = tuple(inspect.signature(self.jax).parameters)
        arguments = len(inspect.signature(self.closed).parameters) - 1
        return names[1 : len(names) - arguments]
