"""Primitives that look at the shape of a tensor."""

from dsl.registry import primitive


@primitive(
    "Tensor -> Tensor",
    torch="""
def _block_mean(x: torch.Tensor) -> torch.Tensor:
    if x.ndim < 2:
        return x
    axes = tuple(range(min(x.ndim - 1, 2), x.ndim))
    return x.mean(dim=axes, keepdim=True).expand_as(x)
""",
    latex=r"\operatorname{{blockmean}}\left({x}\right)",
    weight=0.0,
)
def block_mean(xp, x):
    """Averages over the trailing axes, broadcast back to the shape of `x`.

    Rank 0 and 1: `x` itself; rank 2 and 3: mean over the last axis; rank 4: over the last two
    (the two spatial axes of a convolution kernel stored output, input, height, width). Higher ranks
    average over all axes after the second. Source: AdaHessian (Yao et al. 2021), section 3.2, in
    the block sizes of the authors' general implementation.
    """
    if x.ndim < 2:
        return x
    axes = tuple(range(min(x.ndim - 1, 2), x.ndim))
    return xp.broadcast_to(xp.mean(x, axis=axes, keepdims=True), x.shape)
