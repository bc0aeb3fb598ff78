"""The behaviour of one program in a few numbers: what it makes of scale, time, other entries."""

import enum
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from dsl.behaviour.distance import mean_log, sizes_of
from dsl.behaviour.probe import SIZES, constant, everyday, steps
from dsl.language.closed_form import flat
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.rewrite.liveness import live
from dsl.rewrite.prune import prune

SEEN = 64
"""Steps after which a gradient counts as remembered for good."""
_BEFORE, _EARLY = 32, 8
"""Steps along one gradient before it turns round, and those at the start that are left out."""
_LOUDER = 10.0
_FEW = 8
"""Steps on which the reach is looked for."""
_SAME = 1e-9


class Reach(enum.StrEnum):
    """The entries whose steps the gradient of one entry has a say in."""

    ENTRY = "its own entry"
    TENSOR = "its tensor"
    MODEL = "the whole model"


@dataclass(frozen=True)
class Traits:
    """The behaviour of a program; None where it has no finite steps to tell by.

    * `scaling`: the power of the gradient's scale that the sizes of steps follow, from a tenth of
      it to ten times: 1 for SGD, 0 for Adam and signs.
    * `remembers`: the number of steps after one gradient and then none, the first included, that
      are at least half as large as the largest: 1 for SGD, 7 for momentum of 0.9; `SEEN` where all
      that were seen are.
    * `turns`: the number of steps after 32 along one gradient and then against it until more than
      half of the entries follow: 1 for SGD, 7 for momentum of 0.9; `SEEN` for later or never.
    * `reach`: what changes when the gradient of one entry does, on a function that does not couple
      them. What is not seen in a few steps is not counted.
    * `rank_correlation`: Spearman's, of the sizes of steps and gradients over the entries whose
      gradient is not 0, the mean over steps: 1 for SGD, 0 for signs.
    * `growth`: the power of time that the sizes of steps follow while the gradient stays as it is,
      from the 8th step to the 32nd: 0 for SGD, -1/2 for Adagrad.
    * `reads`: the inputs and the oracles that the steps depend on.
    * `memory`: numbers that the live state holds for every parameter of a large model.
    """

    scaling: float | None
    remembers: int | None
    turns: int | None
    reach: Reach
    rank_correlation: float | None
    growth: float | None
    reads: tuple[str, ...]
    memory: int

    def to_json(self) -> dict[str, Any]:
        """Plain data, numbers to six digits after the point."""
        return {
            name: round(value, 6) + 0.0 if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


@lru_cache(maxsize=256)
def traits(program: Program) -> Traits:
    """The traits of a program with its hyperparameters at their defaults."""
    program = prune(program)
    turning = steps(program, constant(*[1] * _BEFORE, *[-1] * SEEN))
    return Traits(
        scaling=_scaling(program),
        remembers=_remembers(steps(program, constant(1, *[0] * (SEEN - 1)))),
        turns=_turns(turning),
        reach=_reach(program),
        rank_correlation=_rank_correlation(steps(program, everyday())),
        growth=_exponent(turning[_BEFORE - 1], turning[_EARLY - 1], _BEFORE / _EARLY),
        reads=tuple(_reads(program)),
        memory=sum(init.kind.per_parameter for init in program.slots.values()),
    )


def _scaling(program: Program) -> float | None:
    louder, quieter = (
        steps(program, replace(everyday(), scale=scale)) for scale in (_LOUDER, 1 / _LOUDER)
    )
    return _exponent(louder, quieter, _LOUDER**2)


def _exponent(after: np.ndarray, before: np.ndarray, factor: float) -> float | None:
    """The power of `factor` by which steps, [..., entries], are larger after than before."""
    ratio = mean_log(sizes_of(after), sizes_of(before))
    return None if ratio is None else ratio / float(np.log(factor))


def _remembers(moves: np.ndarray) -> int | None:
    if not np.isfinite(moves).all() or not moves.any():
        return None
    sizes = np.linalg.norm(moves / np.max(np.abs(moves)), axis=1)
    return int(np.sum(sizes >= sizes.max() / 2))


def _turns(moves: np.ndarray) -> int | None:
    along = moves * flat(constant(1).gradients[0])
    if not np.isfinite(moves).all() or np.mean(along[_BEFORE - 1] > 0) <= 0.5:
        return None
    follows = np.mean(along[_BEFORE:] < 0, axis=1) > 0.5
    return int(np.argmax(follows)) + 1 if follows.any() else SEEN


def _reach(program: Program) -> Reach:
    usual = replace(
        everyday(), coupling=0.0, gradients=everyday().gradients[:_FEW], losses=[1.0] * _FEW
    )
    other = replace(usual, gradients=[_one_changed(g) for g in usual.gradients])
    first, second = steps(program, usual), steps(program, other)
    finite = np.isfinite(first)
    largest = np.max(np.abs(first), axis=0, where=finite, initial=0.0)
    with np.errstate(invalid="ignore"):
        same = np.abs(first - second) <= _SAME * largest
    same |= ~finite & ~np.isfinite(second)
    if not same[:, SIZES[0] :].all():
        return Reach.MODEL
    return Reach.ENTRY if same[:, 1:].all() else Reach.TENSOR


def _one_changed(gradient: list[np.ndarray]) -> list[np.ndarray]:
    """A gradient whose first entry is large, and turned round."""
    changed = gradient[0].copy()
    changed[0, 0] = -30 * changed[0, 0] - 1
    return [changed, *gradient[1:]]


def _rank_correlation(moves: np.ndarray) -> float | None:
    sizes = np.abs(moves)
    if not np.isfinite(sizes).all():
        return None
    gradients = np.abs(np.stack([flat(g) for g in everyday().gradients]))
    pairs = zip(sizes, gradients, strict=True)
    return float(np.mean([_spearman(size[g > 0], g[g > 0]) for size, g in pairs]))


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    """The rank correlation of two vectors; 0 where all of one is equal, to six digits."""
    first, second = (_ranks(np.round(x / (x.max() or 1.0), 6)) for x in (a, b))
    scale = np.sqrt(np.sum(first**2) * np.sum(second**2))
    return float(np.sum(first * second) / scale) if scale else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks about their mean, equal ones shared."""
    return np.sum(np.sign(values[:, None] - values), axis=1)


def _reads(program: Program) -> Iterator[str]:
    alive = live(program)
    yield from (name for name in program.inputs if name in alive.names)
    called = dict.fromkeys(program.statements[index].op for index in alive.statements)
    yield from (op for op in called if PRIMITIVES[op].oracle)
