"""Laws and equations hold where they say, on random numbers with the usual ones among them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dsl.checks.fault import Fault, at
from dsl.errors import DslError
from dsl.language.kinds import Kind
from dsl.language.registry import Domain, Law, Primitive
from dsl.program import Local, Program
from dsl.rewrite.pattern import parse_law
from dsl.run.interpret import run_step

_NUMBERS = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -0.5, -3.75, 0.25, 1e-8])
_SPECIAL = np.array([np.nan, np.inf, -np.inf, 1e300, -1e-300])
_ENTRIES, _TIMES = 64, 16
_NO_STEP: Any = None
"""The services of a step that neither draws nor asks."""
_RTOL, _ATOL = 1e-9, 1e-10
"""The bound on how far the sides of a law of real arithmetic round apart."""


def check_law(law: Law) -> None:
    """Hold a law to its domain. **Raises:** Fault, also for one that is hardly ever defined."""
    try:
        lhs, rhs = parse_law(law.text, law.numbers)
    except DslError as error:
        raise Fault(error.message) from None
    finite = law.domain is Domain.FINITE
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(_TIMES):
        drawn = {name: _entries(law, name, rng) for name in lhs.slots}
        slots: dict[str, Any] = {
            name: [drawn[name]] if init.kind is Kind.TENSOR else drawn[name][0]
            for name, init in lhs.slots.items()
        }
        with np.errstate(all="ignore"):
            x, y = _value(lhs, slots), _value(rhs, slots)
            usual = _usual(lhs, slots) if finite else np.ones(_ENTRIES, bool)
            same = _same(x, y, finite)
        seen += int(np.sum(usual))
        wrong = np.flatnonzero(usual & ~same)
        if wrong.size:
            entry = wrong[0]
            numbers = [drawn[n][entry if n in _tensors(lhs) else 0] for n in drawn]
            raise Fault(
                f"the law {law.text} does not hold at {at(list(drawn), numbers)}: its sides are "
                f"{x[entry]:.6g} and {y[entry]:.6g}"
            )
    if seen <= _ENTRIES:
        raise Fault(f"the law {law.text} has hardly any place where its left side is finite")


def check_shrinks(law: Law) -> None:
    """Fault for a law of `laws`, which every pass applies, that makes programs larger."""
    lhs, rhs = parse_law(law.text, law.numbers)
    if len(rhs.statements) > len(lhs.statements):
        raise Fault(
            f"the law {law.text} makes a program larger: it belongs among the `equations`, which "
            "may go either way"
        )


def check_swaps(primitive: Primitive) -> None:
    """Fault unless the first two arguments of a primitive that says so may swap."""
    names = [f"x{index}" for index in range(len(primitive.params))]
    swapped = [names[1], names[0], *names[2:]]
    one, other = (f"{primitive.name}({', '.join(each)})" for each in (names, swapped))
    check_law(Law(f"{one} => {other}", Domain.EXACT))


def _same(x: np.ndarray, y: np.ndarray, finite: bool) -> np.ndarray:
    if finite:
        return np.isclose(y, x, rtol=_RTOL, atol=_ATOL, equal_nan=True)
    return (x == y) | (np.isnan(x) & np.isnan(y))


def _tensors(lhs: Program) -> set[str]:
    return {name for name, init in lhs.slots.items() if init.kind is Kind.TENSOR}


def _entries(law: Law, name: str, rng: np.random.Generator) -> np.ndarray:
    """Numbers that a free name may stand for, the usual ones among them."""
    low = dict(law.signs).get(name)
    drawn = rng.choice(_NUMBERS, _ENTRIES)
    drawn = np.where(rng.random(_ENTRIES) < 0.6, rng.normal(0, 2, _ENTRIES), drawn)
    if law.domain is Domain.EXACT and name not in law.numbers:
        drawn = np.where(rng.random(_ENTRIES) < 0.2, rng.choice(_SPECIAL, _ENTRIES), drawn)
    if low is not None:
        drawn = np.abs(drawn)
    return np.where(drawn == 0, 0.5, drawn) if low == ">" else drawn


def _usual(program: Program, slots: Mapping[str, Any]) -> np.ndarray:
    """The entries at which every value on the way is finite."""
    fine = np.ones(_ENTRIES, bool)
    for index, kind in enumerate(program.kinds):
        if kind is Kind.TENSOR:
            fine &= np.isfinite(_value(replace(program, result=Local(index)), slots))
    return fine


def _value(program: Program, slots: Mapping[str, Any]) -> np.ndarray:
    w = [np.zeros(_ENTRIES)]
    made = run_step(program, {"w": w, "g": w}, dict(slots), _NO_STEP, np)[0][0]
    return np.broadcast_to(np.asarray(made, float), (_ENTRIES,))
