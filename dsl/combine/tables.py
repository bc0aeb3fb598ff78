"""A hyperparameter that follows a table of multipliers recorded elsewhere.

The table becomes program text: a polygon through as many of its numbers as are asked for, each of
which is printed as it is, one leg after the other:

    interp(interp(0.4, 1, clip(at / 3, 0, 1)), 0, clip((at - 3) / 16, 0, 1))
"""

from collections.abc import Sequence

import numpy as np

from dsl.combine.combinator import check_numbers
from dsl.combine.graph import rename, substitute
from dsl.errors import DslError
from dsl.language.hyperparameters import Hyper
from dsl.ops import clip, interp, maximum
from dsl.program import Program
from dsl.program.trace import program as trace
from dsl.shapes import Float

_MOST = {"most": Hyper("numbers of the table that go into the program", 1, whole=True)}
_STRAIGHT = 1e-12
"""Numbers closer to a leg than this part of the largest number count as on it."""


def tabulated(
    program: Program,
    multipliers: Sequence[float] | Float[np.ndarray, " numbers"],
    *,
    name: str = "lr",
    most: int = 16,
) -> Program:
    """The program with its hyperparameter `name` times a table that is stretched over T steps.

    The first number is for step 1 and the last for step T, and for those after it; between numbers
    the multiplier is linear. With as many numbers as steps there is one for each step.

    **Arguments:** `most`: numbers of the table that go into the program at most; see `knots`.
    **Raises:** DslError if the table is empty or holds a number that is not finite; UnknownName if
    the program has no such hyperparameter.
    """
    check_numbers("tabulated", _MOST, {"most": most})
    values = [float(value) for value in multipliers]
    if not values or not np.all(np.isfinite(values)):
        raise DslError("a table of multipliers needs one number, and finite ones")
    corners = knots(values, most)

    def table(t, T, *, lr=1.0):
        at = (t - 1) * (len(values) - 1) / maximum(T - 1, 1)
        part = values[0]
        for begin, end in zip(corners, corners[1:], strict=False):
            done = at - begin if begin else at
            length = end - begin
            part = interp(part, values[end], clip(done / length if length > 1 else done, 0, 1))
        return lr * part

    return substitute(program, name, rename(trace(table), lr=name))


def knots(values: Sequence[float], most: int) -> list[int]:
    """Indices of a polygon through a table, ends included: at each turn the number that is farthest
    from it becomes one, until there are `most` or all of them are on it."""
    places = np.arange(len(values))
    chosen = sorted({0, len(values) - 1})
    while len(chosen) < most:
        polygon = np.interp(places, chosen, [values[at] for at in chosen])
        off = np.abs(polygon - values)
        if np.max(off) <= _STRAIGHT * np.max(np.abs(values)):
            break
        chosen = sorted({*chosen, int(np.argmax(off))})
    return chosen
