"""Histories: the last values of a tensor.

A `History` of length k holds the last k tensors that were pushed to it, the newest first, and zeros
before there were as many. It is a population with an order; nothing is broadcast to it.
"""

from dsl.language.initialisers import initialiser
from dsl.language.kinds import kind
from dsl.language.registry import Counts, primitive
from dsl.primitives.populations import POPULATION

HISTORY = kind(
    "History",
    "the last values of a tensor, newest first",
    lifts_to=(POPULATION,),
    shape=lambda of: of,
    per_parameter=1,
    sized=True,
)


@initialiser(HISTORY, torch="{w}.new_zeros((int({length}), *{w}.shape))")
def history(xp, w, length):
    """The last `length` values of a tensor, all of them 0 at first."""
    return xp.zeros((int(length), *w.shape), dtype=w.dtype)


@primitive(
    "History, Tensor -> History",
    torch="torch.cat([{x}.unsqueeze(0), {h}[:-1]])",
    latex=r"\operatorname{{push}}\left({h}, {x}\right)",
    weight=0.0,
)
def push(xp, h, x):
    """The history with `x` as its newest member, without its oldest."""
    return xp.concatenate([x[None], h[:-1]])


@primitive(
    "History -> Coefficients",
    torch="""
def _place(h: torch.Tensor) -> torch.Tensor:
    places = torch.arange(len(h), dtype=h.dtype, device=h.device)
    return places.reshape(-1, *[1] * (h.ndim - 1))
""",
    latex=r"\operatorname{{place}}\left({h}\right)",
    weight=0.0,
    counts=Counts.OF_SHAPES,
)
def place(xp, h):
    """For each member how many came after it: 0 for the newest. `place(h) < t` are those pushed,
    if one is on every step."""
    return xp.reshape(xp.arange(h.shape[0], dtype=h.dtype), (-1, *[1] * (h.ndim - 1)))
