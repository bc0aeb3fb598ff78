"""Other settings that two optimizers are compared at: models, hyperparameters, longer runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Counts
from dsl.language.sides import TRUTH
from dsl.program import Arg, Local, Name, Program
from stepsmith.verifying.model import FIRST, Look

_TINY = 1e-5
"""A number up to this one keeps something from zero, and shows once it is larger."""


@dataclass(frozen=True)
class Draw:
    """A setting: a model, hyperparameters in place of those given, a number of steps."""

    steps: int
    look: Look = FIRST
    hypers: Mapping[str, float] = field(default_factory=dict)
    longer: bool = False

    @property
    def words(self) -> str:
        """The setting, as far as it differs from what was asked for."""
        values = ", ".join(f"{k}={format_number(v)}" for k, v in self.hypers.items())
        model = f"on {self.look.words}" if self.look is not FIRST else ""
        run = f"over {self.steps} steps" if self.longer else ""
        parts = filter(None, (model, f"with {values}" if values else "", run))
        return " ".join(parts) or "as given"


def counts(program: Program) -> frozenset[str]:
    """The hyperparameters of a rule that count something: steps, axes, columns."""

    def counted(arg: Arg) -> bool:
        counting = isinstance(arg, Local) and _counts(program.statements[arg.index].op)
        return counting or arg == Name("t")

    found: set[Arg] = set()
    for statement in program.statements:
        compared = PRIMITIVES[statement.op].sides is TRUTH and any(map(counted, statement.args))
        if compared or _counts(statement.op):
            found |= set(statement.args)
    return frozenset(arg.id for arg in found if isinstance(arg, Name)) & {*program.hyperparameters}


def _counts(op: str) -> bool:
    return PRIMITIVES[op].counts is not Counts.NONE


def ladder(value: float, *, counts: bool = False) -> list[float]:
    """Other values for a hyperparameter, the likeliest to be within its range first; whole ones
    alone for one that `counts` something."""
    small = [float(each) for each in (3, 2, 5, 4, 1) if each != value]
    if counts and value.is_integer():
        return [*small, 2 * abs(value) + 1]
    if value.is_integer() and value >= 2:
        rungs = (*small[:3], 1.0, 0.1, value / 10, 10 * value, 1e-2, 1e-3, 2 * value + 1)
        return [rung for rung in dict.fromkeys(rungs) if rung != value]
    if value == 0:
        return [0.1, 0.01, 1.0]
    if value < 0:
        return [value / 2, value * 2]
    if value == 1:
        return [0.7, 0.5, 2.0]
    if value <= _TINY:
        return [1e-3, 1e-2, 0.1, 1.0]
    if 0.5 <= value < 1:
        shorter = round(1 - min(0.4, max(0.1, 2 * (1 - value))), 6)  # what fifty steps show
        rungs = dict.fromkeys((shorter, 0.5, 0.9, 0.99, 0.3))
        return [rung for rung in rungs if rung != value]
    factors = (0.5, 3.0, 0.1, 10.0, 30.0, 0.01, 100.0, 1e3)
    near = [float(f"{value * factor:.6g}") for factor in factors]
    return [rung for rung in dict.fromkeys((*near, 0.1, 1.0, 10.0)) if rung != value]


def other(value: float) -> float:
    """A value close by, to see whether it matters."""
    if value.is_integer() and value >= 1:
        return value + 1
    return value * (1 - 0.1) if math.isfinite(value) else 1.0
