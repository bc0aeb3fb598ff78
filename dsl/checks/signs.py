"""The sign that a primitive declares, on random arguments."""

from typing import Any

import numpy as np

from dsl.checks.fault import Fault
from dsl.language.kinds import Kind
from dsl.language.registry import Primitive, Scope
from dsl.language.sign import Sign

_SHAPES = ((), (3,), (2, 4))
_SCALES = (0.0, 0.1, 1.0, 5.0)
_TIMES = 60


def check_sign(primitive: Primitive) -> None:
    """Fault for a value of another sign than the primitive declares, or if next to none is a
    number."""
    rng = np.random.default_rng(5)
    seen = 0
    for time in range(_TIMES):
        values = _called(primitive, rng, _SCALES[time % len(_SCALES)])
        known = values[~np.isnan(values)]
        wrong = known[known <= 0 if primitive.sign is Sign.ABOVE else known < 0]
        if wrong.size:
            raise Fault(f"sign=Sign.{primitive.sign.name} does not hold: it is {wrong[0]:.6g} once")
        seen += known.size
    if seen < _TIMES // 4:
        raise Fault(f"sign=Sign.{primitive.sign.name} cannot be tried: it is NaN nearly everywhere")


def _called(primitive: Primitive, rng: np.random.Generator, scale: float) -> np.ndarray:
    """The entries of a call's values: on Tensors for a free kind; from 0 on for a kept sign."""
    kinds = [kind or Kind.TENSOR for kind in primitive.signature.params]
    below = primitive.sign is not Sign.KEPT
    args = [_operand(kind, rng, scale, below=below) for kind in kinds]
    with np.errstate(all="ignore"):
        if primitive.scope is Scope.MODEL:
            made = [primitive.meaning(np, *args)]
        else:
            each = [arg if isinstance(arg, list) else [arg] * len(_SHAPES) for arg in args]
            made = [primitive.meaning(np, *leaves) for leaves in zip(*each, strict=True)]
    return _flat(made)


def _flat(value: Any) -> np.ndarray:
    if isinstance(value, list | tuple):
        return np.concatenate([np.zeros(0), *map(_flat, value)])
    return np.ravel(np.asarray(value, float))


def _operand(kind: Kind, rng: np.random.Generator, scale: float, *, below: bool) -> Any:
    """A value of a kind in float64, zeros and whole numbers among its entries."""

    def entries(shape: tuple[int, ...]) -> np.ndarray:
        drawn = scale * rng.normal(size=shape)
        drawn = np.where(rng.random(shape) < 0.3, np.round(drawn), drawn)
        return drawn if below else np.abs(drawn)

    if kind.shape is None:
        return entries(())
    if kind.many or kind.sized:
        raise Fault(f"a sign on a {kind} cannot be tried")
    return [entries(kind.shape(shape)) for shape in _SHAPES]
