"""RMSProp."""

from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Neural Networks for Machine Learning, lecture 6e (Tieleman and Hinton)",
    year=2012,
    reference=Reference(
        "torch.optim:RMSprop", {"lr": "lr", "alpha": "b2", "eps": "eps", "weight_decay": "wd"}
    ),
)
def rmsprop(w, g, v=zeros, *, lr=1e-2, b2=0.99, eps=1e-8, wd=0.0):
    """RMSProp: the gradient over the root of its second moment.

    PyTorch's form and defaults: the moment starts at 0 without bias correction and eps is added to
    its root (Optax adds it inside; the lecture has b2 = 0.9). Weight decay is coupled.
    """
    g = g + wd * w
    v = interp(square(g), v, b2)
    return lr * g / (sqrt(v) + eps)
