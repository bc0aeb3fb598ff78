"""Ways to choose who is tried next; a module here that declares a strategy is all it needs."""

import importlib
import pkgutil

from search.strategies.base import STRATEGIES, Options, Proposal, Strategy

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["STRATEGIES", "Options", "Proposal", "Strategy"]
