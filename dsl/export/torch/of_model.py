"""Values that exist once for the model.

A rule that works parameter by parameter becomes one loop. Where it needs the whole model (a global
norm, an oracle), lists with one value per parameter are made before that loop, for what such
statements read and for nothing else. Numbers of the model (Global values that depend on the whole
model, and Global slots) exist once; what is made of such a number and of hyperparameters is made
for every group with its own. Where a number of the model is made of hyperparameters itself, they
are those of the first group.

Where nothing needs the model, and Global slots hold numbers made of counts and hyperparameters
alone, every group has them for itself, as the authors of such rules have it: groups move as
optimizers of their own would.
"""

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Arg, Local, Name, Program
from dsl.program.walk import indices, needed
from dsl.rewrite.liveness import live


def needs_model(primitive: Primitive) -> bool:
    """True if a primitive reads every parameter at once."""
    return primitive.scope is Scope.MODEL or primitive.oracle is not None


def is_apart(program: Program) -> bool:
    """True if groups of parameters have nothing in common: no number is of the whole model."""
    asks = any(needs_model(PRIMITIVES[statement.op]) for statement in program.statements)
    return not asks and "loss" not in live(program).names


def model_values(program: Program, slots: list[str]) -> frozenset[Arg]:
    """The values made once for the model, lists with an entry per parameter among them.

    A number of the model that reads a hyperparameter is not among them, but made for every group
    with the group's own, unless it is kept in a slot.
    """
    found: set[Arg] = {Name(slot) for slot in slots}
    kept = {program.next_values[slot] for slot in slots}
    own: set[Arg] = {Name(name) for name in (*program.hyperparameters, "T")}
    for index, statement in enumerate(program.statements):
        primitive, made = PRIMITIVES[statement.op], Local(index)
        chosen = needed(program, [statement.args[at] for at in primitive.lazy])
        ops = {program.statements[at].op for at in indices(chosen)} if primitive.lazy else ()
        once = needs_model(primitive) or any(needs_model(PRIMITIVES[op]) for op in ops)
        if program.kind_of(made) is Kind.GLOBAL:
            if any(arg in own for arg in statement.args):
                own.add(made)
            of_model = any(arg in found for arg in statement.args)
            once = once or (of_model and (made in kept or made not in own))
        if once:
            found.add(made)
            own.discard(made)
    return frozenset(found)
