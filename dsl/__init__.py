"""The language of update rules: programs, their text, their meaning, and what they turn into."""

from dsl.errors import DslError
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.program.parse import parse
from dsl.program.trace import program
from dsl.rewrite.canonical import canonical, canonical_hash
from dsl.rewrite.family import family
from dsl.rewrite.simplify import simplify
from dsl.run.fingerprint import fingerprint
from dsl.run.transform import to_optax

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
