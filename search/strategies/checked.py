"""Answers of a strategy, held to what it is asked for: a wrong one is named at its line."""

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from dsl.errors import Declared, PluginFails
from dsl.plugins import misused
from dsl.program import Program
from search.mutation.mutator import Mutation
from search.strategies.base import STRATEGIES, Proposal, Strategy


def asked(
    strategy: Strategy, number: int, told: int, rng: np.random.Generator, name: str
) -> Proposal:
    """The next proposal of a strategy, called `name`; `told` candidates have been told.

    **Raises:** PluginFails for what is no proposal, or has a parent that nothing was told of.
    """
    given = strategy.ask(number, rng, name)
    if not isinstance(given, Proposal):
        _refuse(strategy.ask, strategy, number, given, "a Proposal")
    if not isinstance(given.program, Program):
        _refuse(strategy.ask, strategy, number, given.program, "a Program as `program`")
    if not isinstance(given.mutation, Mutation):
        _refuse(strategy.ask, strategy, number, given.mutation, "a Mutation as `mutation`")
    for words in (given.mutation.kind, given.mutation.detail, given.donor or ""):
        if not isinstance(words, str):
            _refuse(strategy.ask, strategy, number, words, "texts in `mutation` and `donor`")
    parent = _number(given.parent)
    known = max(told, len(strategy.starts))
    if given.parent is not None and (parent is None or not 0 <= parent < known):
        _refuse(strategy.ask, strategy, number, given.parent, f"a parent from 0 to {known - 1}")
    if given.program.name != name or parent is not given.parent:
        return replace(given, program=replace(given.program, name=name), parent=parent)
    return given


def elite(strategy: Strategy, place: int, number: int, told: int) -> tuple[int, Program] | None:
    """The candidate of a strategy to be measured again. **Raises:** as `asked`."""
    given = strategy.elite(place)
    if given is None:
        return None
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], Program):
        _refuse(strategy.elite, strategy, number, given, "a number and a Program, or None")
    first = _number(given[0])
    if first is None or not 0 <= first < told:
        _refuse(strategy.elite, strategy, number, given[0], f"a number from 0 to {told - 1}")
    return first, given[1]


def unstorable(strategy: Strategy, error: Exception) -> PluginFails:
    """The error for a state that cannot be stored."""
    return misused(
        declared(strategy),
        strategy.state if "state" in vars(type(strategy)) else type(strategy).__init__,
        f"has a state that cannot be stored: {error}",
        "`state` gives numbers, texts, None, sequences, mappings with texts for keys, and "
        "programs; `restore` takes them back",
    )


def declared(strategy: Strategy) -> Declared:
    """A strategy by its name in configs."""
    name = next((n for n, kind in STRATEGIES.items() if kind is type(strategy)), "")
    return Declared(STRATEGIES.noun, name or type(strategy).__name__)


def _number(given: Any) -> int | None:
    """A whole number of Python or NumPy; None for all else."""
    if given is None or isinstance(given, bool):
        return None
    try:
        return operator.index(given)
    except TypeError:
        return None


def _refuse(
    method: Callable[..., Any], strategy: Strategy, number: int, given: Any, wanted: str
) -> NoReturn:
    met = repr(given) if given is None or isinstance(given, int | str) else type(given).__name__
    raise misused(
        declared(strategy),
        method,
        f"gives {met} for candidate {number}, wanted {wanted}",
        f"`{method.__name__}` of search.strategies.base.Strategy says what it has to give",
    )
