"""Programs as stand-alone source: an Optax file, a PyTorch file, the equations in LaTeX."""

from dsl.export.latex import to_latex
from dsl.export.optax import to_optax_source
from dsl.export.torch import to_torch_source

__all__ = ["to_latex", "to_optax_source", "to_torch_source"]
