"""MLPs on generated problems: two spirals, a teacher network, a parity of hidden bits."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import Examples, split
from evaluators.registry import register
from evaluators.task import Best, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import cross_entropy, squared_error
from evaluators.tasks._supervised import supervised

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


def network(sizes: tuple[int, ...], activation: Callable[[Array], Array], **stated) -> Task:
    """An MLP of those sizes."""
    return supervised(
        init=lambda rng: layers.mlp(rng, sizes, gain=1.4, last=0.2),
        predict=lambda params, x: layers.apply_mlp(params, x, activation),
        **stated,
    )


SPIRALS = register(
    network(
        (2, 32, 32, 2),
        jax.nn.silu,
        name="spirals",
        summary="MLP 2-32-32-2 with SiLU (1,218 parameters) on two intertwined spirals",
        dataset="two_spirals",
        model="silu_mlp",
        horizon=500,
        load=_spirals,
        criterion=cross_entropy,
        batch=32,
        untrained=float(np.log(2)),
        floor=0.0,
        best=Best(0.0003469, "heavy_ball", {"lr": 0.3162, "b1": 0.9, "wd": 0.0}),
        flops=241_263,
        digest="7f41ca5fc53691b3a72dac3e7824e8d2",
    )
)
TEACHER = register(
    network(
        (16, 48, 1),
        jax.nn.relu,
        name="teacher",
        summary="Regression by an MLP 16-48-1 (865 parameters) on a noisy smaller teacher network",
        dataset="teacher_network",
        model="relu_mlp",
        horizon=300,
        load=_teacher,
        criterion=squared_error,
        irreducible=NOISE**2,
        batch=16,
        untrained=1.06,
        floor=NOISE**2,
        best=Best(0.09484, "lion", {"lr": 0.006325, "b1": 0.8, "b2": 0.96, "wd": 0.001}),
        flops=58_745,
        digest="5dc89ad722eba286461a71c85373557b",
    )
)
PARITY = register(
    network(
        (BITS, 64, 2),
        jnp.tanh,
        name="parity",
        summary="MLP 12-64-2 with tanh (962 parameters) on the parity of three bits of twelve",
        dataset="sparse_parity",
        model="tanh_mlp",
        horizon=400,
        load=_parity,
        criterion=cross_entropy,
        batch=64,
        untrained=float(np.log(2)),
        floor=0.0,
        best=Best(0.000281, "heavy_ball", {"lr": 1.0, "b1": 0.9, "wd": 0.0}),
        flops=278_861,
        digest="a6cef52069b96d2b36e9874cd5ab3927",
    )
)
