"""Triangular parts of one matrix per axis, solves with them, and tensors unfolded to matrices.

A preconditioner `Q^T Q` of an upper triangular `Q` per axis, as PSGD keeps it, is applied by mode
products and inverted by solves, without a decomposition.
"""

import dsl.primitives.gram  # noqa: F401  (declares the kind)
from dsl.language.registry import Binding, primitive


@primitive(
    "Gram -> Gram",
    torch="[torch.triu(m) for m in {h}]",
    latex=r"\operatorname{{triu}}\left({h}\right)",
    weight=0.0,
)
def upper_triangle(xp, h):
    """The upper triangle of each matrix, diagonal included; zeros below it.

    The lower one is `transpose(upper_triangle(transpose(h)))`.
    """
    return tuple(xp.triu(m) for m in h)


_SOLVED = """
def _solved(h: list[torch.Tensor], x: torch.Tensor, upper: bool) -> torch.Tensor:
    for axis, m in enumerate(h):
        if x.numel() == 0:
            break
        flat = x.movedim(axis, 0).unsqueeze(-1).flatten(1)
        wide = torch.promote_types(x.dtype, torch.float32)
        triangle = torch.triu(m) if upper else torch.tril(m)
        solvable = torch.isfinite(triangle).all() & (m.diagonal() != 0).all()
        eye = torch.eye(len(m), dtype=wide, device=m.device)
        safe = torch.where(solvable, triangle.to(wide), eye)
        made = torch.linalg.solve_triangular(safe, flat.to(wide), upper=upper)
        known = solvable & torch.isfinite(flat).all(0)
        made = torch.where(known, made, torch.nan).to(x.dtype)
        x = made.reshape(x.movedim(axis, 0).shape).movedim(0, axis)
    return x
"""


@primitive(
    "Gram, Tensor -> Tensor",
    torch=f"""
{_SOLVED}

def _solve_upper(h: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return _solved(h, x, True)
""",
    latex=r"{x:product} \times_i \operatorname{{triu}}\left({h}\right)^{{-1}}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def solve_upper(xp, h, x):
    """`x` multiplied along every axis by the inverse of the upper triangle of its matrix.

    So `mode_product(h, solve_upper(h, x))` is `x` for triangular `h`. In float32 or better; NaN
    where a diagonal has a zero or a triangle an entry that is not finite.
    """
    return _solved(xp, h, x, lower=False)


@primitive(
    "Gram, Tensor -> Tensor",
    torch=f"""
{_SOLVED}

def _solve_lower(h: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return _solved(h, x, False)
""",
    latex=r"{x:product} \times_i \operatorname{{tril}}\left({h}\right)^{{-1}}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def solve_lower(xp, h, x):
    """`x` multiplied along every axis by the inverse of the lower triangle of its matrix.

    With the transpose of an upper triangular `q`, `solve_lower(transpose(q), x)` multiplies a
    matrix by the inverse of `q` from the right. In float32 or better; NaN where a diagonal has a
    zero or a triangle an entry that is not finite.
    """
    return _solved(xp, h, x, lower=True)


@primitive(
    "Tensor -> Gram",
    torch="""
def _unfold(x: torch.Tensor) -> list[torch.Tensor]:
    found = []
    for axis, n in enumerate(x.shape):
        columns = x.movedim(axis, 0).unsqueeze(-1).flatten(1)[:, :n]
        missing = n - columns.shape[1]
        found.append(torch.nn.functional.pad(columns, (0, missing)))
    return found
""",
    latex=r"\operatorname{{unfold}}\left({x}\right)",
    weight=0.0,
)
def unfold(xp, x):
    """For every axis of length n the first n columns of `x` unfolded along it; zeros if it has
    fewer.

    A random matrix per axis is `unfold(normal(1))`: on the shorter axis of a matrix all of its
    entries are drawn, and of a longer one as many columns as the other axis is long.
    """
    found = []
    for axis, n in enumerate(x.shape):
        columns = _matrix(xp, x, axis)[:, :n]
        missing = xp.zeros((n, n - columns.shape[1]), dtype=x.dtype)
        found.append(xp.concatenate([columns, missing], axis=1))
    return tuple(found)


def _matrix(xp, x, axis):
    """`x` as a matrix [length of the axis, product of the others]."""
    length = x.shape[axis]
    return xp.reshape(xp.moveaxis(x, axis, 0), (length, x.size // length if length else 0))


def _solved(xp, h, x, *, lower):
    for axis, m in enumerate(h):
        if x.size == 0:
            break
        turn = slice(None, None, -1 if lower else 1)  # turned round, a lower triangle is an upper
        wide = xp.result_type(x.dtype, xp.float32)
        b = _matrix(xp, x, axis).astype(wide)[turn]
        made = _substituted(xp, m.astype(wide)[turn, turn], b)[turn]
        shape = xp.moveaxis(x, axis, 0).shape
        x = xp.moveaxis(xp.reshape(made.astype(x.dtype), shape), 0, axis)
    return x


def _substituted(xp, m, b):
    """The solution of an upper triangular system: a decomposition of it swaps no rows, so the
    general solver only substitutes. NaN in a column of `b` that is not finite."""
    triangle = xp.triu(m)
    solvable = xp.all(xp.isfinite(triangle)) & xp.all(xp.diagonal(m) != 0)
    safe = xp.where(solvable, triangle, xp.eye(m.shape[0], dtype=m.dtype))
    known = solvable & xp.all(xp.isfinite(b), axis=0)
    return xp.where(known, xp.linalg.solve(safe, b), xp.nan)
