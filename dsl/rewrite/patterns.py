"""Laws as text, read into patterns."""

import ast

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.program.parse import parse


def parse_law(text: str) -> tuple[Program, Program]:
    """The two sides of a law `lhs => rhs` as programs whose free names are slots.

    A name that stands where a primitive wants a Global is a Global slot, any other a Tensor.
    """
    sides = text.split("=>")
    kinds: dict[str, str] = {}
    for node in ast.walk(ast.parse(sides[0].strip())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            params = PRIMITIVES[node.func.id].signature.params
            for param, arg in zip(params, node.args, strict=True):
                if isinstance(arg, ast.Name) and param is Kind.GLOBAL:
                    kinds[arg.id] = "number(0)"
            kinds.setdefault(node.func.id, "")
        elif isinstance(node, ast.Name):
            kinds.setdefault(node.id, "zeros")
    slots = "".join(f", {name}={init}" for name, init in kinds.items() if init)
    lhs, rhs = (parse(f"def law(w, g{slots}):\n    return {side.strip()}") for side in sides)
    return lhs, rhs
