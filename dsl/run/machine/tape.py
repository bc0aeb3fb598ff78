"""The tape of a run: the instructions, the numbers of every step, the starts of slots.

Rates are an axis of the numbers: one run may train with several values of `lr` side by side.
Instructions under a guard that is 0 on a step at every rate are left out of the span that it runs.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Int32, UInt32

from dsl.run.capacity import Capacity
from dsl.run.machine.encode import Encoded
from dsl.run.machine.opcodes import OPERANDS


class Tape(NamedTuple):
    """A run as arrays of fixed shapes; everything in it is data to the compiled machine."""

    op: Int32[np.ndarray, " instructions"]
    """Opcodes."""
    args: UInt32[np.ndarray, "instructions operands"]
    """Registers or numbers, as the opcode's form says."""
    to: UInt32[np.ndarray, " instructions"]
    """The register that each fills."""
    stretch: Int32[np.ndarray, " instructions"]
    """The index of the next instruction of the other sort, entrywise or not."""
    spans: Int32[np.ndarray, "steps 2"]
    """The instructions of each step: the first, and the one after the last."""
    numbers: Float[np.ndarray, "steps numbers rates"]
    """Constants, and values that depend on the step and the rate alone."""
    starts: Float[np.ndarray, "registers 2"]
    """A register starts as the first plus the second times the parameters."""
    result: UInt32[np.ndarray, ""]
    """The register that is subtracted from the parameters."""
    point: UInt32[np.ndarray, ""]
    """The register that holds the point of evaluation after a step; that of the parameters if it is
    they, which stand there before the step."""


def tape(
    encoded: Encoded,
    lr: Float[np.ndarray, " steps"] | Float[np.ndarray, "steps rates"],
    capacity: Capacity,
    dtype: Any = np.float32,
    horizon: int | None = None,
) -> Tape:
    """The tape of a run.

    **Arguments:** `lr`: the rate at each step. `horizon`: the input `T`; the number of steps if
    None.
    """
    lr = lr if lr.ndim == 2 else lr[:, None]
    rows = encoded.numbers.table(lr, len(lr) if horizon is None else horizon)
    order, spans = _spans(encoded, rows, capacity)
    op = np.zeros(capacity.instructions, np.int32)
    args = np.zeros((capacity.instructions, OPERANDS), np.uint32)
    to = np.zeros(capacity.instructions, np.uint32)
    taken = len(order)
    op[:taken], args[:taken], to[:taken] = encoded.op[order], encoded.args[order], encoded.to[order]
    stretch = np.full(capacity.instructions, taken, np.int32)
    stretch[:taken] = _stretches(encoded.entrywise[order])
    numbers = np.zeros((len(lr), capacity.numbers, lr.shape[1]), dtype)
    with np.errstate(over="ignore"):
        numbers[:, : len(encoded.carried)] = rows[list(encoded.carried)].swapaxes(0, 1)
        starts = np.zeros((capacity.registers, 2), dtype)
        for register, offset, scale in encoded.starts:
            starts[register] = offset, scale
    places = np.asarray(encoded.result, np.uint32), np.asarray(encoded.point, np.uint32)
    return Tape(op, args, to, stretch, spans, numbers, starts, *places)


def _spans(
    encoded: Encoded, rows: Float[np.ndarray, "numbers steps rates"], capacity: Capacity
) -> tuple[Int[np.ndarray, " instructions"], Int32[np.ndarray, "steps 2"]]:
    """The order of instructions on the tape, and the span of each step.

    Steps with the same guards open share a span. Where the spans do not fit on the tape, every step
    runs all instructions; `when` takes the right value in any case.
    """
    steps, every = rows.shape[1], np.arange(len(encoded.op))
    guards = sorted({guard for guard in encoded.guard if guard is not None})
    if guards:
        closed = np.all(rows[guards] == 0, axis=2)
        shut, which = np.unique(closed, axis=1, return_inverse=True)
        runs = [
            every[[guard is None or not pattern[guards.index(guard)] for guard in encoded.guard]]
            for pattern in shut.T
        ]
        ends = np.cumsum([len(run) for run in runs])
        if ends[-1] <= capacity.instructions:
            spans = np.stack([ends - [len(run) for run in runs], ends], axis=1)
            return np.concatenate(runs), spans[which.reshape(-1)].astype(np.int32)
    return every, np.tile(np.asarray([0, len(every)], np.int32), (steps, 1))


def _stretches(
    entrywise: Bool[np.ndarray, " instructions"],
) -> Int[np.ndarray, " instructions"]:
    """For each instruction the next one of the other sort, or the end."""
    changes = np.append(np.flatnonzero(np.diff(entrywise)) + 1, len(entrywise))
    return changes[np.searchsorted(changes, np.arange(len(entrywise)), side="right")]
