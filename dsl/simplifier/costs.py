"""The cost of a program: what a reader must read and what a step pays.

A statement counts 1, and so does a slot twice: once where it is declared, once where it is kept.
What a step pays is the work that its primitive declares (`dsl.language.registry.primitive`), in
passes over the memory of a parameter tensor; a number for a tensor or the model is nearly free. A
pass counts less than a statement, so that of two ways to write a program the shorter one is
cheaper, and of two of one length the one that computes less.
"""

from collections.abc import Collection, Sequence

from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Program

STATEMENT, SLOT, HYPERPARAMETER = 1.0, 2.0, 0.5
_PASS, _NUMBER_FOR_TENSOR = 0.03, 0.002
_ORACLE = 30.0
_CONSTANT, _DIGIT = 0.05, 0.0005
_ORDER = 0.001
"""A difference, which reads one way only: of equals, that with a sum is the plainer one. So is a
quotient by one value after another beside one by their product."""
_SIGN = 0.2
"""A negation, which a reader has to keep in mind: two are written anew to be rid of one. A bias
correction below 0 is one too."""
NEW = 0.059
"""A statement that was not there: nearly two passes, so that none is written anew to save one."""
LOOK_UP = 0.06
"""An argument that is the value of another statement."""
ONE = "1"
"""The number 1 among what makes an argument."""


def statement_cost(op: str, kinds: list[Kind], made_by: Sequence[Collection[str]]) -> float:
    """The cost of a statement whose arguments and value are of these kinds.

    **Arguments:** `made_by`: for each argument the primitives that make it, or `ONE` for a 1; a
    multiple by a number is no product.
    """
    primitive = PRIMITIVES[op]
    passes = primitive.work + (_ORACLE if primitive.oracle else 0.0)
    whole = any(kind not in (Kind.GLOBAL, Kind.SCALAR) for kind in kinds)
    return STATEMENT + _form_cost(op, made_by) + passes * (_PASS if whole else _NUMBER_FOR_TENSOR)


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
        made_by = [_made_by(program, arg) for arg in statement.args]
        cost += statement_cost(statement.op, kinds, made_by)
        cost += LOOK_UP * sum(isinstance(arg, Local) for arg in statement.args)
        numbers.update(statement.args)
    numbers.update(program.outputs)
    return cost + sum(leaf_cost(arg.value) for arg in numbers if isinstance(arg, Const))


def _form_cost(op: str, made_by: Sequence[Collection[str]]) -> float:
    """The cost to a reader beside other statements of its length."""
    if op == "neg" or (op == "sub" and "power" in made_by[0] and ONE in made_by[1]):
        return _SIGN
    return _ORDER if op == "sub" or (op == "div" and "mul" in made_by[1]) else 0.0


def _made_by(program: Program, arg: Arg) -> tuple[str, ...]:
    if isinstance(arg, Local):
        made = program.statements[arg.index]
        multiple = made.op == "mul" and any(isinstance(each, Const) for each in made.args)
        return () if multiple else (made.op,)
    return (ONE,) if arg == Const(1.0) else ()
