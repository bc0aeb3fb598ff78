"""Units: tensors with all axes but the first reduced, one number for each output of a layer.

Layers keep their outputs along the first axis: a row of a matrix, a kernel of a convolution that is
stored output, input, height, width. A Unit holds a number for each, with the other axes kept, of
length 1, so that it broadcasts. Every entry of a vector (a bias, a gain) belongs to another output
and is a unit by itself, and a number is one unit; so reductions leave these as they are:

| rank of the parameter | Tensor         | Unit           |
|-----------------------|----------------|----------------|
| 0                     | `()`           | `()`           |
| 1                     | `(n,)`         | `(n,)`         |
| 2                     | `(m, n)`       | `(m, 1)`       |
| 3                     | `(k, m, n)`    | `(k, 1, 1)`    |
| 4                     | `(k, c, m, n)` | `(k, 1, 1, 1)` |

A rule that leaves vectors alone asks `ndim`; what reads a vector as one row takes Rows instead.
"""

from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind, Shape, kind
from dsl.language.registry import Counts, even, finite, odd, primitive
from dsl.language.sign import Sign


def _unit(of: Shape) -> Shape:
    return (*of[:1], *(1 for _ in of[1:]))


UNIT = kind(
    "Unit",
    "one number per slice along the first axis",
    shape=_unit,
    lifts_to=(Kind.TENSOR,),
    lifts_from=(Kind.SCALAR,),
)


@initialiser(UNIT, torch="{w}.new_full((*{w}.shape[:1], *(1 for _ in {w}.shape[1:])), {value})")
def units(xp, w, value):
    """One number per slice along the first axis of each parameter tensor, starting at `value`."""
    return xp.full(_unit(w.shape), value, dtype=w.dtype)


@primitive(
    "Tensor -> Unit",
    torch="""
def _unit_mean(x: torch.Tensor) -> torch.Tensor:
    return x.mean(dim=tuple(range(1, x.ndim)), keepdim=True) if x.ndim > 1 else x
""",
    latex=r"\operatorname{{unitmean}}\left({x}\right)",
    equations=(
        odd("unit_mean"),
        finite("unit_mean(k * x) => k * unit_mean(x)", "unit_mean is linear", ("k: Global",)),
    ),
    sign=Sign.KEPT,
    weight=0.0,
)
def unit_mean(xp, x):
    """The mean of each slice along the first axis; a vector or number itself."""
    return xp.mean(x, axis=tuple(range(1, x.ndim)), keepdims=True) if x.ndim > 1 else x


@primitive(
    "Tensor -> Unit",
    torch="""
def _unit_sum(x: torch.Tensor) -> torch.Tensor:
    return x.sum(dim=tuple(range(1, x.ndim)), keepdim=True) if x.ndim > 1 else x
""",
    latex=r"\operatorname{{unitsum}}\left({x}\right)",
    equations=(
        odd("unit_sum"),
        finite("unit_sum(k * x) => k * unit_sum(x)", "unit_sum is linear", ("k: Global",)),
    ),
    sign=Sign.KEPT,
    weight=0.0,
)
def unit_sum(xp, x):
    """The sum of each slice along the first axis; a vector or number itself."""
    return xp.sum(x, axis=tuple(range(1, x.ndim)), keepdims=True) if x.ndim > 1 else x


@primitive(
    "Tensor -> Unit",
    torch="""
def _unit_norm(x: torch.Tensor) -> torch.Tensor:
    if x.ndim < 2:
        return torch.abs(x)
    return torch.linalg.vector_norm(x, dim=tuple(range(1, x.ndim)), keepdim=True)
""",
    latex=r"\left\|{x}\right\|_{{\mathrm{{unit}}}}",
    spelled="sqrt(unit_sum(square(x)))",
    equations=(
        even("unit_norm"),
        finite("unit_norm(abs(x)) => unit_norm(x)", "unit_norm sees no signs"),
        finite(
            "unit_norm(k * x) => abs(k) * unit_norm(x)",
            "a scale moves out of unit_norm",
            ("k: Global",),
        ),
    ),
    sign=Sign.NEVER_BELOW,
    weight=0.0,
)
def unit_norm(xp, x):
    """The Euclidean norm of each slice along the first axis; magnitudes of a vector or number."""
    squares = xp.square(x)
    if x.ndim > 1:
        squares = xp.sum(squares, axis=tuple(range(1, x.ndim)), keepdims=True)
    return xp.sqrt(squares)


@primitive(
    "Tensor -> Unit",
    torch="""
def _unit_max(x: torch.Tensor) -> torch.Tensor:
    if x.ndim < 2:
        return x
    if x.numel() == 0:
        return x.new_full((*x.shape[:1], *(1 for _ in x.shape[1:])), -torch.inf)
    return x.amax(dim=tuple(range(1, x.ndim)), keepdim=True)
""",
    latex=r"\max_{{\mathrm{{unit}}}}\left({x}\right)",
    equations=(
        finite(
            "unit_max(k * x) => k * unit_max(x)",
            "a scale moves out of unit_max",
            ("k >= 0", "k: Global"),
        ),
    ),
    weight=0.0,
)
def unit_max(xp, x):
    """The largest entry of each slice along the first axis; a vector or number itself. NaN if one
    is, -inf in a slice without entries. The least one is `-unit_max(-x)`."""
    if x.ndim < 2:
        return x
    return xp.max(x, axis=tuple(range(1, x.ndim)), keepdims=True, initial=-xp.inf)


@primitive(
    "Tensor, Global -> Scalar",
    torch="""
def _axis_length(x: torch.Tensor, axis: torch.Tensor | float) -> torch.Tensor:
    wanted, length = torch.as_tensor(axis), x.new_ones(())
    for at, n in enumerate(x.shape):
        here = ((wanted == at) | (wanted == at - x.ndim)).to(x.device)
        length = torch.where(here, x.new_tensor(n), length)
    return length
""",
    latex=r"n_{{{axis}}}\left({x}\right)",
    sign=Sign.NEVER_BELOW,
    weight=0.0,
    counts=Counts.OF_SHAPES,
)
def axis_length(xp, x, axis):
    """The length of an axis, 0 for the first and -1 for the last; 1 of one that is not there."""
    length = xp.ones((), dtype=x.dtype)
    for at, n in enumerate(x.shape):
        length = xp.where((axis == at) | (axis == at - x.ndim), n, length)
    return xp.asarray(length, dtype=x.dtype)


@primitive(
    "Tensor -> Scalar",
    torch="{x}.new_tensor({x}.numel())",
    latex=r"\operatorname{{size}}\left({x}\right)",
    sign=Sign.NEVER_BELOW,
    weight=0.0,
    counts=Counts.OF_SHAPES,
)
def entry_count(xp, x):
    """The number of entries of each tensor. Over `axis_length(x, 0)`, those of one unit."""
    return xp.asarray(x.size, dtype=x.dtype)
