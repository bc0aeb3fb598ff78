"""COCOB."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import abs, copy_w, maximum, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Training Deep Networks without Learning Rates Through Coin Betting "
    "(Orabona and Tommasi)",
    year=2017,
    reference=Reference(
        "optax.contrib:cocob",
        {"eps": "eps", "weight_decay": "wd", "alpha": "alpha"},
        at={"eps": 0.125},
    ),
    hypers={
        "eps": Hyper("least scale of the gradients, keeps a denominator from zero"),
        "alpha": Hyper("how many of the largest gradients at least the bets are held against"),
    },
)
def cocob(
    w, g, w0=copy_w, largest=zeros, total=zeros, reward=zeros, wins=zeros,
    *, eps=1e-8, wd=0.0, alpha=100.0,
):  # fmt: skip
    """COCOB: each entry bets a part of what it has won on the sign of its next gradient.

    COCOB-Backprop: no learning rate. A factor on all gradients would cancel, except in eps, the
    least value of the largest gradient. Wins are minus the sum of gradients. Weight decay, Optax's
    and not the paper's, is coupled (added to the gradient).
    """
    g = g + wd * w
    largest = maximum(maximum(largest, eps), abs(g))
    total = total + abs(g)
    reward = maximum(reward - g * (w - w0), 0)
    wins = wins - g
    bet = wins / (largest * maximum(total + largest, alpha * largest))
    return w - (w0 + bet * (largest + reward))
