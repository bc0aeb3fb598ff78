"""Rows and columns: tensors with one of their last two axes reduced, as factored methods keep them.

A tensor is seen as a stack of matrices over its last two axes; a vector is one row, a number a
matrix of one entry. A Row holds a number for every row of each matrix and a Col one for every
column, both with the reduced axis kept, of length 1, so that they broadcast:

| rank of the parameter | Tensor      | Row         | Col         |
|-----------------------|-------------|-------------|-------------|
| 0                     | `()`        | `()`        | `()`        |
| 1                     | `(n,)`      | `(1,)`      | `(n,)`      |
| 2                     | `(m, n)`    | `(m, 1)`    | `(1, n)`    |
| 3                     | `(k, m, n)` | `(k, m, 1)` | `(k, 1, n)` |

So the columns of a vector are its entries, and a second moment that is factored into rows and
columns is the full one for ranks 0 and 1: no exception has to be written. A program that does treat
these otherwise asks `ndim`.
"""

from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind, Shape, kind
from dsl.language.registry import Counts, primitive


def _row(of: Shape) -> Shape:
    return (*of[:-1], 1) if of else ()


def _col(of: Shape) -> Shape:
    return (*of[:-2], 1, of[-1]) if len(of) > 1 else of


ROW = kind(
    "Row", "one number per row", shape=_row, lifts_to=(Kind.TENSOR,), lifts_from=(Kind.SCALAR,)
)
COL = kind(
    "Col", "one number per column", shape=_col, lifts_to=(Kind.TENSOR,), lifts_from=(Kind.SCALAR,)
)


@initialiser(ROW, torch="torch.full_like({w}.sum(-1, keepdim=True), {value})")
def rows(xp, w, value):
    """One number per row of each parameter tensor, starting at `value`."""
    return xp.full(_row(w.shape), value, dtype=w.dtype)


@initialiser(
    COL,
    torch="torch.full_like({w}.sum(-2, keepdim=True) if {w}.ndim > 1 else {w}, {value})",
)
def cols(xp, w, value):
    """One number per column of each parameter tensor, starting at `value`."""
    return xp.full(_col(w.shape), value, dtype=w.dtype)


@primitive(
    "Tensor -> Row",
    torch="torch.mean({x}, dim=-1, keepdim=True)",
    latex=r"\operatorname{{rowmean}}\left({x}\right)",
    weight=0.5,
)
def row_mean(xp, x):
    """The mean of each row: over the last axis; of a number itself."""
    return xp.mean(x, axis=-1, keepdims=True) if x.ndim else x


@primitive(
    "Tensor -> Col",
    torch="""
def _col_mean(x: torch.Tensor) -> torch.Tensor:
    return x.mean(dim=-2, keepdim=True) if x.ndim > 1 else x
""",
    latex=r"\operatorname{{colmean}}\left({x}\right)",
    weight=0.5,
)
def col_mean(xp, x):
    """The mean of each column: over the last axis but one; a vector or number itself.

    The column means of a Row are all the mean over the rows of its matrix.
    """
    return xp.mean(x, axis=-2, keepdims=True) if x.ndim > 1 else x


@primitive(
    "Tensor -> Row",
    torch="torch.sum({x}, dim=-1, keepdim=True)",
    latex=r"\operatorname{{rowsum}}\left({x}\right)",
    weight=0.25,
)
def row_sum(xp, x):
    """The sum of each row: over the last axis; of a number itself."""
    return xp.sum(x, axis=-1, keepdims=True) if x.ndim else x


@primitive(
    "Tensor -> Col",
    torch="""
def _col_sum(x: torch.Tensor) -> torch.Tensor:
    return x.sum(dim=-2, keepdim=True) if x.ndim > 1 else x
""",
    latex=r"\operatorname{{colsum}}\left({x}\right)",
    weight=0.25,
)
def col_sum(xp, x):
    """The sum of each column: over the last axis but one; a vector or number itself."""
    return xp.sum(x, axis=-2, keepdims=True) if x.ndim > 1 else x


@primitive(
    "Tensor -> Row",
    torch="torch.linalg.vector_norm({x}, dim=-1, keepdim=True)",
    latex=r"\left\|{x}\right\|_{{\mathrm{{row}}}}",
    spelled="sqrt(row_sum(square(x)))",
    weight=0.25,
)
def row_norm(xp, x):
    """The Euclidean norm of each row: over the last axis; the magnitude of a number."""
    squares = xp.square(x)
    return xp.sqrt(xp.sum(squares, axis=-1, keepdims=True) if x.ndim else squares)


@primitive(
    "Tensor -> Col",
    torch="""
def _col_norm(x: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(x, dim=-2, keepdim=True) if x.ndim > 1 else torch.abs(x)
""",
    latex=r"\left\|{x}\right\|_{{\mathrm{{col}}}}",
    spelled="sqrt(col_sum(square(x)))",
    weight=0.25,
)
def col_norm(xp, x):
    """The Euclidean norm of each column: over the last axis but one; the magnitudes of a vector."""
    squares = xp.square(x)
    return xp.sqrt(xp.sum(squares, axis=-2, keepdims=True) if x.ndim > 1 else squares)


@primitive(
    "Tensor -> Scalar",
    torch="""
def _ndim(x: torch.Tensor) -> torch.Tensor:
    return x.new_tensor(x.ndim)
""",
    latex=r"\operatorname{{ndim}}\left({x}\right)",
    weight=0.1,
    counts=Counts.OF_SHAPES,
)
def ndim(xp, x):
    """The number of axes of each tensor: 0 for a number, 1 for a vector, 2 for a matrix."""
    return xp.full((), x.ndim, dtype=x.dtype)
