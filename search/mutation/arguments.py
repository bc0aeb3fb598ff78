"""Arguments of the statements that changes make: values of the program that fit, or numbers."""

from collections.abc import Sequence

import numpy as np

from dsl.language.kinds import Kind, lifts
from dsl.language.registry import Primitive
from dsl.program import Arg, Const, Local, Name
from search.mutation.change import NothingFits
from search.mutation.editor import Editor
from search.mutation.sampling import chance, common_kind, fresh_constant, pick

_NUMBER = 0.5
"""The share of numbers where a Global is wanted: there are few Globals to read."""
_SELDOM_READ, _SELDOM = ("T", "loss"), 0.1
"""A Global read is one of these inputs this often, whether the program reads them yet
or not: the horizon suits few rules, and the loss is a pass over the batch."""
_REDUCED = 0.25
"""The chance of numbers per row, column or tensor, if there are any, where a Tensor is wanted."""


def drawn_arguments(editor: Editor, rng: np.random.Generator, at: int, op: Primitive) -> list[Arg]:
    """Arguments for `op` before statement `at`; not all of them numbers, if there is a value."""
    free = common_kind(rng)
    wanted = [kind or free for kind in op.signature.params]
    args = [drawn_argument(editor, rng, at, kind) for kind in wanted]
    if all(isinstance(arg, Const) for arg in args):
        position = int(rng.integers(len(args)))
        values = editor.visible(at, wanted[position])
        args[position] = pick(rng, values) if values else args[position]
    return args


def drawn_argument(editor: Editor, rng: np.random.Generator, at: int, wanted: Kind) -> Arg:
    """A name, earlier value or number that fits; a number only where a Global is wanted."""
    if wanted is Kind.GLOBAL:
        if chance(rng, _NUMBER):
            return Const(fresh_constant(rng))
        if chance(rng, _SELDOM):
            return Name(pick(rng, _SELDOM_READ))
    if wanted is Kind.TENSOR:
        return pick(rng, tensors_at(editor, rng, at))
    fitting = editor.visible(at, wanted, exactly=True) or editor.visible(at, wanted)
    return pick(rng, fitting) if fitting else number_for(wanted, fresh_constant(rng))


def number_for(wanted: Kind, value: float) -> Const:
    """A number where no value fits; NothingFits where none can stand."""
    if not lifts(Kind.GLOBAL, wanted):
        raise NothingFits
    return Const(value)


def tensors_at(editor: Editor, rng: np.random.Generator, at: int) -> list[Arg]:
    """The Tensors that statement `at` may read, or numbers per row, column or tensor."""
    if chance(rng, _REDUCED):
        lifting = editor.visible(at, Kind.TENSOR)
        whole = (Kind.TENSOR, Kind.GLOBAL)
        reduced = [arg for arg in lifting if editor.kind_of(arg) not in whole]
        if reduced:
            return reduced
    return editor.visible(at, Kind.TENSOR, exactly=True)


def call_text(op: str, args: Sequence[Arg]) -> str:
    """A call for people."""
    return f"{op}({', '.join(map(arg_text, args))})"


def arg_text(arg: Arg) -> str:
    """An argument for people."""
    match arg:
        case Name(id):
            return id
        case Const(value):
            return f"{value:g}"
        case Local(index):
            return f"%{index}"
