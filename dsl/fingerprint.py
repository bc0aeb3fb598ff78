"""What a program does, as a short string: its response to fixed streams, rounded and hashed.

The probe is a model of four small tensors (rank 0, 1, 2 and 4) in float64. Gradients, losses and
noise come from fixed streams; the parameters move by what the program says; the oracles ask a fixed
smooth function. Steps are rounded to six digits, which is far above the rounding of float64 and far
below any difference that matters. It sees what happens within `STEPS` steps: a refresh every
hundred steps and one every two hundred look alike.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from dsl.interpret import run_step
from dsl.lower import spelled_out
from dsl.program import Program
from dsl.prune import prune
from dsl.transform import initial

STEPS = 16
SHAPES = ((), (3,), (2, 3), (2, 1, 2, 2))
_HORIZON = 100.0
_NEGLIGIBLE = 1e-11


@lru_cache(maxsize=16384)
def fingerprint(program: Program) -> str:
    """Hex digest (16 digits) of the behaviour; equal for programs that behave alike.

    Hyperparameters take part with their defaults, names do not.
    """
    moves = respond(program)
    scale = np.max(np.abs(moves), where=np.isfinite(moves), initial=0.0)
    tokens = [_token(x, scale * _NEGLIGIBLE) for x in moves.ravel().tolist()]
    return hashlib.blake2b(" ".join(tokens).encode(), digest_size=8).hexdigest()


def depends_on_gradient(program: Program) -> bool:
    """Whether the steps change with the stream of gradients, or the function behind the oracles."""
    first, second = respond(program, stream=0), respond(program, stream=1)
    return not np.array_equal(first, second, equal_nan=True)


def respond(program: Program, stream: int = 0) -> np.ndarray:
    """Steps on probe stream 0 or 1: float64 [STEPS, entries], NaN and Inf included."""
    program = spelled_out(prune(program))
    probe = _Probe(stream)
    w = [leaf.copy() for leaf in probe.start]
    slots = {name: initial(init, w, np) for name, init in program.state}
    moves = np.empty((STEPS, sum(leaf.size for leaf in w)))
    with np.errstate(all="ignore"):
        for t in range(STEPS):
            probe.at(t, w)
            inputs = {
                "w": w,
                "g": probe.gradients[t],
                "t": np.float64(t + 1),
                "T": _HORIZON,
                "loss": probe.losses[t],
                **program.hyperparameters,
            }
            move, slots = run_step(program, inputs, slots, probe, np)
            moves[t] = np.concatenate([leaf.ravel() for leaf in move])
            w = [leaf - step for leaf, step in zip(w, move, strict=True)]
    return moves


def _token(x: float, negligible: float) -> str:
    return "0" if abs(x) <= negligible else f"{x:.5e}"


@lru_cache(maxsize=2)
def _streams(stream: int) -> tuple[list[np.ndarray], list[list[np.ndarray]], list[np.float64]]:
    rng = np.random.Generator(np.random.PCG64(20231 + stream))
    start = [np.asarray(np.random.Generator(np.random.PCG64(7)).normal(size=s)) for s in SHAPES]
    drift = [np.asarray(rng.normal(size=shape)) for shape in SHAPES]
    gradients = [
        [np.asarray(0.5 * d + rng.normal(size=d.shape)) for d in drift] for _ in range(STEPS)
    ]
    losses = [np.float64(2.0 + rng.random()) for _ in range(STEPS)]
    return start, gradients, losses


class _Probe:
    """The model and streams that a program is run on; answers noise and oracles.

    The function behind the oracles is f(w) = sum(a w^2 / 2 + w^4 / 4) + b sum(w)^2 / 2 with fixed
    a, b; `a` differs between the streams.
    """

    def __init__(self, stream: int):
        self.start, self.gradients, self.losses = _streams(stream)
        self.curvature = 1.0 + stream
        self.coupling = 0.1
        self.t = 0
        self.w: list[np.ndarray] = self.start

    def at(self, t: int, w: list[np.ndarray]) -> None:
        self.t, self.w = t, w

    def noise(self, draw: str, stream: Any) -> list[np.ndarray]:
        tag = int(stream) if np.isfinite(stream) else 0
        rng = np.random.Generator(np.random.PCG64([self.t, tag & 0xFFFFFFFF, 5]))
        sample: Callable[[tuple[int, ...]], Any] = {
            "rademacher": lambda shape: rng.integers(0, 2, shape) * 2.0 - 1.0,
            "normal": lambda shape: rng.normal(size=shape),
        }[draw]
        return [np.asarray(sample(shape)) for shape in SHAPES]

    def hvp(self, v: list[np.ndarray]) -> list[np.ndarray]:
        shared = self.coupling * sum(np.sum(part) for part in v)
        return [
            (self.curvature + 3 * w**2) * part + shared for w, part in zip(self.w, v, strict=True)
        ]

    def grad_at(self, point: list[np.ndarray]) -> list[np.ndarray]:
        shared = self.coupling * sum(np.sum(part) for part in point)
        return [self.curvature * part + part**3 + shared for part in point]

    def loss_at(self, point: list[np.ndarray]) -> np.float64:
        own = sum(np.sum(self.curvature * part**2 / 2 + part**4 / 4) for part in point)
        return np.float64(own + self.coupling * sum(np.sum(part) for part in point) ** 2 / 2)
