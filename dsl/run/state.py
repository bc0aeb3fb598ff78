"""The state of a program before its first step."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.run.interpret import Value


def initial(init: Init, leaves: Sequence[Any], xp: Any, args: Sequence[Any] = ()) -> Value:
    """The starting value of a slot.

    **Arguments:** `leaves`: the parameters, one array per tensor. `xp`: array namespace. `args`:
    numbers, or arrays of them, in place of those of `init`.
    **Returns:** an array per tensor (a tuple of arrays for kinds that hold many), or a number for a
    Global slot. A number too large for the dtype of the parameters becomes infinite.
    """
    fill = partial(INITIALISERS[init.rule].fill, xp)
    args = args or init.args
    with np.errstate(over="ignore"):
        if init.kind is Kind.GLOBAL:
            return fill(None, *args)
        return [fill(leaf, *args) for leaf in leaves]
