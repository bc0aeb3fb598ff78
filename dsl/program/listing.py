"""The listing of a program: a line for each of its parts, none of them left out or rearranged.

    input w
    input g
    slot m = zeros
    hyper lr = 1e-4
    %0 = sign(m)
    %1 = mul(lr, %0)
    next m = g
    return %1

Hashes are taken of it, and it is what a person reads to see every statement with its number. It
leaves out the name of the program, its docstring and the names of local values.
"""

from functools import lru_cache

from dsl.language.numbers import format_number
from dsl.program.terms import Arg, Const, Local, Parts, Statement


def listing(program: Parts) -> str:
    """The listing, without a newline at its end."""
    lines = [f"input {name}" for name in program.inputs]
    lines += [f"slot {name} = {init}" for name, init in program.slots.items()]
    hypers = program.hyperparameters.items()
    lines += [f"hyper {name} = {format_number(value)}" for name, value in hypers]
    lines += [f"%{at} = {call_text(each)}" for at, each in enumerate(program.statements)]
    lines += [f"next {slot} = {arg_text(arg)}" for slot, arg in program.next_values.items()]
    lines.append(f"return {', '.join(map(arg_text, program.returned))}")
    return "\n".join(lines)


def call_text(statement: Statement) -> str:
    """`interp(g, m, %0)`."""
    return f"{statement.op}({', '.join(map(arg_text, statement.args))})"


@lru_cache(maxsize=16384)
def arg_text(arg: Arg) -> str:
    """`%3` for the value of a statement, else a name or a number."""
    match arg:
        case Local(index):
            return f"%{index}"
        case Const(value):
            return format_number(value)
    return arg.id
