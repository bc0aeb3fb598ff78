"""The exact passes, to a fixed point: same step and same state evolution, fewer statements."""

from dsl.canonical import shared
from dsl.program import Program
from dsl.prune import prune
from dsl.simplify.laws import apply_laws


def simplify(program: Program) -> Program:
    """An equivalent program without dead, repeated or trivial parts.

    Removes dead statements and slots, computes equal values once, keeps one of slots that always
    hold the same value, folds arithmetic on numbers, and applies the laws that primitives declare
    exact. Names, order and hyperparameters that are read are kept.
    """
    while True:
        smaller = prune(shared(apply_laws(prune(program))))
        if smaller == program:
            return smaller
        program = smaller
