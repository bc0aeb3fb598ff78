"""Slots that hold less than what was computed, as in optimizers with a state of eight bits."""

from collections.abc import Collection
from dataclasses import replace

from dsl.combine.combinator import check_numbers
from dsl.combine.graph import store
from dsl.errors import UnknownName, did_you_mean
from dsl.language.hyperparameters import Hyper
from dsl.language.kinds import Kind
from dsl.ops import quantized, sum, where, zeros
from dsl.program import Program
from dsl.program.trace import program as trace

NUMBERS = {
    "block": Hyper("entries that share a scale", 1, whole=True),
    "least": Hyper("tensors with fewer entries are held in full", whole=True),
}


@trace
def _signed(s=zeros, *, block=256, least=4096):
    return where(sum(1) < least, s, quantized(s, 1, block))


@trace
def _unsigned(s=zeros, *, block=256, least=4096):
    return where(sum(1) < least, s, quantized(s, 0, block))


def in_eight_bits(program: Program, *, unsigned: Collection[str] = (), **numbers: float) -> Program:
    """The program with what its Tensor slots lose in eight bits (Dettmers et al. 2022).

    A step is computed from the slots as they were held and from new values in full; these lose
    their bits on the way to the next step. How a slot starts is not rounded.

    **Arguments:** `unsigned`: slots that are never negative, which are held more finely so.
    `numbers`: defaults of two hyperparameters that the program gets: `block`, the entries that
    share a scale, 256 as now in the authors' library (2048 in the paper), and `least`: tensors with
    fewer entries are held in full, as there those below 4096.
    """
    for slot in unsigned:
        if slot not in program.slots:
            raise UnknownName(
                f"'{program.name}' has no slot '{slot}'{did_you_mean(slot, program.slots)}"
            )
    own = program
    check_numbers("in_eight_bits", NUMBERS, numbers)
    for slot, init in own.slots.items():
        if init.kind is Kind.TENSOR:
            plain = (_unsigned if slot in unsigned else _signed).with_hyperparameters(**numbers)
            piece = replace(plain, meanings=NUMBERS)
            program = store(program, slot, piece, "s", tuple(NUMBERS))
    return program
