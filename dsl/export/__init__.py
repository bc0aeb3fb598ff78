"""Programs for other hosts and eyes: files for Optax and PyTorch, equations in LaTeX, a graph.

    host          the table of hosts
    facts         what of a program a file is about
    momenta       the slots that average the gradient
    emit          which statements get lines, and what those are called
    codecs        the slots that are held in eight bits
    names         names of classes and of values that a file can use
    declared      declarations over an array namespace as expressions and functions
    expressions   expressions as syntax trees, and their text
    shapes        shapes of values, as the declarations of kinds have them
    layout        expressions in as many lines as they take
    code          lines of a block, and the names that they use
    header        the docstring that heads a file
    optax/        Optax files
    torch/        PyTorch files
    latex         equations
    graph         a graph in the DOT language

A file is made in one pass: `Facts` of the program; an `Emitter`, which decides on lines and names
and asks the host's `Dialect` for the expression of each statement; classes that write
these expressions into `Code`, block by block; and `source`, which puts the blocks together and
imports what they turned out to use.
"""

from dsl.declare import import_all
from dsl.export.graph import to_graph
from dsl.export.host import HOSTS
from dsl.export.latex import to_latex
from dsl.export.optax import to_optax_source
from dsl.export.torch import to_torch_source

import_all("dsl.export")

__all__ = ["HOSTS", "to_graph", "to_latex", "to_optax_source", "to_torch_source"]
