"""Which examples a training step sees."""

import numpy as np


def epochs(rng: np.random.Generator, examples: int, batch: int, steps: int) -> np.ndarray:
    """Passes over `examples` examples, each in a new random order, cut into batches.

    **Returns:** int32 [steps, batch]. No example comes twice in a pass; the few that do not fill a
    batch are left out of it.
    """
    per_epoch = examples // batch
    order = np.empty((steps, batch), np.int32)
    for start in range(0, steps, per_epoch):
        shuffled = rng.permutation(examples)[: per_epoch * batch].reshape(per_epoch, batch)
        order[start : start + per_epoch] = shuffled[: steps - start]
    return order
