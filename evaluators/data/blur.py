"""Blurred pictures: a linear map of wide spectrum, as lenses and microscopes make it.

To undo it, fine detail has to be multiplied by large numbers that gradients say little about.
"""

import numpy as np
from jaxtyping import Float

WEIGHTS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Of the pixels that a blurred one is made of, along either axis; near to a bell curve."""
REACH = len(WEIGHTS) // 2


def blur(
    pictures: Float[np.ndarray, "*pictures rows columns"],
) -> Float[np.ndarray, "*pictures rows columns"]:
    """Every pixel replaced by the weighted mean of those around it; beyond the edges are zeros."""
    for axis in (-2, -1):
        places = np.moveaxis(pictures, axis, -1)
        beyond = np.zeros((places.ndim, 2), int)
        beyond[-1] = REACH
        padded = np.pad(places, beyond)
        length = places.shape[-1]
        mixed = sum(weight * padded[..., at : at + length] for at, weight in enumerate(WEIGHTS))
        pictures = np.moveaxis(np.asarray(mixed), -1, axis)
    return pictures
