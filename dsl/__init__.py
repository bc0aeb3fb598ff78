"""The language of update rules: programs, their text, their meaning, and what they turn into.

    language/    kinds, signatures, numbers, names, costs; how primitives, oracles and initialisers
                 are declared
    primitives/  the primitives and further kinds, one family per file
    program/     a program: its terms and checks, from text or a Python function, to text
    rewrite/     canonical form and hashes, simplifying, what a program reads and what it costs
    run/         one step of a program, as an Optax transformation, on the machine; fingerprints
    combine/     programs made from programs
    zoo/         known optimizers as programs
    behaviour/   how programs behave, how far apart they are in that, and the nearest known rule
    simplifier/  a program as simple as the laws of its primitives allow
    export/      programs as Optax and PyTorch files, LaTeX and graphs
    checks/      declarations held to what they state, by number
    plugins/     declarations of a user's own
    ops          the words of the language, to write rules with in Python
    lazy         JAX and Optax, imported when they are first used
    shapes       shapes of arrays in annotations, where jaxtyping may not be imported
    declare      registries, in the order of names; how a family of declarations is imported
    identity     the hashes that name a program, and the promise of each
    errors       every error that a user of the language meets

Importing the language imports NumPy, and JAX only with `to_optax` and
`eval_params`.
"""

from typing import TYPE_CHECKING, Any

from dsl.errors import DslError
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.program.parse import parse
from dsl.program.trace import program
from dsl.rewrite.canonical import canonical, canonical_hash
from dsl.rewrite.family import family
from dsl.rewrite.simplify import simplify
from dsl.run.fingerprint import fingerprint

if TYPE_CHECKING:
    from dsl.run.optax import eval_params, to_optax

__all__ = [
    "PRIMITIVES",
    "DslError",
    "Program",
    "canonical",
    "canonical_hash",
    "family",
    "eval_params",
    "fingerprint",
    "parse",
    "program",
    "simplify",
    "to_optax",
]


def __getattr__(name: str) -> Any:
    if name in ("to_optax", "eval_params"):
        from dsl.run import optax

        return getattr(optax, name)
    raise AttributeError(f"module 'dsl' has no attribute '{name}'")
