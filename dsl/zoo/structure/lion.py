"""Lion."""

from dsl.ops import interp, sign, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Symbolic Discovery of Optimization Algorithms (Chen et al.)",
    year=2023,
    reference=Reference(
        "optax:lion", {"learning_rate": "lr", "b1": "b1", "b2": "b2", "weight_decay": "wd"}
    ),
)
def lion(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0):
    """Lion: the sign of an interpolation between the gradient and a slower momentum.

    Weight decay is decoupled and reads the parameters before the step.
    """
    u = sign(interp(g, m, b1))
    m = interp(g, m, b2)
    return lr * (u + wd * w)
