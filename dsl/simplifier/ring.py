"""Sums of products with numbers before them: the arithmetic that needs no law.

A `Poly` maps products to their coefficients, a product being pairs (base, exponent) in the order of
bases. What is no sum, product or quotient is a base, and so is a sum of several terms where it is a
factor: products of sums are not multiplied out. Numbers are; so equal sums and products have equal
polys whatever their order and brackets.
"""

import math
from collections.abc import Callable

Product = tuple[tuple[int, int], ...]
"""Bases with their exponents, none of them 0."""
Poly = dict[Product, float]
"""Coefficients, none of them 0."""

TERMS, EXPONENT = 8, 6
"""The most summands, and the largest exponent."""

RING = frozenset({"num", "add", "sub", "mul", "div", "neg", "square", "cube", "power", "interp"})
"""The operations that are worked out where they can be."""


def atom(base: int) -> Poly:
    """A base alone."""
    return {((base, 1),): 1.0}


def constant(poly: Poly) -> float | None:
    """The number that a poly is, if it is one."""
    if not poly:
        return 0.0
    return poly[()] if len(poly) == 1 and () in poly else None


def scaled(poly: Poly, by: float) -> Poly:
    """A poly times a number."""
    return {key: c for key, value in poly.items() if (c := value * by)}


def total(one: Poly, other: Poly) -> Poly:
    """The sum; what cancels up to rounding is gone."""
    made = dict(one)
    for key, value in other.items():
        before = made.get(key, 0.0)
        after = before + value
        if abs(after) <= 4e-16 * (abs(before) + abs(value)):
            made.pop(key, None)
        else:
            made[key] = after
    return made


def times(one: Product, other: Product, sign: int = 1) -> Product:
    """The product of two products, or their quotient where `sign` is -1."""
    powers = dict(one)
    for base, power in other:
        powers[base] = powers.get(base, 0) + sign * power
    return tuple(sorted(pair for pair in powers.items() if pair[1]))


def sensible(poly: Poly) -> bool:
    """True if a poly is small enough to be worked with, and its numbers are finite."""
    if len(poly) > TERMS:
        return False
    for key, value in poly.items():
        if not math.isfinite(value):
            return False
        for _, power in key:
            if not -EXPONENT <= power <= EXPONENT:
                return False
    return True


def measure(poly: Poly) -> tuple[int, int]:
    """The number of summands and of factors: the less, the simpler."""
    return len(poly), sum(abs(power) for key in poly for _, power in key)


Key = tuple[tuple[Product, float], ...]


def key_of(poly: Poly) -> Key:
    """A key that is the same for polys equal up to the rounding of coefficients."""
    return tuple(sorted((key, float(f"{value:.12e}")) for key, value in poly.items()))


def worked_out(
    op: str, polys: list[Poly], factor: Callable[[int], tuple[Product, float]]
) -> Poly | None:
    """The poly of an operation on polys; None where it is no sum or product of them.

    **Arguments:** `factor(at)`: the argument at a position as a product and a coefficient; a sum of
    several terms is a base of its own there.
    """
    if op == "add":
        return total(polys[0], polys[1])
    if op == "sub":
        return total(polys[0], scaled(polys[1], -1.0))
    if op == "neg":
        return scaled(polys[0], -1.0)
    if op == "interp":
        k = constant(polys[2])
        return None if k is None else total(scaled(polys[0], 1 - k), scaled(polys[1], k))
    if op == "power":
        power = constant(polys[1])
        base = constant(polys[0])
        if base is not None or power is None or power not in (-2, -1, 2, 3):
            return None
        return _power(factor(0), int(power))
    if op in ("square", "cube"):
        return _power(factor(0), 2 if op == "square" else 3) if polys[0] else {}
    return _quotient(polys, factor) if op == "div" else _product(polys, factor)


def _product(polys: list[Poly], factor: Callable[[int], tuple[Product, float]]) -> Poly:
    for at in (0, 1):
        number = constant(polys[at])
        if number is not None:
            return scaled(polys[1 - at], number)
    (one, first), (other, second) = factor(0), factor(1)
    return _single(times(one, other), first * second)


def _quotient(polys: list[Poly], factor: Callable[[int], tuple[Product, float]]) -> Poly | None:
    number = constant(polys[1])
    if number is not None:
        return scaled(polys[0], 1 / number) if number else None
    if not polys[0]:
        return {}
    (one, first), (other, second) = factor(0), factor(1)
    return _single(times(one, other, -1), first / second) if second else None


def _power(of: tuple[Product, float], power: int) -> Poly | None:
    product, number = of
    if not number:
        return None
    try:
        return _single(tuple((base, each * power) for base, each in product), number**power)
    except OverflowError:
        return None


def _single(product: Product, number: float) -> Poly:
    return {product: number} if number else {}
