"""Changes that go by a prior: what known rules do to a value that was made like this one."""

from collections.abc import Mapping

import numpy as np

from dsl.language.kinds import Kind, lifts
from dsl.program import Arg, Local, Name
from search.mutation.arguments import arg_text, call_text, drawn_argument, drawn_arguments
from search.mutation.change import SearchSpace, change
from search.mutation.editor import Editor
from search.mutation.prior import Hole, MacroArg, OwnSlot, Prior, maker_of
from search.mutation.sampling import pick


def insert_as_known(
    editor: Editor, rng: np.random.Generator, space: SearchSpace, prior: Prior, at: int
) -> str | None:
    """A new statement between a tensor and its later readers, as often of each primitive as known
    rules apply it to a value so made."""
    read = editor.read_from(at)
    values = [arg for arg in editor.visible(at, Kind.TENSOR, exactly=True) if arg in read]
    if not values:
        return None
    over = pick(rng, values)
    known = prior.after(maker_of(editor.slots, [each.op for each in editor.statements], over))
    if known is None:
        return None
    op = known.draw(rng)
    args = drawn_arguments(editor, rng, at, op)
    wanted, kind = op.signature.bind(tuple(map(editor.kind_of, args)))
    fitting = [place for place, want in enumerate(wanted) if lifts(Kind.TENSOR, want)]
    if kind is Kind.GLOBAL or not lifts(kind, Kind.TENSOR) or not fitting:
        return None
    args[pick(rng, fitting)] = over
    editor.insert(at, op.name, tuple(args), over)
    return f"%{at} = {call_text(op.name, args)} for {arg_text(over)}, as in known rules"


@change(weight=0.5, informed=True)
def macro(editor: Editor, rng: np.random.Generator, space: SearchSpace) -> str | None:
    """A few statements that several known rules have, between a tensor and its later readers."""
    assert space.prior is not None
    if not space.prior.macros:
        return None
    made = space.prior.macros.draw(rng)
    if len(editor.statements) + len(made.statements) > space.statements:
        return None
    if len(editor.slots) + len(made.slots) > space.slots:
        return None
    at = int(rng.integers(len(editor.statements) + 1))
    read = editor.read_from(at)
    values = [arg for arg in editor.visible(at, Kind.TENSOR, exactly=True) if arg in read]
    holes = sorted({arg for _, args in made.statements for arg in args if isinstance(arg, Hole)})
    open_to = [hole for hole in holes if hole.kind is Kind.TENSOR]
    if not values or not open_to:
        return None
    over, first = pick(rng, values), pick(rng, open_to)
    filled: dict[Hole | OwnSlot, Arg] = {
        hole: over if hole is first else drawn_argument(editor, rng, at, hole.kind)
        for hole in holes
    }
    names = editor.fresh_slots(len(made.slots))
    for number, (name, (init, _)) in enumerate(zip(names, made.slots, strict=True)):
        filled[OwnSlot(number)] = Name(name)
        editor.add_slot(name, init, Name(name))
    last = len(made.statements) - 1
    for offset, (op, args) in enumerate(made.statements):
        placed = tuple(_placed(arg, at, filled) for arg in args)
        editor.insert(at + offset, op, placed, over if offset == last else None)
    for name, (_, place) in zip(names, made.slots, strict=True):
        editor.replace_next_value(name, Local(at + place))
    return f"%{at} = {made} on {arg_text(over)}"


def _placed(arg: MacroArg, at: int, filled: Mapping[Hole | OwnSlot, Arg]) -> Arg:
    """An argument of a macro that is inserted before statement `at`."""
    if isinstance(arg, Hole | OwnSlot):
        return filled[arg]
    return Local(at + arg.index) if isinstance(arg, Local) else arg
