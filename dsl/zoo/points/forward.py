"""Forward gradients."""

from dsl.ops import jvp, normal
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Gradients without Backpropagation (Baydin et al.)",
    year=2022,
    reference=Dense(at={"lr": 2**-6}),
)
def forward_gradient(w, *, lr=1e-3):
    """Forward gradient: a random direction times the derivative of the loss along it.

    One direction a step, normal over the whole model and not normalized, which makes the estimate
    unbiased; no backward pass.
    """
    v = normal(0)
    return lr * jvp(v) * v
