"""The Lion-K family: Lion with the subgradient of another convex function K in place of the sign.

Under weight decay wd the family minimizes the loss plus the conjugate of K at wd * w, over wd. A
member that is another's special case has no entry: K = |x|_1 is Lion, which is `lion_k_norm` at
p = 1, and the Euclidean norm is `lion_k_norm` at p = 2. Subgradients are 0 at 0.
"""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    abs,
    clip,
    descending_rank,
    gram,
    interp,
    matrix_power,
    mode_product,
    shortest,
    sign,
    sqrt,
    square,
    sum,
    tanh,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_PAPER = "Lion Secretly Solves Constrained Optimization: As Lyapunov Predicts (Chen et al.)"
_FROM_MEMORY = "that the paper has this K was not checked against its text"
_THIRD_PARTY = "this K is not among those of the paper"
_SMALL = Hyper("magnitude below which an entry counts as small")


@entry(paper=_PAPER, year=2024, reference=Dense())
def lion_k_quadratic(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0):
    """Lion-K with K = |x|^2 / 2: momentum of Nesterov's kind, the interpolation as it is.

    With b1 = b2 it is heavy ball on an average of gradients. Weight decay is decoupled and reads
    the parameters before the step.
    """
    u = interp(g, m, b1)
    m = interp(g, m, b2)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"p": 1.5}),
    hypers={"p": Hyper("power of the norm: 1 is Lion, 2 normalizes each tensor", 1)},
)
def lion_k_norm(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, p=1.5):
    """Lion-K with K = |x|_p, a norm of each tensor: between the sign and normalized momentum.

    A tensor whose interpolation is 0 is left to the decay; there is no other guard. Weight decay is
    decoupled and reads the parameters before the step. The paper fixes no p.
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    n = sum(abs(x) ** p) ** (1 / p)
    u = where(n > 0, sign(x) * (abs(x) / n) ** (p - 1), 0)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"tau": 0.1}, doubts=_FROM_MEMORY),
    hypers={"tau": _SMALL},
)
def lion_k_threshold(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, tau=1e-3):
    """Lion-K with K the sum of max(|x| - tau, 0): the sign of entries above a threshold, else 0.

    Weight decay is decoupled and reads the parameters before the step.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = sign(x) * (abs(x) > tau)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"top": 5}, doubts=_FROM_MEMORY),
    hypers={"top": Hyper("entries of a tensor that move", 1, whole=True)},
)
def lion_k_top_k(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, top=1):
    """Lion-K with K the sum of the largest magnitudes: their sign, and 0 for the others.

    The `top` largest are those of each tensor; of equal ones the first count. With top = 1 it is
    steepest coordinate descent. Weight decay is decoupled and reads the parameters before the step.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = sign(x) * (descending_rank(abs(x)) < top)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"tau": 0.1}, doubts=_FROM_MEMORY),
    hypers={"tau": _SMALL},
)
def lion_k_huber(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, tau=1e-3):
    """Lion-K with K Huber's function: the sign, made linear where an entry is below tau.

    With tau = 1 it is the refined mode of Optax's Lion. Weight decay is decoupled and reads the
    parameters before the step.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = clip(x / tau, -1, 1)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(),
    hypers={"a": Hyper("slope at 0: Lion where it is large")},
)
def lion_k_entropy(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, a=1.0):
    """Lion-K with K the sum of log cosh(a x) / a, whose conjugate is an entropy: a smooth sign.

    It is the smooth mode of Optax's Lion. Weight decay is decoupled and reads the parameters before
    the step.
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = tanh(a * x)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"tau": 0.1}, doubts=_THIRD_PARTY),
    hypers={"tau": _SMALL},
)
def lion_k_relativistic(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, tau=1e-3):
    """Lion-K with K the sum of sqrt(x^2 + tau^2), an energy of relativity: another smooth sign.

    Weight decay is decoupled and reads the parameters before the step.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = x / sqrt(square(x) + tau**2)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"tau": 0.1}, doubts=_THIRD_PARTY),
    hypers={"tau": _SMALL},
)
def lion_k_log(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, tau=1e-3):
    """Lion-K with K the sum of |x| - tau * log(1 + |x| / tau): the softsign of the interpolation.

    Weight decay is decoupled and reads the parameters before the step.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = x / (abs(x) + tau)
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(doubts=_THIRD_PARTY),
    hypers={"a": Hyper("how much less the smallest entry weighs than the largest", 0, 1)},
)
def lion_k_sorted(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0, a=0.5):
    """Lion-K with K a sorted norm: the sign, scaled down from the largest entry to the smallest.

    K adds up the magnitudes of a tensor, each times a weight that falls linearly with its place
    among them: 1 for the largest, then less by a / n each, where n is the number of entries (the
    weights of OSCAR). Weight decay is decoupled and reads the parameters before the step.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = sign(x) * (1 - a * descending_rank(abs(x)) / sum(1))
    return lr * (u + wd * w)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(
        ranks=(1, 2),
        undefined="the nuclear norm is one of matrices, vectors being rows",
        doubts=_FROM_MEMORY,
    ),
    hypers={"eps": Hyper("square of a singular value that counts as small")},
)
def lion_k_nuclear(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, eps=1e-20, wd=0.0):
    """Lion-K with K the nuclear norm: the interpolation with its singular values brought to 1.

    For matrices, and vectors as matrices of one row. Muon's direction without its iteration. eps is
    added to the square of each singular value, under the root that divides it, which smooths K
    and leaves a matrix of zeros where it is. Weight decay is decoupled and reads the parameters
    before the step; it bounds their spectral norm by 1 / wd.

    status: unverified
    """
    x = interp(g, m, b1)
    m = interp(g, m, b2)
    u = mode_product(shortest(matrix_power(gram(x), -0.5, eps)), x)
    return lr * (u + wd * w)
