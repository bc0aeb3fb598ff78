"""Which values exist once for the model, and which are Python numbers.

A rule that works parameter by parameter becomes one loop. Where it needs the whole model (a global
norm, an oracle), lists with one value per parameter are made before that loop, for what such
statements read and for nothing else. Numbers of the model (Global values that depend on the whole
model, and Global slots) exist once and read the hyperparameters of the first group.
"""

from dsl.export.torch.templates import is_plain
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import indices, needed


def is_draw(primitive: Primitive) -> bool:
    """Whether a primitive draws noise, one array per parameter."""
    return primitive.scope is Scope.STEP and primitive.oracle is None


def needs_model(primitive: Primitive) -> bool:
    """Whether a primitive reads every parameter at once."""
    return primitive.scope is Scope.MODEL or primitive.oracle is not None


def model_slots(program: Program) -> list[str]:
    """The slots that exist once for the model."""
    return [slot for slot, init in program.slots.items() if init.kind is Kind.GLOBAL]


def model_values(program: Program) -> frozenset[Arg]:
    """The values made once for the model, lists with an entry per parameter among them."""
    found: set[Arg] = {Name(slot) for slot in model_slots(program)}
    for index, statement in enumerate(program.statements):
        primitive = PRIMITIVES[statement.op]
        once = needs_model(primitive)
        if program.kind_of(Local(index)) is Kind.GLOBAL:
            once = once or any(arg in found for arg in statement.args)
        elif primitive.lazy:
            chosen = needed(program, [statement.args[at] for at in primitive.lazy])
            ops = {program.statements[at].op for at in indices(chosen)}
            once = once or any(needs_model(PRIMITIVES[op]) for op in ops)
        if once:
            found.add(Local(index))
    return frozenset(found)


def python_numbers(program: Program) -> frozenset[Arg]:
    """The names and statements whose values are Python numbers when they are read."""
    found: set[Arg] = {Name(name) for name in (*program.hyperparameters, "T")}
    for index, statement in enumerate(program.statements):
        primitive = PRIMITIVES[statement.op]
        plain = primitive.scope is Scope.LEAF and not primitive.lazy and is_plain(primitive)
        if (
            plain
            and primitive.signature.elementwise
            and all(isinstance(arg, Const) or arg in found for arg in statement.args)
        ):
            found.add(Local(index))
    return frozenset(found)
