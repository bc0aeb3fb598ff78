"""GaLore and Natural GaLore."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    eigenvectors,
    every,
    gram,
    gram_solve,
    history,
    identity,
    interp,
    leading,
    member_dot,
    mode_product,
    push,
    shortest,
    sqrt,
    square,
    transpose,
    weighted_sum,
    when,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_UNDEFINED = "leading singular vectors are those of a matrix"
_HYPERS = {
    "size": Hyper("dimensions that the gradient is projected to", 1, whole=True),
    "period": Hyper("steps between changes of the projection", 1, whole=True),
    "scale": Hyper("of what is projected back"),
}


def projection(g: Any, size: Any) -> Any:
    """The leading singular vectors of a matrix on its shorter side, as columns."""
    return shortest(leading(eigenvectors(gram(g)), size))


@entry(
    paper="GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection (Zhao et al.)",
    year=2024,
    reference=Dense(at={"size": 2, "period": 7}, ranks=(2,), undefined=_UNDEFINED),
    hypers=_HYPERS,
)
def galore(
    w, g, t, m=zeros, v=zeros, q=identity(0),
    *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-6, wd=0.0, size=128, period=200, scale=0.25,
):  # fmt: skip
    """GaLore: Adam on the gradient projected to its leading singular vectors on the shorter side.

    For matrices. The projection is made anew from the gradient of steps 1, 1 + period, ... before
    it is used, a square matrix being projected from the right. The moments are not turned with it,
    so the signs of singular vectors matter: the largest entry of each is positive here, where
    the authors take what the decomposition returns. Both moments are kept at full size with zeros
    outside of the projection. eps is added to the root before its bias correction. Weight decay is
    decoupled and acts on the parameters that the step leaves.
    """
    q = when(every(t, period, 1), projection(g, size), q)
    r = mode_product(transpose(q), g)
    m = interp(r, m, b1)
    v = interp(square(r), v, b2)
    u = mode_product(q, m / (sqrt(v) + eps))
    u = lr * sqrt(1 - b2**t) / (1 - b1**t) * scale * u
    return u + lr * wd * (w - u)


_NATURAL = (
    "Natural GaLore: Accelerating GaLore for memory-efficient LLM Training and Fine-tuning (Das)"
)
_NATURAL_HYPERS = {**_HYPERS, "lam": Hyper("added to the eigenvalues of the Fisher matrix")}
_NATURAL_AT = {"size": 2, "period": 7, "lam": 2**-3}


def _natural(h: Any, r: Any, lam: Any) -> Any:
    """`r` times the inverse of lam plus the sum of the outer products of the members of `h`."""
    return (r - weighted_sum(h, gram_solve(h, member_dot(h, r), lam))) / lam


@entry(
    paper=_NATURAL,
    year=2024,
    reference=Dense(
        at=_NATURAL_AT,
        ranks=(2,),
        undefined=_UNDEFINED,
        doubts="the authors' code projects from both sides",
    ),
    hypers=_NATURAL_HYPERS,
)
def natural_galore(
    w, g, t, m=zeros, v=zeros, q=identity(0), h=history(20),
    *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-6, wd=0.0, size=128, period=200, scale=0.25, lam=1e-3,
):  # fmt: skip
    """Natural GaLore: GaLore on projected gradients times an inverse Fisher matrix of the last 20.

    The paper's projection, from one side. The matrix is lam times the identity plus the sum of the
    outer products of the last 20 projected gradients of the tensor, the present one among them; its
    inverse is that of Woodbury's identity. Neither they nor the moments are turned when the
    projection changes. Everything else is as in GaLore: eps is added to the root before its bias
    correction, and weight decay is decoupled and acts on the parameters that the step leaves.

    status: unverified
    """
    q = when(every(t, period, 1), projection(g, size), q)
    r = mode_product(transpose(q), g)
    h = push(h, r)
    r = _natural(h, r, lam)
    m = interp(r, m, b1)
    v = interp(square(r), v, b2)
    u = mode_product(q, m / (sqrt(v) + eps))
    u = lr * sqrt(1 - b2**t) / (1 - b1**t) * scale * u
    return u + lr * wd * (w - u)


@entry(
    paper=_NATURAL,
    year=2024,
    reference=Dense(at=_NATURAL_AT, ranks=(2,), undefined=_UNDEFINED),
    hypers=_NATURAL_HYPERS,
)
def natural_galore_tucker(
    w, g, t, m=zeros, v=zeros, q=identity(0), h=history(20),
    *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-6, wd=0.0, size=128, period=200, scale=0.25, lam=1e-3,
):  # fmt: skip
    """Natural GaLore of two sides: as Natural GaLore, with gradients projected from both sides.

    The form of the authors' code: the factors of a Tucker decomposition, for a matrix its leading
    singular vectors on either side, leave `size` rows and columns. Everything else is as in the
    paper's form: neither moments nor history are turned, eps is added to the root before its bias
    correction, and weight decay is decoupled and acts on the parameters that the step leaves.
    """
    q = when(every(t, period, 1), leading(eigenvectors(gram(g)), size), q)
    r = mode_product(transpose(q), g)
    h = push(h, r)
    r = _natural(h, r, lam)
    m = interp(r, m, b1)
    v = interp(square(r), v, b2)
    u = mode_product(q, m / (sqrt(v) + eps))
    u = lr * sqrt(1 - b2**t) / (1 - b1**t) * scale * u
    return u + lr * wd * (w - u)
