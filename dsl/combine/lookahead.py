"""Slow parameters, which fast ones set out from and are drawn back to now and then."""

from dsl.combine.combinator import after
from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, every, interp, where, zeros


@after(
    "u",
    numbers={
        "period": Hyper("steps between two meetings with the slow parameters", 1, whole=True),
        "alpha": Hyper("part of the way that the slow parameters go", 0, 1),
    },
)
def lookahead(w, t, slow=copy_w, u=zeros, *, period=5, alpha=0.5):
    """A part `alpha` of what every `period` steps of the program lead to (Zhang et al. 2019).

    The program goes on from there with the slots that it has. Gradients between are those at the
    fast parameters, which an export holds; what is evaluated are the slow ones, which are these
    after each `period`-th step.
    """
    meets = every(t, period, 0)
    slow = where(meets, interp(slow, w - u, alpha), slow)
    return where(meets, w - slow, u), slow
