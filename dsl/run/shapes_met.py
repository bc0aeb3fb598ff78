"""Words of plug-ins, held to the shapes that they state where they are first used.

Engines lay tensors out in ways of their own, so another shape would fail far from its cause, or
not at all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dsl.declare import is_ours
from dsl.errors import Declared
from dsl.language.initialisers import INITIALISERS, Initialiser
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.plugins import misused

_SHAPES = ((3,), (2, 3))


def check_made(primitive: Primitive, kinds: Sequence[Kind], result: Kind) -> None:
    """PluginFails for a primitive of a plug-in whose value has another shape than `result`, of
    arguments of these kinds; errors that it raises are left to its use."""
    in_parts = result.many and primitive.signature.elementwise
    per_tensor = primitive.scope is Scope.LEAF and result.shape is not None and not in_parts
    if not per_tensor or is_ours(PRIMITIVES.places[primitive.name]):
        return
    for shape in _SHAPES:
        try:
            with np.errstate(all="ignore"):
                made = primitive.meaning(np, *(_ones(kind, shape) for kind in kinds))
        except Exception:
            return
        _check(Declared(PRIMITIVES.noun, primitive.name), primitive.meaning, result, shape, made)


def check_start(rule: Initialiser, kind: Kind, leaf: Any, made: Any) -> None:
    """PluginFails for an initialiser of a plug-in whose start is not of `kind` for a parameter."""
    if kind.shape is not None and not is_ours(INITIALISERS.places[rule.name]):
        part = Declared(INITIALISERS.noun, rule.name)
        _check(part, rule.fill, kind, tuple(np.shape(leaf)), made)


def _ones(kind: Kind, shape: tuple[int, ...]) -> Any:
    if kind.shape is None:
        return np.float64(1.0)
    of = kind.shape(shape)
    return tuple(map(np.ones, of)) if kind.many else np.ones(of)


def _check(part: Declared, function: Any, kind: Kind, shape: tuple[int, ...], made: Any) -> None:
    assert kind.shape is not None
    wanted = tuple(kind.shape(shape))
    met = tuple(map(np.shape, made)) if kind.many else np.shape(made)
    if met != wanted:
        raise misused(
            part,
            function,
            f"gives the shape {_shown(met)} for a parameter of shape {_shown(shape)}, wanted "
            f"{_shown(wanted)}, that of a {kind}",
            "`stepsmith primitives check FILE` tries all that it may be applied to",
        )


def _shown(shape: tuple[Any, ...]) -> str:
    return f"[{', '.join(_shown(n) if isinstance(n, tuple) else str(n) for n in shape)}]"
