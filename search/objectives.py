"""The objectives of a campaign: what makes one rule better than another, and the pick of the front.

`quality` is the score and is larger the better; the others are demands on those who run or read the
rule (`dsl.rewrite.demands`) and are smaller the better. With several the result of a campaign is a
front: rules than which no other is better in one objective and as good in the rest.
"""

from collections.abc import Mapping, Sequence

import moocore
import numpy as np

from dsl.rewrite.demands import Demands

QUALITY = "quality"
OBJECTIVES = (QUALITY, *Demands._fields)
"""All of them, by the names that configs use."""

Point = tuple[float, ...]
"""A rule by its objectives, each turned so that smaller is better."""


def point(objectives: Sequence[str], quality: float, demands: Demands) -> Point:
    """A rule of this quality and these demands, in the order of `objectives`."""
    return tuple(
        -quality if each == QUALITY else float(getattr(demands, each)) for each in objectives
    )


def within(limits: Mapping[str, float], demands: Demands) -> bool:
    """True if a rule asks for no more than `limits` allow, by objective."""
    return all(getattr(demands, name) <= limit for name, limit in limits.items())


def ranks(points: Sequence[Point]) -> list[int]:
    """The front that each point is on: 0 for those that no other dominates, 1 for those that only
    these do, and so on (non-dominated sorting, Deb et al. 2002, "NSGA-II")."""
    return moocore.pareto_rank(np.asarray(points)).tolist() if points else []


def on_front(points: Sequence[Point]) -> list[bool]:
    """True for each point that no other dominates, equal ones all alike."""
    if not points:
        return []
    table = np.asarray(points)
    return moocore.is_nondominated(table, keep_weakly=True).tolist()


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """The volume between a front and a point that is worse in every objective."""
    return float(moocore.hypervolume(np.asarray(points), ref=reference)) if points else 0.0
