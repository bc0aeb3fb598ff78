"""The instruction set, made from the declarations of the primitives.

An opcode is a primitive with a form that says where each operand is: `r` in a register, `n` among
the numbers known before the step, `e` in either. `rr` adds two registers, `rn` a register and a
number. Every branch of the machine's switch costs compile time (some 50 ms, and a branch that is
not entrywise more for every tensor), so there are only the forms that programs use often: two
operands in any mix, Globals of a signature as numbers, and all in registers; the encoder fills a
register with a number where no form takes it. What is not entrywise has a single form.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jax import Array
from jaxtyping import Float, Int, UInt32

from dsl.language.kinds import Kind, lifts
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.rewrite.lower import spelling
from dsl.run.machine.idioms import IDIOMS, REGISTERS, Idiom

REGISTER, NUMBER, EITHER = "r", "n", "e"

OPERANDS = 5
"""The most that an instruction takes."""

FILL, COPY, LOSS = "fill", "copy", "loss"
"""Operations of the machine itself: into a register a number, another register, the loss."""

_OWN = ((FILL, NUMBER), (COPY, REGISTER), (LOSS, ""))


class Operands(NamedTuple):
    """The operands of an instruction."""

    registers: Float[Array, "registers lanes width"]
    numbers: Float[Array, " numbers #lanes"]
    """Of the step."""
    args: UInt32[np.ndarray | Array, "instructions operands"]
    """Of all instructions."""
    at: Int[Array, ""]
    """The index of this instruction."""


@dataclass(frozen=True)
class Opcode:
    """One operation on registers: a primitive, an idiom, or one of the machine itself."""

    name: str
    form: str
    does: Primitive | Idiom | None = None

    @property
    def entrywise(self) -> bool:
        """True if every entry of its value depends on that entry of its operands alone."""
        if self.does is None:
            return self.name != LOSS
        return isinstance(self.does, Idiom) or elementwise(self.does)


@lru_cache(maxsize=64)
def opcodes(primitives: tuple[str, ...]) -> tuple[Opcode, ...]:
    """The instruction set for programs over `primitives`, what works entry by entry first.

    A primitive with a kind that no register can hold gets no opcode, nor one that is spelled in
    others.
    """
    known = [PRIMITIVES[name] for name in sorted(set(primitives))]
    plain = [primitive for primitive in known if not primitive.spelled]
    chosen = [primitive for primitive in plain if all(map(in_register, _kinds(primitive)))]
    carried = {primitive.name for primitive in chosen}
    own = [Opcode(name, form) for name, form in _OWN]
    whole = [
        Opcode(idiom.text, form_of(idiom), idiom)
        for idiom in IDIOMS
        if idiom.pattern.primitives <= carried
    ]
    every = (*own, *whole, *(Opcode(p.name, form, p) for p in chosen for form in _forms(p)))
    return tuple(sorted(every, key=lambda op: not op.entrywise))


def words_of(primitives: Collection[str]) -> frozenset[str]:
    """`primitives` and those that they are spelled in."""
    spelled = [spelling(name) for name in primitives if PRIMITIVES[name].spelled]
    return frozenset(primitives).union(s.op for said in spelled for s in said.statements)


def in_register(kind: Kind) -> bool:
    """True if a register holds values of `kind`: they broadcast to the shape of the parameters."""
    return lifts(kind, Kind.TENSOR)


def _kinds(primitive: Primitive) -> list[Kind]:
    signature = primitive.signature
    return [kind for kind in (*signature.params, signature.result) if kind is not None]


def form_of(idiom: Idiom) -> str:
    """The form of an idiom: a letter for each operand."""
    return "".join(REGISTER if name in REGISTERS else NUMBER for name in idiom.operands)


def _forms(primitive: Primitive) -> list[str]:
    params = primitive.signature.params
    if not elementwise(primitive):
        return ["".join(EITHER if kind is Kind.GLOBAL else REGISTER for kind in params)]
    forms = [REGISTER * len(params)]
    if Kind.GLOBAL in params:
        forms.append("".join(NUMBER if kind is Kind.GLOBAL else REGISTER for kind in params))
    elif len(params) == 2:
        forms += [REGISTER + NUMBER] if primitive.commutative else ["rn", "nr"]
    return forms


def elementwise(primitive: Primitive) -> bool:
    """True if the machine applies the meaning to whole registers at once."""
    return primitive.signature.elementwise or bool(primitive.lazy)
