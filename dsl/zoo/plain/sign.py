"""Signs of the gradient, plain and with momentum."""

from dsl.ops import interp, sign, zeros
from dsl.zoo.entry import Reference, entry

_PAPER = "signSGD: Compressed Optimisation for Non-Convex Problems (Bernstein et al.)"


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference("optax:sign_sgd", {"learning_rate": "lr"}),
)
def signsgd(w, g, *, lr=1e-3):
    """signSGD: every entry moves by lr against the sign of its gradient.

    An entry whose gradient is exactly 0 stays.
    """
    return lr * sign(g)


@entry(
    paper=_PAPER,
    year=2018,
    reference=Reference("optax:signum", {"learning_rate": "lr", "beta": "b1"}),
)
def signum(w, g, m=zeros, *, lr=1e-3, b1=0.9):
    """Signum: every entry moves by lr against the sign of its momentum.

    Lion with one decay rate for both uses of the momentum. A bias correction would change no sign.
    """
    m = interp(g, m, b1)
    return lr * sign(m)
