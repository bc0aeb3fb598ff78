"""Several tensors at once: their sums, norms, inner products and the space that they span.

A `Population` of length n holds n members, each an array shaped like the parameter tensor, on the
first axis; `Coefficients` hold a number for each member and tensor. Tensors broadcast to a
population, and so do coefficients, over the entries of the member; where a number belongs to the
member as a whole, as its loss does, it is the same in every tensor. Solving with the members' Gram
matrix, which is n by n, is what inverts a sum of n outer products and makes extrapolations.
"""

from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind, kind
from dsl.language.registry import Binding, Scope, primitive

COEFFICIENTS = kind(
    "Coefficients",
    "one number per member of a population",
    lifts_to=(),
    shape=lambda of: (1,) * len(of),
    lifts_from=(Kind.SCALAR,),
    sized=True,
)
POPULATION = kind(
    "Population",
    "arrays shaped like each tensor, one per member",
    lifts_to=(),
    shape=lambda of: of,
    per_parameter=1,
    lifts_from=(Kind.TENSOR, COEFFICIENTS),
    sized=True,
)


@initialiser(COEFFICIENTS, torch="{w}.new_zeros((int({length}), *[1] * {w}.ndim))")
def coefficients(xp, w, length):
    """One number per member of a population of `length` members, all of them 0 at first."""
    return xp.zeros((int(length), *[1] * w.ndim), dtype=w.dtype)


@primitive(
    "Population -> Coefficients",
    scope=Scope.MODEL,
    torch="""
def _member_norm(x: list[torch.Tensor]) -> list[torch.Tensor]:
    squares = [leaf.square().unsqueeze(-1).flatten(1).sum(1) for leaf in x]
    size = torch.sqrt(torch.stack(squares).sum(0))
    return [size.reshape(-1, *[1] * (leaf.ndim - 1)) for leaf in x]
""",
    latex=r"\left\|{{{x:atom}}}_i\right\|_{{\mathrm{{all}}}}",
    weight=0.0,
)
def member_norm(xp, x):
    """The Euclidean norm of each member over all tensors of the model."""
    size = xp.sqrt(sum(xp.sum(xp.square(leaf), axis=tuple(range(1, leaf.ndim))) for leaf in x))
    return [xp.reshape(size, (-1, *[1] * (leaf.ndim - 1))) for leaf in x]


@primitive(
    "Population, Coefficients -> Tensor",
    torch="torch.sum({c} * {h}, dim=0)",
    latex=r"\textstyle\sum_i {{{c:atom}}}_i\,{{{h:atom}}}_i",
    binds=Binding.SUM,
    weight=0.0,
)
def weighted_sum(xp, h, c):
    """The sum of the members, each times its coefficient."""
    return xp.sum(c * h, axis=0)


@primitive(
    "Population, Coefficients -> Tensor",
    torch="torch.sum({c} * {h}, dim=0) / torch.sum({c}, dim=0)",
    latex=r"\frac{{\sum_i {{{c:atom}}}_i\,{{{h:atom}}}_i}}{{\sum_i {{{c:atom}}}_i}}",
    weight=0.0,
)
def weighted_mean(xp, h, c):
    """The mean of the members, weighted by coefficients; not finite where these add up to 0."""
    return xp.sum(c * h, axis=0) / xp.sum(c, axis=0)


@primitive(
    "Population, Tensor -> Coefficients",
    torch="""
def _member_dot(h: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return (h * x).reshape(len(h), x.numel()).sum(1).reshape(-1, *[1] * x.ndim)
""",
    latex=r"\langle {{{h:atom}}}_i, {x}\rangle",
    weight=0.0,
)
def member_dot(xp, h, x):
    """The inner product of each member with `x`, tensor by tensor."""
    return _as_coefficients(xp, _rows(xp, h) @ xp.reshape(x, (-1,)), h)


@primitive(
    "Population, Tensor -> Coefficients",
    scope=Scope.MODEL,
    torch="""
def _global_member_dot(h: list[torch.Tensor], x: list[torch.Tensor]) -> list[torch.Tensor]:
    dots = [(m * y).reshape(len(m), y.numel()).sum(1) for m, y in zip(h, x, strict=True)]
    total = torch.stack(dots).sum(0)
    return [total.reshape(-1, *[1] * leaf.ndim) for leaf in x]
""",
    latex=r"\langle {{{h:atom}}}_i, {x}\rangle_{{\mathrm{{all}}}}",
    weight=0.0,
)
def global_member_dot(xp, h, x):
    """The inner product of each member with `x` over all tensors of the model."""
    total = sum(_rows(xp, m) @ xp.reshape(leaf, (-1,)) for m, leaf in zip(h, x, strict=True))
    return [_as_coefficients(xp, total, m) for m in h]


_SOLVE = """
def _rows(h: torch.Tensor) -> torch.Tensor:
    rows = h.reshape(len(h), h[0].numel())
    return rows.to(torch.promote_types(h.dtype, torch.float32))

def _solve(gram: torch.Tensor, b: torch.Tensor, k: torch.Tensor | float) -> torch.Tensor:
    finite = torch.isfinite(gram).all()
    values, vectors = torch.linalg.eigh(torch.where(finite, gram, torch.eye(len(gram)).to(gram)))
    values = values.clamp(min=0) + k
    least = len(values) * torch.finfo(gram.dtype).eps * values.abs().max()
    inverse = torch.where(values.abs() > least, 1 / values, 0)
    solution = vectors @ (inverse[:, None] * (vectors.T @ b.to(gram.dtype)))
    return torch.where(finite, solution, torch.nan)
"""


@primitive(
    "Population, Coefficients, Global -> Coefficients",
    torch=f"""
{_SOLVE}

def _gram_solve(h: torch.Tensor, b: torch.Tensor, k: torch.Tensor | float) -> torch.Tensor:
    rows = _rows(h)
    return _solve(rows @ rows.T, b.reshape(-1, 1), k).reshape(b.shape).to(h.dtype)
""",
    latex=r"\left({h:product} {h:atom}^\top + {k:product}\,I\right)^{{-1}} {b:product}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def gram_solve(xp, h, b, k):
    """The coefficients `c` with `(G + k I) c = b`, where `G` has the members' inner products.

    Tensor by tensor. The solution of least norm where the matrix is singular to rounding; NaN where
    it is not finite. With `b = member_dot(h, x)` the weighted sum by `c` is the ridge regression
    of `x` on the members, and what it leaves of `x` is k times the inverse of `H^T H + k I` at `x`.
    """
    rows = _rows(xp, h)
    return _as_coefficients(xp, _solve(xp, rows @ rows.T, xp.reshape(b, (-1, 1)), k), h)


@primitive(
    "Population, Coefficients, Global -> Coefficients",
    scope=Scope.MODEL,
    torch=f"""
{_SOLVE}

def _global_gram_solve(
    h: list[torch.Tensor], b: list[torch.Tensor], k: torch.Tensor | float
) -> list[torch.Tensor]:
    gram = torch.stack([_rows(m) @ _rows(m).T for m in h]).sum(0)
    found = _solve(gram, torch.stack([part.flatten() for part in b], dim=1), k)
    return [c.reshape(part.shape).to(part.dtype) for c, part in zip(found.T, b, strict=True)]
""",
    latex=r"\left({h:product} {h:atom}^\top + {k:product}\,I\right)_{{\mathrm{{all}}}}^{{-1}} "
    r"{b:product}",
    binds=Binding.PRODUCT,
    weight=0.0,
)
def global_gram_solve(xp, h, b, k):
    """`gram_solve` with inner products over all tensors of the model; each has its own `b`."""
    if not h:
        return []
    gram = sum(rows @ rows.T for rows in (_rows(xp, m) for m in h))
    right = xp.stack([xp.reshape(part, (-1,)) for part in b], axis=1)
    found = _solve(xp, gram, right, k)
    return [_as_coefficients(xp, found[:, at], m) for at, m in enumerate(h)]


def _rows(xp, h):
    """The members of a population as the rows of a matrix, in float32 or better."""
    length = h.shape[0]
    return xp.reshape(h, (length, h.size // length)).astype(xp.result_type(h.dtype, xp.float32))


def _as_coefficients(xp, numbers, h):
    """A number for each member of `h`."""
    return xp.reshape(numbers, (-1, *[1] * (h.ndim - 1))).astype(h.dtype)


def _solve(xp, gram, b, k):
    """`gram + k I` inverted on the columns of `b`, without the directions that it takes to 0."""
    finite = xp.all(xp.isfinite(gram))
    values, vectors = xp.linalg.eigh(xp.where(finite, gram, xp.eye(len(gram), dtype=gram.dtype)))
    values = xp.maximum(values, 0.0) + k
    least = len(gram) * xp.finfo(gram.dtype).eps * xp.max(xp.abs(values))
    inverse = xp.where(xp.abs(values) > least, 1 / values, 0.0)
    return xp.where(finite, vectors @ (inverse[:, None] * (vectors.T @ b)), xp.nan)
