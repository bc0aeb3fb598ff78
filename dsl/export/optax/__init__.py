"""A program as an Optax file.

plan            one transformation or a pair, and what the parts are called
values          how a value is written over `jax.numpy`; draws and questions to oracles
body            the lines of `update` that follow the rule
coding          slots that are kept as codes of eight bits
point           the function that finds the parameters to evaluate in a state
transformation  the class of the state, `init` and `update` around those lines
source          the whole file
"""

from dsl.export.host import HOSTS, Host
from dsl.export.optax.source import to_optax_source

HOSTS.declare("optax", Host("Optax", "_optax.py", to_optax_source))

__all__ = ["to_optax_source"]
