"""Covers: one number per slice along every axis, as SM3 keeps its second moment.

The slices of a tensor, all entries with the same index on one axis, cover it: an entry of a tensor
of rank r lies in r of them. A matrix has its rows and columns for slices, a vector its entries, a
number itself. A Cover holds a number per slice, axis after axis, in a vector of
`n_1 + ... + n_r` entries. It has no axis in common with the tensor and so does not broadcast to it:
`cover_max` goes there and `cover_min` back. Source: Anil et al. 2019, "Memory-Efficient Adaptive
Optimization", with the cover that the paper recommends.
"""

from typing import Any

from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind, Shape, kind
from dsl.language.registry import primitive


def _shape(of: Shape) -> Shape:
    return (sum(of),) if of else (1,)


COVER = kind(
    "Cover", "one number per slice along every axis", shape=_shape, lifts_from=(Kind.SCALAR,)
)


@initialiser(COVER, torch="{w}.new_full((sum({w}.shape) if {w}.ndim else 1,), {value})")
def cover(xp, w, value):
    """One number per slice along every axis of each parameter tensor, starting at `value`."""
    return xp.full(_shape(w.shape), value, dtype=w.dtype)


@primitive(
    "Tensor -> Cover",
    torch="""
def _cover_max(x: torch.Tensor) -> torch.Tensor:
    if x.ndim < 2:
        return x.reshape(-1)
    if x.numel() == 0:
        return x.new_full((sum(x.shape),), -torch.inf)
    parts = [x.movedim(axis, 0).flatten(1).amax(1) for axis in range(x.ndim)]
    return torch.cat(parts)
""",
    latex=r"\max_{{\mathrm{{slice}}}}\left({x}\right)",
    weight=0.0,
)
def cover_max(xp, x):
    """The largest entry of every slice; NaN if one is, -inf in a slice without entries."""
    if x.ndim < 2:
        return xp.reshape(x, (-1,))
    parts = []
    for axis in range(x.ndim):
        others = tuple(other for other in range(x.ndim) if other != axis)
        parts.append(xp.max(x, axis=others, initial=-xp.inf))
    return xp.concatenate(parts)


@primitive(
    "Cover, Tensor -> Tensor",
    torch="""
def _cover_min(c: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    if like.ndim < 2:
        return c.reshape(like.shape)
    least: Any = None
    at = 0
    for axis, size in enumerate(like.shape):
        shape = [-1 if other == axis else 1 for other in range(like.ndim)]
        part = c[at : at + size].reshape(shape)
        least = part if least is None else torch.minimum(least, part)
        at += size
    return least
""",
    latex=r"\min_{{\mathrm{{slice}} \ni i}}\left({c}; {like}\right)",
    weight=0.0,
)
def cover_min(xp, c, like):
    """For every entry the least number of the slices that it lies in; NaN if one is.

    Of `like` only the shape counts.
    """
    if like.ndim < 2:
        return xp.reshape(c, like.shape)
    least: Any = None
    at = 0
    for axis, size in enumerate(like.shape):
        shape = [size if other == axis else 1 for other in range(like.ndim)]
        part = xp.reshape(c[at : at + size], shape)
        least = part if least is None else xp.minimum(least, part)
        at += size
    return least
