"""Values that are Python numbers when they are read: hyperparameters, counts, what is made of these
by operations that never raise.
"""

from collections.abc import Collection

from dsl.export.torch.templates import is_plain
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Arg, Const, Local, Name, Program


def decays(program: Program) -> frozenset[str]:
    """The decays of averages, which lie from 0 to below 1."""
    hypers = program.hyperparameters
    return frozenset(n for n in ("b1", "b2", "b3") if n in hypers and 0 <= hypers[n] < 1)


def is_power_of_decay(program: Program, index: int, betas: Collection[str]) -> bool:
    """True for `b1 ** t` and `b1 ** (t + 1)`, which Python can raise."""
    statement = program.statements[index]
    if PRIMITIVES[statement.op].torch != "{x} ** {y}":
        return False
    base, exponent = statement.args
    if not isinstance(base, Name) or base.id not in betas:
        return False
    match exponent:
        case Name("t"):
            return "t" in program.inputs
        case Local(at):
            later = program.statements[at]
            match later.args:
                case (Name("t"), Const(value)) | (Const(value), Name("t")):
                    return PRIMITIVES[later.op].torch == "{x} + {y}" and value >= 0
    return False


def python_numbers(program: Program) -> frozenset[Arg]:
    """The names and statements whose values are Python numbers when they are read."""
    found: set[Arg] = {Name(name) for name in (*program.hyperparameters, "T")}
    found |= {Name("t")} & {Name(name) for name in program.inputs}
    betas = decays(program)
    for index, statement in enumerate(program.statements):
        primitive = PRIMITIVES[statement.op]
        if is_power_of_decay(program, index, betas):
            found.add(Local(index))
            continue
        plain = primitive.scope is Scope.LEAF and not primitive.lazy and is_plain(primitive)
        if (
            plain
            and primitive.signature.elementwise
            and all(isinstance(arg, Const) or arg in found for arg in statement.args)
        ):
            found.add(Local(index))
    return frozenset(found)
