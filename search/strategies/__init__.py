"""Strategies: ways to choose programs by their scores. A module that declares one is all it takes.

base                   what a strategy is asked and told, and how one is declared
random_search          random changes of the start program: the control
regularized_evolution  tournaments among the youngest programs
"""

from dsl.declare import import_all
from search.strategies.base import STRATEGIES, Options, Proposal, Strategy

import_all(__name__)

__all__ = ["STRATEGIES", "Options", "Proposal", "Strategy"]
