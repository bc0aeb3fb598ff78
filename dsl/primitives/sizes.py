"""Numbers out of one matrix per axis: norms, traces, largest entries, and a kind that holds them.

The kind `PerAxis` holds, for a tensor of rank r, r numbers, one for each matrix of a Gram; none for
a number. It does not broadcast to a Gram: `axis_scaled` multiplies each matrix by its number.
"""

import dsl.primitives.gram  # noqa: F401  (declares the kind of what is measured)
from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind, kind
from dsl.language.registry import Binding, primitive

PER_AXIS = kind(
    "PerAxis",
    "one number per axis of each tensor",
    shape=lambda of: tuple(() for _ in of),
    lifts_from=(Kind.SCALAR,),
    many=True,
)


@initialiser(
    PER_AXIS,
    torch="[torch.full((), {value}, dtype={w}.dtype, device={w}.device) for _ in {w}.shape]",
)
def axes(xp, w, value):
    """One number per axis of each parameter tensor, starting at `value`."""
    return tuple(xp.full((), value, dtype=w.dtype) for _ in w.shape)


@primitive(
    "Gram -> PerAxis",
    torch="[torch.sqrt(torch.sum(torch.square(m))) for m in {h}]",
    latex=r"\left\|{h}\right\|_F",
    weight=0.0,
)
def matrix_norm(xp, h):
    """The Frobenius norm of each matrix: the root of the sum of the squares of its entries."""
    return tuple(xp.sqrt(xp.sum(xp.square(m))) for m in h)


@primitive(
    "Gram -> PerAxis",
    torch="[torch.sum(m.diagonal()) for m in {h}]",
    latex=r"\operatorname{{tr}}\left({h}\right)",
    weight=0.0,
)
def matrix_trace(xp, h):
    """The sum of the diagonal of each matrix."""
    return tuple(xp.sum(xp.diagonal(m)) for m in h)


@primitive(
    "Gram -> PerAxis",
    torch="""
def _matrix_max_abs(h: list[torch.Tensor]) -> list[torch.Tensor]:
    return [torch.abs(m).max() if m.numel() else m.new_zeros(()) for m in h]
""",
    latex=r"\left\|{h}\right\|_\infty",
    weight=0.0,
)
def matrix_max_abs(xp, h):
    """The largest magnitude in each matrix; 0 of one without entries."""
    return tuple(xp.max(xp.abs(m), initial=0.0) for m in h)


@primitive(
    "Gram -> PerAxis",
    torch="""
def _norm_bound(h: list[torch.Tensor]) -> list[torch.Tensor]:
    def bound(m: torch.Tensor) -> torch.Tensor:
        if m.numel() == 0:
            return m.new_zeros(())
        largest = torch.abs(m).max()
        a = m / torch.where(largest > 0, largest, 1)
        squares = torch.square(a)
        columns, rows = squares.sum(0), squares.sum(1)
        tiny = torch.finfo(a.dtype).tiny
        by_column, by_row = a[:, columns.argmax()] @ a, a @ a[rows.argmax()]
        turned = torch.where(columns.max() > rows.max(), a, a.T)
        x = torch.where(columns.max() > rows.max(), by_column, by_row)
        x = x / torch.linalg.vector_norm(x).clamp(min=tiny)
        return largest * torch.linalg.vector_norm(turned @ x)

    return [bound(m) for m in h]
""",
    latex=r"\left\|{h}\right\|_{{\geq}}",
    work=4,
    weight=0.0,
)
def norm_bound(xp, h):
    """A number that the largest singular value of each matrix is at least, and close to mostly.

    The length of the matrix times the direction of its longest column or row times the matrix: two
    steps of power iteration. Source: PSGD (Li, psgd_torch), which scales its steps by it.
    """

    def bound(m):
        if m.size == 0:
            return xp.zeros((), dtype=m.dtype)
        largest = xp.max(xp.abs(m))
        a = m / xp.where(largest > 0, largest, 1.0)
        squares = xp.square(a)
        columns, rows = xp.sum(squares, axis=0), xp.sum(squares, axis=1)
        longer = xp.max(columns) > xp.max(rows)
        by_column, by_row = a[:, xp.argmax(columns)] @ a, a @ a[xp.argmax(rows)]
        x = xp.where(longer, by_column, by_row)
        x = x / xp.maximum(xp.sqrt(xp.sum(xp.square(x))), xp.finfo(a.dtype).tiny)
        return largest * xp.sqrt(xp.sum(xp.square(xp.where(longer, a, a.T) @ x)))

    return tuple(bound(m) for m in h)


@primitive(
    "Gram, PerAxis -> Gram",
    torch="[x * m for m, x in zip({h}, {a}, strict=True)]",
    latex=r"{a:product}\,{h:product}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def axis_scaled(xp, h, a):
    """Each matrix times the number of its axis."""
    return tuple(x * m for m, x in zip(h, a, strict=True))


@primitive(
    "PerAxis, Scalar -> Scalar",
    torch="""
def _axis_sum(a: list[torch.Tensor], start: Any) -> Any:
    for part in a:
        start = start + part
    return start
""",
    latex=r"{start:product} + \textstyle\sum_i {{{a:atom}}}_i",
    binds=Binding.SUM,
    weight=0.0,
)
def axis_sum(xp, a, start):
    """The sum of the numbers of all axes of each tensor, and of `start`, which a number keeps."""
    for part in a:
        start = start + part
    return start
