"""Quantiles and ranks: the order of a tensor's entries by size."""

from dsl.language.registry import primitive


@primitive(
    "Tensor, Global -> Scalar",
    torch="""
def _quantile(x: torch.Tensor, q: torch.Tensor | float) -> torch.Tensor:
    if not x.numel():
        return x.new_zeros(())
    ordered = torch.sort(x.flatten()).values
    q = torch.as_tensor(q, dtype=torch.float64, device=x.device)
    at = torch.where((q >= 0) & (q <= 1), q, torch.nan) * (x.numel() - 1)
    low = torch.nan_to_num(torch.floor(at))
    part = (at - low).to(x.dtype)
    lower = ordered[low.long()]
    upper = ordered[torch.ceil(torch.nan_to_num(at)).long()]
    return torch.where(part == 0, lower, (1 - part) * lower + part * upper)
""",
    latex=r"Q_{{{q}}}\left({x}\right)",
    weight=0.0,
)
def quantile(xp, x, q):
    """The value that a fraction `q` of each tensor's entries lie below, linear between entries.

    0 gives the least entry, 1 the largest; NaN for a `q` outside of [0, 1]. NaN entries count as
    the largest. A tensor without entries gives 0. `quantile(abs(x), 1 - k / n)` is a bound that
    about `k` of `n` entries exceed. Source: definition 7 of Hyndman and Fan (1996), "Sample
    Quantiles in Statistical Packages".
    """
    if x.size == 0:
        return xp.zeros((), x.dtype)
    ordered = xp.sort(xp.ravel(x))
    at = xp.where((q >= 0) & (q <= 1), q, xp.nan) * (x.size - 1)
    low = xp.nan_to_num(xp.floor(at))
    part = at - low
    lower = ordered[low.astype(int)]
    upper = ordered[xp.nan_to_num(xp.ceil(at)).astype(int)]
    return xp.where(part == 0, lower, (1 - part) * lower + part * upper)


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
    """The number of entries before each one, from the largest down: 0 for the largest.

    Equal entries come in the order of their indices, NaN last. `descending_rank(abs(x)) < k` marks
    the k entries of largest magnitude.
    """
    order = xp.argsort(-xp.reshape(x, (-1,)), stable=True)
    return xp.reshape(xp.argsort(order, stable=True), x.shape).astype(x.dtype)
