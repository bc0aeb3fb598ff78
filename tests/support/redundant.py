"""Programs with statements that change nothing put in, in many ways.

`redundant(program, count, rng)` adds at least `count` statements, one spelling of a value after
another: `x + 0`, `-(-x)`, `(x + y) - y`, `sign(x) * abs(x)`, a second slot that holds twice what
the first does.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Read, Rewriter, needed, readers, within_step

Write = Callable[..., Arg]
"""Writes a statement, `write(op, *args)`, and gives its value."""


def same(write: Write, x: Arg, y: Arg, c: float, which: str) -> Arg:
    """Another spelling of `x`; `y` is any value of its kind, `c` a positive number."""
    number, half = Const(c), Const(0.5)
    spellings: dict[str, Callable[[], Arg]] = {
        "times one": lambda: write("mul", x, Const(1.0)),
        "over one": lambda: write("div", x, Const(1.0)),
        "plus zero": lambda: write("add", Const(0.0), x),
        "less zero": lambda: write("sub", x, Const(0.0)),
        "minus minus": lambda: write("neg", write("neg", x)),
        "there and back": lambda: write("sub", write("add", x, y), y),
        "back and there": lambda: write("add", y, write("sub", x, y)),
        "up and down": lambda: write("div", write("mul", number, x), number),
        "down and up": lambda: write("mul", write("div", x, number), number),
        "half of two": lambda: write("mul", half, write("add", x, x)),
        "twice less once": lambda: write("sub", write("mul", Const(2.0), x), x),
        "plus nothing": lambda: write("add", x, write("mul", y, Const(0.0))),
        "plus a difference": lambda: write("add", x, write("sub", y, y)),
        "average": lambda: write("interp", x, x, half),
        "end": lambda: write("interp", y, x, Const(1.0)),
        "other end": lambda: write("interp", x, y, Const(0.0)),
        "average of two": lambda: write("interp", write("add", x, y), write("sub", x, y), half),
        "larger": lambda: write("maximum", x, x),
        "smaller": lambda: write("minimum", x, x),
        "absorbed": lambda: write("maximum", x, write("minimum", x, y)),
        "choice": lambda: write("where", write("greater", y, Const(0.0)), x, x),
        "known choice": lambda: write("when", Const(1.0), x, y),
        "sign and size": lambda: write("mul", write("sign", x), write("abs", x)),
        "root of a cube": lambda: write("cbrt", write("cube", x)),
        "cube of a root": lambda: write("cube", write("cbrt", x)),
        "sinh": lambda: write("arcsinh", write("sinh", write("mul", x, Const(0.0)))),
        "power": lambda: write("power", x, Const(1.0)),
        "arctan": lambda: write("tan", write("arctan", x)),
    }
    if which == "sinh":
        return write("add", x, spellings["sinh"]())
    return spellings[which]()


SPELLINGS = (
    "times one", "over one", "plus zero", "less zero", "minus minus", "there and back",
    "back and there", "up and down", "down and up", "half of two", "twice less once",
    "plus nothing",
    "plus a difference", "average", "end", "other end", "average of two", "larger", "smaller",
    "absorbed", "choice", "known choice", "sign and size", "root of a cube", "cube of a root",
    "sinh",
    "power", "arctan",
)  # fmt: skip
_SUMS = ("there and back", "back and there", "average of two")
_SLOTS = ("twin", "multiple", "dead")


def redundant(program: Program, count: int, rng: np.random.Generator) -> Program:
    """The program with at least `count` statements more, which change nothing but rounding."""
    wanted = len(program.statements) + count
    while len(program.statements) < wanted:
        if rng.random() < 0.1:
            program = _with_a_slot(program, str(rng.choice(_SLOTS)), rng)
        elif rng.random() < 0.1:
            program = _with_a_dead_statement(program, rng)
        else:
            program = _with_a_spelling(program, str(rng.choice(SPELLINGS)), rng)
    return program


def _with_a_spelling(program: Program, which: str, rng: np.random.Generator) -> Program:
    """One value written in another way for some of those that read it."""
    read = _readers(program)
    values = list(read)
    x = values[int(rng.integers(len(values)))]
    kind = program.kind_of(x)
    if kind not in (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL):
        return program
    first = x.index + 1 if isinstance(x, Local) else 0
    places = read[x]
    chosen = [place for place in places if rng.random() < 0.7] or places[:1]
    last = min(place.by for place in chosen)
    at = int(rng.integers(first, last + 1))
    earlier = [*map(Name, program.name_kinds), *map(Local, range(at))]
    alike: list[Arg] = [arg for arg in earlier if program.kind_of(arg) is kind]
    if which in _SUMS:  # what is much larger than `x` would leave nothing of it
        alike = [arg for arg in alike if isinstance(arg, Name) and kind is Kind.TENSOR] or [x]
    y = alike[int(rng.integers(len(alike)))]
    written = Rewriter(program)
    written.copy(range(at))

    def write(op: str, *args: Arg) -> Arg:
        return written.put(op, *map(written.moved, args))

    c = float(np.round(rng.uniform(0.2, 5), 2))
    made = same(write, x, y, c, which)
    for by in range(at, len(program.statements)):
        statement = program.statements[by]
        args = [
            made if (by, place) in {(p.by, p.at) for p in chosen} else written.moved(arg)
            for place, arg in enumerate(statement.args)
        ]
        written.place[Local(by)] = written.put(statement.op, *args, name=statement.name)
    ends = {p.at for p in chosen if p.by == len(program.statements)}
    nexts, result = written.finish().next_values, written.finish().result
    outputs = [*nexts.values(), result]
    outputs = [made if at in ends else arg for at, arg in enumerate(outputs)]
    return written.finish(
        next_values=dict(zip(nexts, outputs[:-1], strict=True)), result=outputs[-1]
    )


def _readers(program: Program) -> dict[Arg, list[Read]]:
    """The places that read each name and value, but for those that count in whole numbers: a step
    more or less is no matter of rounding there."""
    counts = {by for by, statement in enumerate(program.statements) if statement.op == "every"}
    found = {
        arg: [place for place in places if place.by not in counts]
        for arg, places in readers(program).items()
        if not isinstance(arg, Const)
    }
    return {arg: places for arg, places in found.items() if places}


def _with_a_dead_statement(program: Program, rng: np.random.Generator) -> Program:
    """A statement that nothing reads."""
    at = int(rng.integers(len(program.statements) + 1))
    op = str(rng.choice(["cosh", "sign", "tanh", "square"]))
    written = Rewriter(program)
    written.copy(range(at))
    written.put(op, Local(at - 1) if at else Name("g"))
    written.copy(range(at, len(program.statements)))
    return written.finish()


def _with_a_slot(program: Program, which: str, rng: np.random.Generator) -> Program:
    """One more slot: as another one, a multiple of it, or one that nothing but itself reads."""
    slots = [name for name, init in program.slots.items() if init.rule == "zeros"]
    if not slots:
        return program
    slot = str(rng.choice(slots))
    name = next(f"extra{i}" for i in range(99) if f"extra{i}" not in program.name_kinds)
    value = program.next_values[slot]
    if which == "dead":
        op = "add"
        made = replace(
            program, statements=(*program.statements, Statement(op, (Name("g"), Name("g"))))
        )
        added = Local(len(program.statements))
        nexts = {**program.next_values, name: added}
        return replace(made, slots={**program.slots, name: Init("zeros")}, next_values=nexts)
    written = Rewriter(program)
    factor = 1.0 if which == "twin" else float(rng.choice([2.0, -1.0, 0.5, 3.0]))
    inside = within_step(program)
    if value == Name(slot) or Name(slot) not in needed(program, [value], inside):
        return program
    written.copy()
    multiple = written.put("mul", Const(factor), written.moved(value))
    body = written.finish(
        slots={**program.slots, name: Init("zeros")},
        next_values={**program.next_values, name: multiple},
    )
    # Some of the readers of the slot read the other one instead.
    read = [place for place in readers(body).get(Name(slot), []) if place.by < len(body.statements)]
    some = {place for place in read if rng.random() < 0.5}
    again = Rewriter(body)
    stand_in: Arg = Name(name)
    if factor != 1:
        stand_in = again.put("div", Name(name), Const(factor))
    for by, statement in enumerate(body.statements):
        args = [
            stand_in if any((p.by, p.at) == (by, at) for p in some) else again.moved(arg)
            for at, arg in enumerate(statement.args)
        ]
        again.place[Local(by)] = again.put(statement.op, *args, name=statement.name)
    return again.finish()
