"""What a run of a program takes besides registers: the instructions and the numbers of every step.

A Global that depends on the step, the rate and numbers alone is computed here for all steps, in
float64. Instructions under a guard that is 0 on a step are left out of the span that it runs.
"""

from typing import Any, NamedTuple

import numpy as np

from dsl.machine.encode import Encoded
from dsl.machine.files import HORIZON, RATE, STEP, Capacity
from dsl.machine.opcodes import OPERANDS


class Tape(NamedTuple):
    """A run as arrays of fixed shapes; everything in it is data to the compiled machine."""

    op: np.ndarray
    """int32 [instructions]"""
    args: np.ndarray
    """uint32 [instructions, OPERANDS]: registers or numbers, as the opcode's form says."""
    to: np.ndarray
    """uint32 [instructions]: registers."""
    spans: np.ndarray
    """int32 [steps, 2]: the instructions from .. to of each step."""
    numbers: np.ndarray
    """[steps, numbers]: constants, and what depends on the step alone."""
    result: np.ndarray
    """uint32: the register that is subtracted from the parameters."""


def tape(
    encoded: Encoded,
    lr: np.ndarray,
    capacity: Capacity,
    dtype: Any = np.float32,
    horizon: int | None = None,
) -> Tape:
    """The tape of a run.

    **Arguments:** `lr`: the rate at each step, [steps]. `horizon`: what `T` is; as many as there
    are steps if None.
    """
    rows = _numbers(encoded, lr, capacity, len(lr) if horizon is None else horizon)
    order, spans = _spans(encoded, rows, capacity)
    op = np.zeros(capacity.instructions, np.int32)
    args = np.zeros((capacity.instructions, OPERANDS), np.uint32)
    to = np.zeros(capacity.instructions, np.uint32)
    taken = len(order)
    op[:taken], args[:taken], to[:taken] = encoded.op[order], encoded.args[order], encoded.to[order]
    numbers = np.ascontiguousarray(rows.T).astype(dtype)
    return Tape(op, args, to, spans, numbers, np.asarray(encoded.result, np.uint32))


def _numbers(encoded: Encoded, lr: np.ndarray, capacity: Capacity, horizon: int) -> np.ndarray:
    """float64 [numbers, steps]."""
    steps = len(lr)
    rows = np.zeros((capacity.numbers, steps))
    rows[: len(encoded.numbers)] = np.asarray(encoded.numbers)[:, None]
    rows[STEP], rows[HORIZON], rows[RATE] = np.arange(1, steps + 1), horizon, lr
    with np.errstate(all="ignore"):
        for primitive, args, to in encoded.early:
            rows[to] = primitive.meaning(np, *(rows[arg] for arg in args))
    return rows


def _spans(encoded: Encoded, rows: np.ndarray, capacity: Capacity) -> tuple[np.ndarray, np.ndarray]:
    """The order of instructions on the tape, and the span of each step.

    Steps with the same guards open share a span. Where the spans do not fit on the tape, every step
    runs all instructions; `when` takes the right value in any case.
    """
    steps, every = rows.shape[1], np.arange(len(encoded.op))
    guards = sorted({guard for guard in encoded.guard if guard is not None})
    if guards:
        shut, which = np.unique(rows[guards] == 0, axis=1, return_inverse=True)
        runs = [
            every[[guard is None or not pattern[guards.index(guard)] for guard in encoded.guard]]
            for pattern in shut.T
        ]
        ends = np.cumsum([len(run) for run in runs])
        if ends[-1] <= capacity.instructions:
            spans = np.stack([ends - [len(run) for run in runs], ends], axis=1)
            return np.concatenate(runs), spans[which.reshape(-1)].astype(np.int32)
    return every, np.tile(np.asarray([0, len(every)], np.int32), (steps, 1))
