"""SM3."""

from dsl.ops import cover, cover_max, cover_min, interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Memory-Efficient Adaptive Optimization (Anil et al.)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:SM3", {"lr": "lr", "momentum": "b1", "eps": "eps", "foreach": False}
    ),
)
def sm3(w, g, c=cover(0), m=zeros, *, lr=0.1, b1=0.9, eps=1e-30):
    """SM3: Adagrad with one accumulator per row, column or other slice of a tensor.

    The second version of the paper: an entry's sum is the least of its slices' so far plus its new
    square, and a slice keeps the largest of its entries'. For vectors and numbers this is Adagrad.
    eps is added under the root. The average is of the scaled gradients and not bias-corrected.
    """
    v = cover_min(c, g) + square(g)
    c = cover_max(v)
    m = interp(g / sqrt(v + eps), m, b1)
    return lr * m
