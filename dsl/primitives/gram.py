"""One square matrix for every axis of each tensor: statistics of an axis, their powers, rotations.

The kind `Gram` holds, for a tensor of shape [n1, n2, ...], matrices [n1, n1], [n2, n2], ...; none
for a number. They act on a tensor by mode products: on a matrix from the left and from the right.
"""

from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind, kind
from dsl.language.registry import Binding, Counts, primitive

GRAM = kind(
    "Gram",
    "one square matrix per axis of each tensor",
    lifts_to=(),
    shape=lambda of: tuple((size, size) for size in of),
    per_parameter=2,
    lifts_from=(Kind.SCALAR,),
    many=True,
)


@initialiser(
    GRAM,
    torch="[{value} * torch.eye(n, dtype={w}.dtype, device={w}.device) for n in {w}.shape]",
)
def identity(xp, w, value):
    """`value` times the identity, for every axis."""
    return tuple(value * xp.eye(size, dtype=w.dtype) for size in w.shape)


@primitive(
    "Tensor -> Gram",
    torch="""
def _gram(x: torch.Tensor) -> list[torch.Tensor]:
    unfolded = [x.movedim(axis, 0).unsqueeze(-1).flatten(1) for axis in range(x.ndim)]
    return [m @ m.T for m in unfolded]
""",
    latex=r"\operatorname{{gram}}\left({x}\right)",
    weight=0.0,
)
def gram(xp, x):
    """For every axis the inner products of the slices of `x` along it: `X X^T` of the unfolding.

    For a matrix these are `x x^T` and `x^T x`, for a vector `x x^T`.
    """
    return tuple(m @ m.T for m in (_unfolded(xp, x, axis) for axis in range(x.ndim)))


@primitive(
    "Gram, Tensor -> Tensor",
    torch="""
def _mode_product(h: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    for axis, m in enumerate(h):
        dims: Any = [1], [axis]
        x = torch.tensordot(m, x, dims).movedim(0, axis)
    return x
""",
    latex=r"{x:product} \times_i {h:product}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def mode_product(xp, h, x):
    """`x` multiplied along every axis by the matrix of the axis: `L x R^T` for a matrix `x`."""
    for axis, m in enumerate(h):
        x = xp.moveaxis(xp.tensordot(m, x, axes=((1,), (axis,))), 0, axis)
    return x


@primitive(
    "Gram, Gram -> Gram",
    torch="[a @ b for a, b in zip({h}, {k}, strict=True)]",
    latex=r"{h:product} \cdot {k:product}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def matmul(xp, h, k):
    """The matrix product, axis by axis."""
    return tuple(a @ b for a, b in zip(h, k, strict=True))


@primitive(
    "Gram -> Gram",
    torch="[m.T for m in {h}]",
    latex=r"{{{h:atom}}}^\top",
    binds=Binding.POWER,
    weight=0.0,
)
def transpose(xp, h):
    """The transpose of each matrix."""
    return tuple(m.T for m in h)


_WHERE_FINITE = """
def _where_finite(
    function: Callable[[torch.Tensor], torch.Tensor], m: torch.Tensor
) -> torch.Tensor:
    if m.numel() == 0:
        return m
    finite = torch.isfinite(m).all()
    safe = torch.where(finite, m, torch.eye(len(m), dtype=m.dtype, device=m.device))
    made = function(safe.to(torch.promote_types(m.dtype, torch.float32)))
    return torch.where(finite, made, torch.nan).to(m.dtype)
"""


@primitive(
    "Gram, Scalar, Global -> Gram",
    torch=f"""
{_WHERE_FINITE}

def _matrix_power(
    h: list[torch.Tensor], p: torch.Tensor | float, eps: torch.Tensor | float
) -> list[torch.Tensor]:
    def power(m: torch.Tensor) -> torch.Tensor:
        values, vectors = torch.linalg.eigh(m / 2 + m.T / 2)
        return vectors * (values.clamp(min=0) + eps) ** p @ vectors.T

    return [_where_finite(power, m) for m in h]
""",
    latex=r"\left({h} + {eps:product}\,I\right)^{{{p}}}",
    binds=Binding.POWER,
    weight=0.0,
)
def matrix_power(xp, h, p, eps):
    """`(h + eps I)` to the power `p` for matrices that are symmetric and not negative.

    By an eigendecomposition of the symmetric part; eigenvalues that rounding left below zero count
    as zero. A negative power with an `eps` of 0 is infinite where a matrix is singular.
    """

    def power(m):
        values, vectors = xp.linalg.eigh(m / 2 + m.T / 2)
        powers = xp.power(xp.maximum(values, 0.0) + eps, p)
        return (vectors * powers[None, :]) @ vectors.T

    return tuple(_where_finite(xp, power, m) for m in h)


@primitive(
    "Gram -> Gram",
    torch=f"""
{_WHERE_FINITE}

def _eigenvectors(h: list[torch.Tensor]) -> list[torch.Tensor]:
    def descending_vectors(m: torch.Tensor) -> torch.Tensor:
        vectors = torch.linalg.eigh(m / 2 + m.T / 2).eigenvectors.flip(1)
        largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
        return torch.where(largest < 0, -vectors, vectors)

    return [_where_finite(descending_vectors, m) for m in h]
""",
    latex=r"\operatorname{{eig}}\left({h}\right)",
    weight=0.0,
)
def eigenvectors(xp, h):
    """The eigenvectors of the symmetric part as columns, from the largest eigenvalue to the least.

    The entry of largest magnitude in each is positive. Vectors of equal eigenvalues are some
    orthonormal basis of their space.
    """

    def descending_vectors(m):
        vectors = xp.linalg.eigh(m / 2 + m.T / 2)[1][:, ::-1]
        at = xp.argmax(xp.abs(vectors), axis=0, keepdims=True)
        return xp.where(xp.take_along_axis(vectors, at, axis=0) < 0, -vectors, vectors)

    return tuple(_where_finite(xp, descending_vectors, m) for m in h)


@primitive(
    "Gram -> Gram",
    torch=f"""
{_WHERE_FINITE}

def _orthonormal(h: list[torch.Tensor]) -> list[torch.Tensor]:
    def columns(m: torch.Tensor) -> torch.Tensor:
        q, r = torch.linalg.qr(m)
        return torch.where(r.diagonal() < 0, -q, q)

    return [_where_finite(columns, m) for m in h]
""",
    latex=r"\operatorname{{qr}}\left({h}\right)",
    weight=0.0,
)
def orthonormal(xp, h):
    """The columns of each matrix made orthonormal, from the first to the last.

    By a QR decomposition whose triangle has no negative number on its diagonal.
    """

    def columns(m):
        q, r = xp.linalg.qr(m)
        return xp.where(xp.diagonal(r)[None, :] < 0, -q, q)

    return tuple(_where_finite(xp, columns, m) for m in h)


@primitive(
    "Gram -> Gram",
    torch="""
def _descending(h: list[torch.Tensor]) -> list[torch.Tensor]:
    orders = [(-m.diagonal()).argsort(stable=True) for m in h]
    eyes = [torch.eye(len(m), dtype=m.dtype, device=m.device) for m in h]
    return [eye[:, order] for eye, order in zip(eyes, orders, strict=True)]
""",
    latex=r"\operatorname{{sort}}\left({h}\right)",
    weight=0.0,
)
def descending(xp, h):
    """The permutation `e` that sorts the diagonal: that of `e^T h e` falls. Ties keep their order.

    `matmul(q, e)` puts the columns of `q` in that order.
    """
    orders = [xp.argsort(-xp.diagonal(m), stable=True) for m in h]
    return tuple(
        xp.eye(m.shape[0], dtype=m.dtype)[:, order] for m, order in zip(h, orders, strict=True)
    )


@primitive(
    "Gram -> Gram",
    torch="""
def _shortest(h: list[torch.Tensor]) -> list[torch.Tensor]:
    eyes = [torch.eye(len(m), dtype=m.dtype, device=m.device) for m in h]
    at = min(range(len(h)), key=lambda axis: (len(h[axis]), -axis), default=None)
    return [m if axis == at else eyes[axis] for axis, m in enumerate(h)]
""",
    latex=r"\operatorname{{shortest}}\left({h}\right)",
    weight=0.0,
)
def shortest(xp, h):
    """The matrix of the shortest axis, and the identity for every other: one side of a matrix.

    Of axes that are equally short it is the last one.
    """
    at = min(range(len(h)), key=lambda axis: (h[axis].shape[0], -axis), default=None)
    eyes = [xp.eye(m.shape[0], dtype=m.dtype) for m in h]
    return tuple(m if axis == at else eyes[axis] for axis, m in enumerate(h))


@primitive(
    "Gram, Global -> Gram",
    torch="""
def _leading(h: list[torch.Tensor], count: torch.Tensor | float) -> list[torch.Tensor]:
    return [torch.where(torch.arange(len(m), device=m.device) < count, m, 0) for m in h]
""",
    latex=r"{{{h:atom}}}_{{:{count}}}",
    weight=0.0,
    counts=Counts.TAKEN,
)
def leading(xp, h, count):
    """The first `count` columns of each matrix; the others are 0."""
    return tuple(xp.where((xp.arange(m.shape[0]) < count)[None, :], m, 0.0) for m in h)


def _unfolded(xp, x, axis):
    """`x` as a matrix [length of the axis, product of the others]."""
    length = x.shape[axis]
    return xp.reshape(xp.moveaxis(x, axis, 0), (length, x.size // length if length else 0))


def _where_finite(xp, function, m):
    """`function` of a matrix, in float32 or better; NaN where an entry is not finite,
    for which LAPACK would fail."""
    if m.size == 0:
        return m
    finite = xp.all(xp.isfinite(m))
    safe = xp.where(finite, m, xp.eye(m.shape[0], dtype=m.dtype))
    made = function(safe.astype(xp.result_type(m.dtype, xp.float32)))
    return xp.where(finite, made, xp.nan).astype(m.dtype)
