"""Programs for other hosts and eyes: an Optax file, a PyTorch file, equations in LaTeX, a graph."""

from dsl.export.graph import to_graph
from dsl.export.latex import to_latex
from dsl.export.optax import to_optax_source
from dsl.export.torch import to_torch_source

__all__ = ["to_graph", "to_latex", "to_optax_source", "to_torch_source"]
