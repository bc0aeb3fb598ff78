"""The slots of a program that are held in eight bits, which hosts keep as codes and scales.

Such a slot becomes `quantized(x, signed, block)`, or that where a tensor has as many entries as
`least`. What a file keeps is made of `x` itself: codes of what comes back may have other scales.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.rewrite.prune import prune


@dataclass(frozen=True)
class Codecs:
    """The coded slots, with whether their codes have signs; entries of a block, and entries from
    which a tensor is coded.

    `program` is the rule with what is coded for the next values.
    """

    program: Program
    slots: Mapping[str, bool]
    block: Arg
    least: Arg


def codecs(program: Program, kept: tuple[str, ...] = ()) -> Codecs | None:
    """The coded slots of a program that works tensor by tensor; None where it has none. Slots in
    `kept` stay, whoever reads them."""
    if any(PRIMITIVES[s.op].scope is not Scope.LEAF for s in program.statements):
        return None
    found = {slot: _coded(program, slot) for slot in program.slots}
    coded = {slot: one for slot, one in found.items() if one is not None}
    shared = {(block, least) for _, _, block, least in coded.values()}
    if len(shared) != 1:
        return None
    nexts = {**program.next_values, **{slot: value for slot, (value, *_) in coded.items()}}
    plain = prune(replace(program, next_values=nexts), kept)
    plain = replace(plain, hyperparameters=program.hyperparameters)
    (block, least), signs = shared.pop(), {slot: signed for slot, (_, signed, *_) in coded.items()}
    return Codecs(plain, signs, block, least)


def _coded(program: Program, slot: str) -> tuple[Arg, bool, Arg, Arg] | None:
    """The value that is coded for a slot, whether with signs, and the two numbers."""
    rule = program.slots[slot]
    if rule.kind is not Kind.TENSOR or rule.rule != "zeros":
        return None
    match _parts(program, program.next_values[slot]):
        case "quantized", (value, Const(signed), block) if _is_number(program, block):
            return value, signed != 0, block, Const(0.0)
        case "where", (small, value, held):
            match _parts(program, small), _parts(program, held):
                case (
                    ("less", (count, least)),
                    ("quantized", (coded, Const(signed), block)),
                ) if (
                    coded == value
                    and _parts(program, count) == ("sum", (Const(1.0),))
                    and _is_number(program, block)
                    and _is_number(program, least)
                ):
                    return value, signed != 0, block, least
    return None


def _parts(program: Program, arg: Arg) -> tuple[str, tuple[Arg, ...]]:
    """The primitive and the arguments that a value is made by."""
    match arg:
        case Local(index):
            statement = program.statements[index]
            return statement.op, statement.args
    return "", ()


def _is_number(program: Program, arg: Arg) -> bool:
    """True for a constant and a hyperparameter."""
    match arg:
        case Name(id):
            return id in program.hyperparameters
    return isinstance(arg, Const)
