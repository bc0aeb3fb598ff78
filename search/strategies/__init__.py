"""Strategies: ways to choose programs by their scores. A module that declares one is all it takes.

base                   what a strategy is asked and told, and how one is declared
checked                what one gives, held to what it is asked for
recombination          grafts among rules that behave differently, parents by task: the default
novelty                a population kept diverse by behaviour
regularized_evolution  tournaments among the youngest programs, as published
constants_only         the same, changing numbers alone: a control
best_of_n              one change of a start program: a control
random_search          random changes of a start program: a control
"""

from dsl.declare import import_all
from search.strategies.base import STRATEGIES, Judged, Options, Proposal, Strategy

import_all(__name__)

__all__ = ["STRATEGIES", "Judged", "Options", "Proposal", "Strategy"]
