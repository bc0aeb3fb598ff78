"""The rules of the zoo by their distance from a program, and what it is called in their terms."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from dsl.behaviour.distance import Profile, distances, profile, stacked
from dsl.language.registry import Domain
from dsl.program import Const, Name, Program
from dsl.program.walk import Rewriter
from dsl.rewrite.family import family
from dsl.rewrite.simplify import simplify
from dsl.run.fingerprint import fingerprint
from dsl.zoo import ZOO

_ALIKE = 1e-3
"""The distance up to which fingerprints are compared: rules that behave alike are nearer."""
_UNLIKE = 0.99
"""The distance from which on a rule is like no other: that of one without finite steps."""
_NEAR = 24
"""The nearest rules, whose families are also compared without what is 0 in them, and without their
decay."""


@dataclass(frozen=True)
class Neighbour:
    """A rule of the zoo as seen from a program.

    `same_behaviour`: it has the program's fingerprint, so that the steps are the same.
    `same_family`: it becomes the program when its constants are changed; a constant that is 0 may
    be left out with all that it multiplies. `decay_gone`: for that, its weight decay has to be 0.
    """

    name: str
    distance: float
    same_behaviour: bool
    same_family: bool
    decay_gone: bool = False

    @property
    def relation(self) -> str:
        """Its relation to the program in words; empty if it is only near."""
        if self.same_behaviour:
            return "the same steps"
        return "other constants" if self.same_family else ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def nearest(program: Program, count: int | None = None) -> list[Neighbour]:
    """The rules of the zoo that are nearest in behaviour, nearest first; all of them by default.

    Of rules that are as near to six digits, those of the program's own behaviour and family come
    first, then the shortest.
    """
    return list(_neighbours(program, tuple(ZOO))[:count])


def known_as(program: Program) -> str:
    """The program in terms of the zoo, by the nearest rule that each of these fits.

    `"lion"` for the same steps, `"adamw with other constants"` for the same family, else
    `"nearest nadam, 0.12"` with the distance; `"like no known rule"` where that is next to 1.
    """
    found = nearest(program)
    same = [each for each in found if each.same_behaviour]
    if same:
        return same[0].name
    kin = sorted((each for each in found if each.same_family), key=lambda each: each.decay_gone)
    if kin:
        return f"{kin[0].name} with other constants"
    first = found[0]
    if first.distance > _UNLIKE:
        return "like no known rule"
    return f"nearest {first.name}, {in_digits(first.distance)}"


def in_digits(distance: float) -> str:
    """A distance with two digits after the point, or with one that is not 0."""
    return f"{distance:.2f}" if distance >= 0.01 or not distance else f"{distance:.1g}"


@lru_cache(maxsize=256)
def _neighbours(program: Program, names: tuple[str, ...]) -> tuple[Neighbour, ...]:
    far = distances(profile(program), _profiles(names))
    apart = {name: round(float(d), 6) for name, d in zip(names, far, strict=True)}
    near = set(sorted(names, key=lambda name: (apart[name], name))[:_NEAR])
    own = {family(program), _family_without(program, _zeros(program))}

    def neighbour(name: str) -> Neighbour:
        rule = ZOO[name]
        alike = apart[name] <= _ALIKE and fingerprint(rule) == fingerprint(program)
        kin = family(rule) in own
        if name in near and not kin:
            zeros = _zeros(rule)
            kin = bool(zeros) and _family_without(rule, zeros) in own
            decay = zeros | ({"wd"} & rule.hyperparameters.keys())
            if not kin and decay != zeros and _family_without(rule, decay) in own:
                return Neighbour(name, apart[name], alike, same_family=True, decay_gone=True)
        return Neighbour(name, apart[name], alike, same_family=kin)

    return tuple(sorted(map(neighbour, names), key=_order))


def _order(each: Neighbour) -> tuple[object, ...]:
    size = len(ZOO[each.name].statements)
    return each.distance, not each.same_behaviour, not each.same_family, size, each.name


@lru_cache(maxsize=4)
def _profiles(names: tuple[str, ...]) -> Profile:
    return stacked([profile(ZOO[name]) for name in names])


def _zeros(program: Program) -> frozenset[str]:
    """The hyperparameters that are 0."""
    return frozenset(name for name, value in program.hyperparameters.items() if value == 0)


@lru_cache(maxsize=1024)
def _family_without(program: Program, names: frozenset[str]) -> str:
    """The family of the program where some hyperparameters are 0, and all is gone that this makes
    needless."""
    rewriter = Rewriter(program)
    rewriter.place.update({Name(name): Const(0.0) for name in names})
    rewriter.copy()
    return family(simplify(rewriter.finish(), Domain.FINITE))
