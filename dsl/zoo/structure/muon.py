"""Muon."""

from typing import Any

from dsl.ops import column_count, interp, maximum, newton_schulz, norm, row_count, sqrt, zeros
from dsl.zoo.entry import Reference, entry

COEFFICIENTS = (3.4445, -4.775, 2.0315)
"""Of the quintic step: steep at zero; singular values end between about 0.7 and 1.2, not at 1."""


def orthogonalised(x: Any) -> Any:
    """Five Newton-Schulz steps, from an `x` whose norm is at most 1."""
    for _ in range(5):
        x = newton_schulz(x, *COEFFICIENTS)
    return x


@entry(
    paper="Muon: An optimizer for hidden layers in neural networks (Jordan et al.)",
    year=2024,
    reference=Reference(
        "optax.contrib:muon",
        {"learning_rate": "lr", "beta": "b1", "eps": "eps", "weight_decay": "wd"},
        ranks=(2,),
        undefined="Optax gives other tensors to Adam",
    ),
)
def muon(w, g, t, m=zeros, *, lr=0.02, b1=0.95, eps=1e-8, wd=0.0):
    """Muon: Nesterov momentum with its singular values brought close to 1.

    For matrices; other tensors are meant for another rule. As in Optax, a matrix maps its
    rows to its columns and the step grows by the root of columns / rows where that is above 1 (the
    authors' layers are stored the other way round), and the two terms of the momentum are
    bias-corrected, each by its own count, which turns the step a little from the authors'. eps is
    added to the Frobenius norm that the momentum is divided by. Weight decay is decoupled and reads
    the parameters before the step.
    """
    m = interp(g, m, b1)
    u = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
    u = orthogonalised(u / (norm(u) + eps))
    return lr * (sqrt(maximum(1, column_count(w) / row_count(w))) * u + wd * w)
