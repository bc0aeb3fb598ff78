"""Running a program in float64 on a drawn stream: what tests compare programs by."""

from dataclasses import replace

import numpy as np

from dsl.program import Program
from dsl.run.fingerprint import Polynomial
from dsl.run.interpret import run_step
from dsl.run.numpy64 import without_signed_zeros
from dsl.run.values import initial
from tests.support.strategies import GradientStream

HORIZON = 100.0

CALM = {"trials": 5}
"""Hyperparameters at which no rule is chaotic: a search that goes on among the rounding errors of
what it has solved ends elsewhere for the least of them."""


def calm(program: Program) -> Program:
    """The program where two machines that round differently stay together."""
    shared = CALM.keys() & program.hyperparameters
    return program.with_hyperparameters(**{name: CALM[name] for name in shared})


def with_rate(program: Program) -> Program:
    """The program with a hyperparameter `lr`, if it had none."""
    if "lr" in program.hyperparameters:
        return program
    return replace(program, hyperparameters={**program.hyperparameters, "lr": 0.1})


class PolynomialStep(Polynomial):
    """Oracles of f(w) = sum(0.35 w^2 + w^4 / 4), and noise seeded by step and stream."""

    def __init__(self, t: int, w: list[np.ndarray]):
        super().__init__(w, curvature=0.7, t=t)


def trajectory(
    program: Program, stream: GradientStream, xp=without_signed_zeros
) -> tuple[list[list[np.ndarray]], list[dict]]:
    """The steps on a stream, and the slots after each."""
    w = [leaf.copy() for leaf in stream.start]
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    moves, states = [], []
    with np.errstate(all="ignore"):
        for t, gradients in enumerate(stream.gradients):
            inputs = {
                "w": w,
                "g": list(gradients),
                "t": np.float64(t + 1),
                "T": HORIZON,
                "loss": np.float64(stream.losses[t]),
                **program.hyperparameters,
            }
            move, slots = run_step(program, inputs, slots, PolynomialStep(t, w), xp)
            w = [leaf - step for leaf, step in zip(w, move, strict=True)]
            moves.append(move)
            states.append(slots)
    return moves, states


def flat(values) -> np.ndarray:
    """All numbers of a list, or of lists of lists, of arrays, as one vector."""
    if isinstance(values, list | tuple):
        return np.concatenate([np.zeros(0), *map(flat, values)])
    return np.ravel(np.asarray(values, dtype=float))
