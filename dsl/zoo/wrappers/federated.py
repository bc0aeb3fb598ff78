"""Server rules of federated learning: `g` is the mean of what clients moved by, negated.

A client trains from the server's parameters and sends the difference. Its mean over clients points
downhill, so its negative stands where a gradient does.
"""

from dsl.ops import const, interp, sign, sqrt, square, zeros
from dsl.zoo.entry import Dense, entry

_PAPER = "Adaptive Federated Optimization (Reddi et al.)"


@entry(paper=_PAPER, year=2021, reference=Dense(at={"lr": 0.0625, "b1": 0.5}))
def fed_adagrad(w, g, m=zeros, v=const(1e-6), *, lr=0.1, b1=0.0, eps=1e-3):
    """FedAdagrad: the clients' mean move, over the root of the sum of its squares.

    No bias correction; eps (the paper's tau) is added to the root, and the sum starts at the square
    of its default. The paper tunes the rate, and uses no momentum here.
    """
    m = interp(g, m, b1)
    v = v + square(g)
    return lr * m / (sqrt(v) + eps)


@entry(paper=_PAPER, year=2021, reference=Dense(at={"lr": 0.0625}))
def fed_adam(w, g, m=zeros, v=const(1e-6), *, lr=0.1, b1=0.9, b2=0.99, eps=1e-3):
    """FedAdam: momentum of the clients' mean move, over the root of its second moment.

    Unlike Adam without bias correction; eps (the paper's tau) is added to the root, and the second
    moment starts at the square of its default, in some implementations at 0. The rate is tuned.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return lr * m / (sqrt(v) + eps)


@entry(paper=_PAPER, year=2021, reference=Dense(at={"lr": 0.0625}))
def fed_yogi(w, g, m=zeros, v=const(1e-6), *, lr=0.1, b1=0.9, b2=0.99, eps=1e-3):
    """FedYogi: as FedAdam, but the second moment goes up or down by a step of its own size.

    The change is (1 - b2) times the square, towards it; no bias correction. eps (the paper's tau)
    is added to the root, and the second moment starts at the square of its default. The rate is
    tuned.
    """
    m = interp(g, m, b1)
    x = square(g)
    v = v - (1 - b2) * x * sign(v - x)
    return lr * m / (sqrt(v) + eps)
