"""Manifolds whose points are the rows of tensors, for use in traced functions.

Each operation is written in the words of the language, so a rule on a manifold is a program like
any other. `x` and `y` are points, `u` and `v` tangent vectors at `x`; inner products are Rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dsl.ops import minimum, row_sum, sqrt, square
from dsl.program.trace import Operand, Symbol

_MARGIN = 1e-5
"""Points of a ball stay away from its rim by this part of the radius."""


@dataclass(frozen=True)
class Manifold:
    """The operations of a manifold that a first-order rule needs."""

    project: Callable[[Symbol], Symbol]
    """`project(w)`: a point near any `w`, which is `w` itself on the manifold."""
    gradient: Callable[[Symbol, Symbol], Symbol]
    """`gradient(x, g)`: the Riemannian gradient where the ordinary one is `g`."""
    inner: Callable[[Symbol, Symbol, Symbol], Symbol]
    """`inner(x, u, v)`: the inner product."""
    retract: Callable[[Symbol, Symbol], Symbol]
    """`retract(x, u)`: a point, to first order where the geodesic along `u` ends."""
    transport: Callable[[Symbol, Symbol, Symbol], Symbol]
    """`transport(x, y, u)`: `u` as a tangent vector at `y`."""


def _dot(u: Symbol, v: Symbol) -> Symbol:
    return row_sum(u * v)


def _length(u: Symbol) -> Symbol:
    return sqrt(row_sum(square(u)))


def sphere() -> Manifold:
    """Rows of length 1, with the geometry of the space around; a row of zeros has no projection.

    Retraction is the projection of the sum. Transport drops what is not tangent any more.
    """

    def project(w: Symbol) -> Symbol:
        return w / _length(w)

    def tangent(x: Symbol, u: Symbol) -> Symbol:
        return u - _dot(x, u) * x

    return Manifold(
        project=project,
        gradient=tangent,
        inner=lambda x, u, v: _dot(u, v),
        retract=lambda x, u: project(x + u),
        transport=lambda x, y, u: tangent(y, u),
    )


def poincare_ball(c: Operand = 1.0) -> Manifold:
    """Rows within a ball of radius 1 / sqrt(c), with hyperbolic geometry of curvature -c.

    Lengths at x are 2 / (1 - c |x|^2) times those of the space around. Retraction is the sum,
    pulled back into the ball where it left it. Transport is parallel, along the geodesic
    (Ungar 2008, "A Gyrovector Space Approach to Hyperbolic Geometry").
    """

    def stretch(x: Symbol) -> Symbol:
        return 2 / (1 - c * row_sum(square(x)))

    def project(w: Symbol) -> Symbol:
        return w * minimum((1 - _MARGIN) / sqrt(c) / _length(w), 1)

    def transport(x: Symbol, y: Symbol, u: Symbol) -> Symbol:
        xx, yy, xy = row_sum(square(x)), row_sum(square(y)), _dot(x, y)
        xu, yu = _dot(x, u), _dot(y, u)
        along_y = c * (2 * c * xy * xu - xu - c * xx * yu)
        along_x = c * (yu - c * yy * xu)
        turned = u + 2 * (along_y * y + along_x * x) / (1 - 2 * c * xy + c * c * xx * yy)
        return turned * (stretch(x) / stretch(y))

    return Manifold(
        project=project,
        gradient=lambda x, g: g / square(stretch(x)),
        inner=lambda x, u, v: square(stretch(x)) * _dot(u, v),
        retract=lambda x, u: project(x + u),
        transport=transport,
    )
