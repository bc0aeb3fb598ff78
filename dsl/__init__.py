"""The language of update rules: programs, their text, their meaning, and what they turn into."""

from dsl.canonical import canonical, canonical_hash
from dsl.errors import DslError
from dsl.family import family
from dsl.fingerprint import fingerprint
from dsl.parse import parse
from dsl.program import Program
from dsl.registry import PRIMITIVES
from dsl.simplify import simplify
from dsl.trace import program
from dsl.transform import to_optax

__all__ = [
    "PRIMITIVES",
    "DslError",
    "Program",
    "canonical",
    "canonical_hash",
    "family",
    "fingerprint",
    "parse",
    "program",
    "simplify",
    "to_optax",
]
