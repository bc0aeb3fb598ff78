"""Weight decay for programs that have none."""

from dsl.combine.combinator import after, before
from dsl.ops import zeros


@before("g")
def coupled_decay(w, g, *, wd=0.0):
    """Decay `wd` times the parameters added to the gradient, so a program adapts it too."""
    return g + wd * w


@after("u", shared=("lr",))
def decoupled_decay(w, u=zeros, *, lr=1e-3, wd=0.0):
    """Parameters before the step also shrink by the fraction lr * wd, with the program's rate."""
    return u + lr * wd * w
