"""Ways to choose who is tried next; a module here that declares a strategy is all it needs."""

from dsl.declare import import_all
from search.strategies.base import STRATEGIES, Options, Proposal, Strategy

import_all(__name__)

__all__ = ["STRATEGIES", "Options", "Proposal", "Strategy"]
