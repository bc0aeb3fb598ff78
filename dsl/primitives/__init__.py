"""The primitives, one family per file; importing this package declares all of them.

arithmetic, powers, curves, averages   numbers, entry by entry
choice                                 comparisons, selection, work on some steps only
reductions, order                      tensors to numbers; quantiles
axes, units, cover                     rows and columns, outputs of a layer, slices
matrix, gram                           tensors as matrices; one square matrix per axis
triangles, sizes                       their triangles and solves; their norms and traces
populations, history, swarms           several tensors at once; the last ones; ones that move
noise, codec                           random draws; storage in fewer bits
points, differences, searches          oracles: the loss and its gradient at other points
hessian, gauss_newton, examples        oracles: curvature; gradients of examples
"""

from dsl.declare import import_all

import_all(__name__)
