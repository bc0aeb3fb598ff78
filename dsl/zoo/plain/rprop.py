"""Rprop."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import clip, equal, sign, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm "
    "(Riedmiller and Braun)",
    year=1993,
    reference=Reference(
        "torch.optim:Rprop",
        {"lr": "lr", "etas": ("shrink", "grow"), "step_sizes": ("low", "high")},
        at={"low": 2e-3, "high": 0.05},
    ),
    hypers={
        "lr": Hyper("length of the first step of every entry"),
        "shrink": Hyper("factor on the length when the sign changes", 0, 1),
        "grow": Hyper("factor on the length when the sign stays", 1),
        "low": Hyper("least length"),
        "high": Hyper("largest length"),
    },
)
def rprop(
    w, g, t, last=zeros, size=zeros,
    *, lr=1e-2, shrink=0.5, grow=1.2, low=1e-6, high=50.0,
):  # fmt: skip
    """Rprop: steps against the gradient's sign, longer while it stays, shorter after a change.

    Every entry has a length of its own. PyTorch's and Optax's form: an entry whose gradient has
    changed its sign rests for a step and keeps its length on the next one. The rate is read on the
    first step only, so a schedule changes nothing.
    """
    same = sign(last) * sign(g)
    size = where(equal(t, 1), lr, size)
    size = clip(size * where(same > 0, grow, where(same < 0, shrink, 1)), low, high)
    last = where(same < 0, 0, g)
    return size * sign(last)
