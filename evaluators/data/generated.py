"""Generated problems for small networks: two spirals, a teacher network, a parity of some bits."""

import numpy as np

from evaluators.data.examples import DataSet, Examples, split

NOISE = 0.1
"""Standard deviation of the teacher's answers to the student."""
BITS, HIDDEN_BITS = 12, 3


def _spirals() -> tuple[Examples, Examples]:
    """Points float32 [examples, 2] of two arms, one and a half turns each, and the arm, int32."""
    rng = np.random.Generator(np.random.PCG64(11))
    arm = np.arange(1500) % 2
    along = np.sqrt(rng.uniform(0.02, 1, 1500))
    angle = 3 * np.pi * along + np.pi * arm
    points = np.stack([np.cos(angle), np.sin(angle)], -1) * along[:, None] * 2
    points += rng.normal(0, 0.05, points.shape)
    return split(points.astype(np.float32), arm.astype(np.int32))


def _teacher() -> tuple[Examples, Examples]:
    """Inputs float32 [examples, 16] and what a network of six tanh units says, of variance 1;
    noisy for training, not for validation."""
    rng = np.random.Generator(np.random.PCG64(12))
    inputs = rng.normal(size=(5000, 16))
    hidden = np.tanh(inputs @ rng.normal(0, 0.5, (16, 6)) + rng.normal(0, 0.5, 6))
    answers = hidden @ rng.normal(size=(6, 1))
    answers = (answers - answers.mean()) / answers.std()
    train, validation = split(inputs.astype(np.float32), answers.astype(np.float32))
    noisy = train.targets + rng.normal(0, NOISE, train.targets.shape).astype(np.float32)
    return Examples(train.inputs, noisy), validation


def _parity() -> tuple[Examples, Examples]:
    """All strings of 12 bits as -1 and 1, float32, and whether the first three have an odd number
    of ones, int32."""
    rng = np.random.Generator(np.random.PCG64(13))
    bits = np.arange(2**BITS)[:, None] >> np.arange(BITS) & 1
    shuffled = rng.permutation(bits)
    odd = shuffled[:, :HIDDEN_BITS].sum(1) % 2
    return split((2 * shuffled - 1).astype(np.float32), odd.astype(np.int32))


SPIRALS = DataSet("two_spirals", _spirals)
TEACHER = DataSet("teacher_network", _teacher)
PARITY = DataSet("sparse_parity", _parity)
