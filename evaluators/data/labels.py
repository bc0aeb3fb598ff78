"""Training sets made harder: classes left out in part, labels that are wrong."""

import numpy as np

from evaluators.data.examples import Examples


def long_tail(train: Examples, share: float) -> Examples:
    """Of class k only the first share^k of the examples are kept, at least four."""
    classes = int(train.targets.max()) + 1
    kept = []
    for label in range(classes):
        members = np.flatnonzero(train.targets == label)
        kept.append(members[: max(4, round(len(members) * share**label))])
    index = np.sort(np.concatenate(kept))
    return Examples(train.inputs[index], train.targets[index])


def mislabelled(train: Examples, share: float) -> Examples:
    """A share of the labels replaced by another one at random."""
    rng = np.random.Generator(np.random.PCG64(8))
    classes = int(train.targets.max()) + 1
    wrong = rng.random(len(train.targets)) < share
    shift = rng.integers(1, classes, len(train.targets))
    labels = np.where(wrong, (train.targets + shift) % classes, train.targets)
    return Examples(train.inputs, labels.astype(np.int32))
