"""The cost of a program: what a reader must read and what a step pays.

A statement counts 1, and so does a slot twice: once where it is declared, once where it is kept.
What a step pays is the work that its primitive declares (`dsl.language.registry.primitive`), in
passes over the memory of a parameter tensor; a number for a tensor or the model is nearly free. A
pass counts less than a statement, so that of two ways to write a program the shorter one is
cheaper, and of two of one length the one that computes less.
"""

from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Program

STATEMENT, SLOT, HYPERPARAMETER = 1.0, 2.0, 0.5
_PASS, _NUMBER_FOR_TENSOR = 0.03, 0.002
_ORACLE = 30.0
_CONSTANT, _DIGIT = 0.05, 0.0005
_ORDER = 0.001
"""A difference, which reads one way only: of equals, that with a sum is the plainer one."""
_SIGN = 0.2
"""A negation, which a reader has to keep in mind: two are written anew to be rid of one."""
NEW = 0.059
"""A statement that was not there: nearly two passes, so that none is written anew to save one."""
LOOK_UP = 0.06
"""An argument that is the value of another statement."""


def statement_cost(op: str, kinds: list[Kind]) -> float:
    """The cost of a statement whose arguments and value are of these kinds."""
    primitive = PRIMITIVES[op]
    passes = primitive.work + (_ORACLE if primitive.oracle else 0.0)
    whole = any(kind not in (Kind.GLOBAL, Kind.SCALAR) for kind in kinds)
    signed = _SIGN if op == "neg" else _ORDER if op == "sub" else 0.0
    return STATEMENT + signed + passes * (_PASS if whole else _NUMBER_FOR_TENSOR)


def leaf_cost(leaf: str | float | None) -> float:
    """The cost of reading a name or a number."""
    if isinstance(leaf, float):
        return _CONSTANT + _DIGIT * len(format_number(leaf))
    return 0.0


def program_cost(program: Program) -> float:
    """The cost of a program as it stands, dead statements and slots included."""
    cost = SLOT * len(program.slots) + HYPERPARAMETER * len(program.hyperparameters)
    numbers: set[Arg] = set()
    for at, statement in enumerate(program.statements):
        kinds = [*map(program.kind_of, statement.args), program.kinds[at]]
        cost += statement_cost(statement.op, kinds)
        cost += LOOK_UP * sum(isinstance(arg, Local) for arg in statement.args)
        numbers.update(statement.args)
    numbers.update(program.outputs)
    return cost + sum(leaf_cost(arg.value) for arg in numbers if isinstance(arg, Const))
