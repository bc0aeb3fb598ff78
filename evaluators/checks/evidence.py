"""The evidence that the free checks judge by, each part found when it is first asked for."""

from functools import cached_property

import numpy as np

from dsl.program import Program
from dsl.rewrite.canonical import canonical
from dsl.run.fingerprint import depends_on_gradient, respond
from dsl.shapes import Float
from evaluators.checks.descent import Descent, descend

RATES = (1.0, 0.1, 10.0, 0.01)
"""Multiples of the rate that a program is tried with on the quadratic, until one leads down."""


class CheckEvidence:
    """A program on fixed streams and on a small quadratic, in float64."""

    def __init__(self, program: Program):
        self.program = canonical(program)

    @cached_property
    def depends(self) -> bool:
        """True if the steps change with the gradients, or with the function behind the oracles."""
        return depends_on_gradient(self.program)

    @cached_property
    def steps(self) -> Float[np.ndarray, "time entries"]:
        """Steps on a fixed stream of gradients, which do not follow the weights.

        One entry's gradient is exactly 0 once; those of the others lie between 1e-4 and 100.
        """
        return respond(self.program)

    @cached_property
    def descents(self) -> tuple[Descent, ...]:
        """Runs on the quadratic at the rates of `RATES`, up to the first that ends below where it
        began; at its only rate for a program without `lr`."""
        default = self.program.hyperparameters.get("lr")
        rates = [None] if default is None else [default * factor for factor in RATES]
        runs: list[Descent] = []
        for rate in rates:
            runs.append(descend(self.program, rate))
            if runs[-1].descended:
                break
        return tuple(runs)
