"""Primitives that look at the shape of a tensor."""

from dsl.language.registry import Binding, Counts, primitive


@primitive(
    "Tensor -> Tensor",
    torch="""
def _block_mean(x: torch.Tensor) -> torch.Tensor:
    if x.ndim < 2:
        return x
    axes = tuple(range(min(x.ndim - 1, 2), x.ndim))
    return x.mean(dim=axes, keepdim=True).expand_as(x)
""",
    latex=r"\operatorname{{blockmean}}\left({x}\right)",
    weight=0.0,
)
def block_mean(xp, x):
    """Averages over the trailing axes, broadcast back to the shape of `x`.

    Rank 0 and 1: `x` itself; rank 2 and 3: mean over the last axis; rank 4: over the last two
    (the two spatial axes of a convolution kernel stored output, input, height, width). Higher ranks
    average over all axes after the second. Source: AdaHessian (Yao et al. 2021), section 3.2, in
    the block sizes of the authors' general implementation.
    """
    if x.ndim < 2:
        return x
    axes = tuple(range(min(x.ndim - 1, 2), x.ndim))
    return xp.broadcast_to(xp.mean(x, axis=axes, keepdims=True), x.shape)


_NEWTON_SCHULZ = """
def _newton_schulz(
    x: torch.Tensor, a: torch.Tensor | float, b: torch.Tensor | float, c: torch.Tensor | float
) -> torch.Tensor:
    m = x if x.ndim > 1 else x.reshape(1, -1)
    wide = m if m.shape[-2] <= m.shape[-1] else m.mT
    factor = wide @ wide.mT
    factor = (factor @ factor).mul_(c).add_(factor.mul_(b))
    factor.diagonal(dim1=-2, dim2=-1).add_(a)
    step = factor @ wide
    return (step if wide is m else step.mT).reshape(x.shape)
"""

_QUINTIC = (3.4445, -4.775, 2.0315)
"""Muon's coefficients: steep at zero; singular values end between about 0.7 and 1.2, not at 1."""


def _five_steps(x):
    """Five steps of `newton_schulz` from the text of a matrix, as a text."""
    for _ in range(5):
        x = f"newton_schulz({x}, {', '.join(map(str, _QUINTIC))})"
    return x


@primitive(
    "Tensor, Global, Global, Global -> Tensor",
    torch=_NEWTON_SCHULZ,
    latex=r"{a:product}\,{x:product} + \left({b:negation}\,A + {c:product}\,A^2\right){x:product} "
    r"\;\big|_{{A = {x:product}{x:atom}^\top}}",
    binds=Binding.SUM,
    weight=0.1,
    stacks=True,
)
def newton_schulz(xp, x, a, b, c):
    """One step of the quintic Newton-Schulz iteration: `a x + (b A + c A A) x` with `A = x x^T`.

    It maps each singular value s of `x` to `a s + b s^3 + c s^5` and keeps the singular vectors, so
    a few steps from a matrix whose norm is at most 1 drive all singular values towards 1. A vector
    or a number counts as a matrix of one row; a tensor of rank 3 or more is a stack of matrices
    over its last two axes. The smaller of `x x^T` and `x^T x` is formed. Source: Muon (Jordan et
    al. 2024).
    """
    return _newton_schulz_step(xp, x, a, b, c)


@primitive(
    "Tensor -> Tensor",
    torch=f"""{_NEWTON_SCHULZ}

def _orthogonalised(x: torch.Tensor) -> torch.Tensor:
    x = x / (torch.linalg.vector_norm(x) + 1e-8)
    for _ in range(5):
        x = _newton_schulz(x, 3.4445, -4.775, 2.0315)
    return x
""",
    latex=r"\operatorname{{orth}}\left({x}\right)",
    spelled=_five_steps("x / (norm(x) + 1e-8)"),
    weight=0.25,
    stacks=True,
)
def orthogonalised(xp, x):
    """`x` with its singular values brought close to 1, as Muon steps.

    Five steps of `newton_schulz` with Muon's coefficients from `x` over its norm (the tensor's,
    plus 1e-8): singular values end between about 0.7 and 1.2, those far below the norm lower.
    Matrices are read as `newton_schulz` reads them; a vector becomes about its direction. Source:
    Muon (Jordan et al. 2024).
    """
    x = x / (xp.sqrt(xp.sum(xp.square(x))) + 1e-8)
    for _ in range(5):
        x = _newton_schulz_step(xp, x, *_QUINTIC)
    return x


def _newton_schulz_step(xp, x, a, b, c):
    m = _as_matrix(x)
    wide = m if m.shape[-2] <= m.shape[-1] else _turned(m)
    outer = wide @ _turned(wide)
    step = a * wide + (b * outer + c * (outer @ outer)) @ wide
    return xp.reshape(step if wide is m else _turned(step), x.shape)


@primitive(
    "Tensor -> Scalar",
    torch="""
def _nuclear_norm(x: torch.Tensor) -> torch.Tensor:
    m = (x if x.ndim > 1 else x.reshape(1, -1)).to(torch.promote_types(x.dtype, torch.float32))
    finite = torch.isfinite(m).all()
    total = torch.linalg.svdvals(torch.where(finite, m, 0.0)).sum()
    return torch.where(finite, total, torch.nan).to(x.dtype)
""",
    latex=r"\left\|{x}\right\|_{{*}}",
    weight=0.0,
    stacks=True,
)
def nuclear_norm(xp, x):
    """The sum of the singular values: the dual of the spectral norm.

    Matrices are read as `newton_schulz` reads them, and those of a stack are added up; a vector's
    is its Euclidean norm. NaN where an entry is not finite.
    """
    m = _as_matrix(x)
    m = m.astype(xp.result_type(m.dtype, xp.float32))
    finite = xp.all(xp.isfinite(m))
    total = xp.sum(xp.linalg.svd(xp.where(finite, m, 0.0), compute_uv=False))
    return xp.where(finite, total, xp.nan).astype(x.dtype)


@primitive(
    "Tensor -> Scalar",
    torch="{x}.new_tensor({x}.shape[-2] if {x}.ndim > 1 else 1)",
    latex=r"\operatorname{{rows}}\left({x}\right)",
    weight=0.1,
    counts=Counts.OF_SHAPES,
)
def row_count(xp, x):
    """The length of the last axis but one; 1 for a vector or a number, which count as one row."""
    return xp.asarray(_as_matrix(x).shape[-2], dtype=x.dtype)


@primitive(
    "Tensor -> Scalar",
    torch="{x}.new_tensor({x}.shape[-1] if {x}.ndim > 0 else 1)",
    latex=r"\operatorname{{columns}}\left({x}\right)",
    weight=0.1,
    counts=Counts.OF_SHAPES,
)
def column_count(xp, x):
    """The length of the last axis; 1 for a number."""
    return xp.asarray(_as_matrix(x).shape[-1], dtype=x.dtype)


def _as_matrix(x):
    return x if x.ndim > 1 else x.reshape(1, -1)


def _turned(m):
    """The transpose of each matrix of a stack."""
    return m.swapaxes(-1, -2)
