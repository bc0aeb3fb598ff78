"""Numbers that slots hold over a few steps: what a law about slots guesses by, before it proves."""

from functools import lru_cache

import numpy as np

from dsl.language.closed_form import Leaves
from dsl.language.kinds import Kind
from dsl.program import Program
from dsl.run.fingerprint import Probe, without_signed_zeros
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.shapes import Float

_STEPS = 3
_KINDS = (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL)

Held = dict[str, Float[np.ndarray, "steps entries"]]


@lru_cache(maxsize=64)
def held(program: Program, times: float = 1.0) -> Held:
    """All that the slots of tensors and numbers hold after each of a few steps, with gradients that
    are so many times as large."""
    probe = Probe(0, joined=False)
    w: Leaves = [leaf.copy() for leaf in probe.start]
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    seen: dict[str, list[np.ndarray]] = {
        name: [] for name, init in program.slots.items() if init.kind in _KINDS
    }
    with np.errstate(all="ignore"):
        for t in range(_STEPS):
            probe.at(t, w)
            gradients = [times * leaf for leaf in probe.gradients[t]]
            inputs = {"w": w, "g": gradients, "t": np.float64(t + 1), "T": 100.0}
            inputs |= {"loss": probe.losses[t], **program.hyperparameters}
            move, slots = run_step(program, inputs, slots, probe, without_signed_zeros)
            w = [leaf - step for leaf, step in zip(w, move, strict=True)]
            for name, found in seen.items():
                value = slots[name]
                parts = value if isinstance(value, list) else [value]
                found.append(np.concatenate([np.ravel(leaf) for leaf in parts]))
    return {name: np.stack(found) for name, found in seen.items()}
