"""Numbers as they come back from storage in fewer bits."""

from dsl.language.registry import primitive


def _dynamic_map(signed):
    """The 256 numbers of eight bits, in order: a decimal exponent in unary, then a fraction."""
    numbers = [0.0, 1.0]
    for exponent in range(7):
        parts = 2**exponent if signed else 2 ** (exponent + 1)
        for part in range(parts):
            magnitude = 10.0 ** (exponent - 6) * (0.1 + 0.9 * (part + 0.5) / parts)
            numbers += [-magnitude, magnitude] if signed else [magnitude]
    return sorted(numbers)


@primitive(
    "Tensor, Global, Global -> Tensor",
    torch="""
def _quantized(
    x: torch.Tensor, signed: torch.Tensor | float, block: torch.Tensor | float
) -> torch.Tensor:
    count = x.numel()
    if count == 0:
        return x
    signs = float(signed) != 0
    numbers = [0.0, 1.0]
    for exponent in range(7):
        parts = 2**exponent if signs else 2 ** (exponent + 1)
        for part in range(parts):
            magnitude = 10.0 ** (exponent - 6) * (0.1 + 0.9 * (part + 0.5) / parts)
            numbers += [-magnitude, magnitude] if signs else [magnitude]
    code = torch.tensor(sorted(numbers), dtype=x.dtype, device=x.device)
    block = torch.nan_to_num(torch.as_tensor(block, dtype=torch.float64))
    width = int(torch.round(block).clamp(1, count))
    flat = x.reshape(-1)
    rows = torch.nn.functional.pad(flat, (0, -count % width)).reshape(-1, width)
    scale = torch.abs(rows).amax(1).repeat_interleave(width)[:count]
    scale = torch.where(torch.isfinite(scale), scale, torch.nan)
    at = torch.searchsorted((code[1:] + code[:-1]) / 2, flat / scale)
    if signs:
        at = at - ((flat < 0) & (code[at] == 0)).to(at.dtype)
    held = torch.where(scale == 0, torch.zeros_like(flat), code[at] * scale)
    return held.reshape(x.shape)
""",
    latex=r"Q_8\left({x}; {signed}, {block}\right)",
    weight=0.0,
)
def quantized(xp, x, signed, block):
    """`x` as it comes back from eight bits per entry: block-wise dynamic quantisation.

    The entries of a tensor, in the order of their indices, are cut into blocks of `block`, the last
    one perhaps shorter. A block keeps its largest magnitude, and each entry the nearest of 256
    numbers in [-1, 1] to its part of that, on a tie the lower one. Their magnitudes are midpoints
    of equal parts of [0.1, 1] times 10 ** -6, ..., 1, with twice as many parts at each further
    power of ten, besides 0 and 1. If `signed` is 0 none is negative, there are twice as many parts,
    and negative entries become 0. Otherwise a negative entry never becomes 0 unless its block is 0;
    a small positive one may.

    A block with an entry that is not finite becomes NaN. `block` is rounded, and at least 1.
    Source: Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization", and its library.
    """
    if x.size == 0:
        return x
    width = xp.clip(xp.rint(xp.nan_to_num(block)), 1, x.size).astype(int)
    flat = xp.reshape(x, (-1,))
    owner = xp.arange(x.size) // width
    ordered = xp.abs(flat)[xp.lexsort((xp.abs(flat), owner))]
    scale = ordered[xp.minimum((owner + 1) * width, x.size) - 1]
    scale = xp.where(xp.isfinite(scale), scale, xp.nan)
    both = [_dynamic_map(True), _dynamic_map(False)]
    code = xp.where(signed != 0, *xp.asarray(both, dtype=x.dtype))
    at = xp.searchsorted((code[1:] + code[:-1]) / 2, flat / scale)
    at = at - ((signed != 0) & (flat < 0) & (code[at] == 0))
    return xp.reshape(xp.where(scale == 0, 0, code[at] * scale), x.shape)
