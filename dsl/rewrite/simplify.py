"""The passes, to a fixed point: same step and same state evolution, fewer statements."""

from dsl.language.registry import Domain
from dsl.program import Program
from dsl.rewrite.canonical import shared
from dsl.rewrite.laws import apply_laws
from dsl.rewrite.prune import prune


def simplify(program: Program, domain: Domain = Domain.EXACT) -> Program:
    """An equivalent program without dead, repeated or trivial parts.

    Removes dead statements and slots, computes equal values once, keeps one of slots that always
    hold the same value, folds arithmetic on numbers, and applies the laws that primitives declare
    exact. Names, order and hyperparameters that are read are kept. With `Domain.FINITE` the laws
    of real arithmetic count too: the same steps to rounding, as long as every value is finite.
    """
    while True:
        smaller = prune(shared(apply_laws(prune(program), domain)))
        if smaller == program:
            return smaller
        program = smaller
