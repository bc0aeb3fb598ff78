"""Functions of float32 arrays that XLA computes entry by entry on a CPU, written otherwise.

A sine costs there as much as twenty additions and a power fifty, since XLA calls the C library for
every entry. Through polynomials, and what XLA does compute in vectors, most cost four to ten, and a
power twenty. They agree with correctly rounded ones to a few roundings, infinities, NaN and signed
zeros included. Polynomials are those of the Cephes Mathematical Library (Moshier) or, where they
have other numbers of terms, fitted here to the smallest relative error.
"""

from dsl.run.float32.angles import cos, sin, tan
from dsl.run.float32.arcs import arccos, arcsin, arctan
from dsl.run.float32.exponentials import cosh, expm1, sinh, tanh
from dsl.run.float32.hyperbolic_inverse import arcsinh
from dsl.run.float32.powers import cbrt, power

__all__ = [
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan",
    "cbrt",
    "cos",
    "cosh",
    "expm1",
    "power",
    "sin",
    "sinh",
    "tan",
    "tanh",
]
