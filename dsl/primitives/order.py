"""The order of the entries of a tensor by size."""

from dsl.registry import primitive


@primitive(
    "Tensor -> Tensor",
    torch="""
def _descending_rank(x: torch.Tensor) -> torch.Tensor:
    order = torch.argsort(-x.flatten(), stable=True)
    return torch.argsort(order).to(x.dtype).reshape(x.shape)
""",
    latex=r"\operatorname{{rank}}_{{\downarrow}}\left({x}\right)",
    weight=0.0,
)
def descending_rank(xp, x):
    """How many entries of the tensor come before each one from the largest down: 0 for the largest.

    Equal entries come in the order of their indices, NaN last. `descending_rank(abs(x)) < k` marks
    the k entries of largest magnitude.
    """
    order = xp.argsort(-xp.reshape(x, (-1,)), stable=True)
    return xp.reshape(xp.argsort(order, stable=True), x.shape).astype(x.dtype)
