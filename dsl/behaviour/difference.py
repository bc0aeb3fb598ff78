"""The difference between two programs: line by line of canonical forms, and in their steps."""

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dsl.behaviour.distance import behaviour_distance
from dsl.behaviour.probe import everyday, steps
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter
from dsl.rewrite.canonical import canonical
from dsl.rewrite.family import family

_SAME = 1e-9
"""Steps that differ by less than this part of their length are the same."""


class Line(NamedTuple):
    """A line of one program or of both: `mark` is `-`, `+` or a blank."""

    mark: str
    text: str


class Steps(NamedTuple):
    """The steps of two programs on one stream, from the first on.

    `cosine` and `ratio` have a number for each step, of the entries that are finite in both, None
    where one of the two is 0 there: the cosine of the angle between both, and the length of the
    second over that of the first. `left_out` is the part of all entries that are not finite in one.
    `part` is the number of the first step that is not the same, `turn` that of the first that
    points elsewhere, from 1; None if there is none. `distance` is that of `dsl.behaviour.distance`.
    """

    cosine: tuple[float | None, ...]
    ratio: tuple[float | None, ...]
    part: int | None
    turn: int | None
    left_out: float
    distance: float


class Difference(NamedTuple):
    """The difference between two programs.

    `same_program`: of one canonical form; `same_numbers`: that would be so if hyperparameters were
    written out as numbers; `same_family`: they differ in numbers alone at most.
    `lines` are those of both canonical forms, the changed ones marked.
    """

    same_program: bool
    same_numbers: bool
    same_family: bool
    lines: tuple[Line, ...]
    behaviour: Steps

    def to_json(self) -> dict[str, Any]:
        """Plain data, numbers to twelve digits."""
        told = self.behaviour

        def rounded(values: tuple[float | None, ...]) -> list[float | None]:
            return [None if value is None else float(f"{value:.12g}") for value in values]

        return {
            "same_program": self.same_program,
            "same_numbers": self.same_numbers,
            "same_family": self.same_family,
            "lines": [{"mark": line.mark, "text": line.text} for line in self.lines],
            "behaviour": {
                "cosine": rounded(told.cosine),
                "ratio": rounded(told.ratio),
                "first_step_apart": told.part,
                "first_step_elsewhere": told.turn,
                "left_out": float(f"{told.left_out:.12g}"),
                "distance": float(f"{told.distance:.12g}"),
            },
        }


def difference(one: Program, other: Program) -> Difference:
    """The difference between two programs, with their hyperparameters at the defaults."""
    first, second = canonical(one), canonical(other)
    return Difference(
        same_program=first == second,
        same_numbers=_in_numbers(one) == _in_numbers(other),
        same_family=family(one) == family(other),
        lines=tuple(_lines(first, second)),
        behaviour=_compared(one, other),
    )


def _in_numbers(program: Program) -> Program:
    """The canonical form with numbers for hyperparameters, but for those that slots start from."""
    hypers = program.hyperparameters
    left = {name: value for name, value in hypers.items() if name in program.starts_from}
    given: dict[Arg, Arg] = {Name(at): Const(hypers[at]) for at in hypers if at not in left}
    written = Rewriter(program, given)
    written.copy()
    return canonical(written.finish(hyperparameters=left))


def _lines(one: Program, other: Program) -> list[Line]:
    """The lines of both, those that they share once.

    A statement is the same where it does the same with what is called the same or made by the same
    primitive: so a change shows where it is, and not in all that reads it.
    """
    shown, keys = zip(*(_spelled(program) for program in (one, other)), strict=True)
    found: list[Line] = []
    for tag, a, b, c, d in _aligned(keys[0], keys[1]):
        if tag == "equal":
            found += [Line(" ", text) for text in shown[1][c:d]]
            continue
        before, after = shown[0][a:b], shown[1][c:d]
        for inner, i, j, k, m in _aligned(before, after):
            if inner == "equal":
                found += [Line(" ", text) for text in after[k:m]]
            else:
                found += [Line("-", text) for text in before[i:j]]
                found += [Line("+", text) for text in after[k:m]]
    return found


def _aligned(one: list[str], other: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes()


def _spelled(program: Program) -> tuple[list[str], list[str]]:
    """The lines of a program, a statement each, and what they are known by."""
    names = {Local(at): each.name or f"x{at}" for at, each in enumerate(program.statements)}

    def word(arg: Arg) -> str:
        if isinstance(arg, Const):
            return format_number(arg.value)
        return names[arg] if isinstance(arg, Local) else arg.id

    def kind(arg: Arg) -> str:
        return program.statements[arg.index].op if isinstance(arg, Local) else word(arg)

    head = [f"input {name}" for name in program.inputs]
    head += [f"slot {name} = {init}" for name, init in program.slots.items()]
    hypers = program.hyperparameters.items()
    head += [f"hyperparameter {name} = {format_number(value)}" for name, value in hypers]
    shown, keys = list(head), list(head)
    slots = {arg: slot for slot, arg in program.next_values.items()}
    for at, each in enumerate(program.statements):
        shown.append(f"{names[Local(at)]} = {_call(each, list(map(word, each.args)))}")
        keys.append(f"{slots.get(Local(at), '')} = {_call(each, list(map(kind, each.args)))}")
    for slot, arg in program.next_values.items():
        if not isinstance(arg, Local) or names[arg] != slot:
            shown.append(f"{slot} = {word(arg)}")
            keys.append(f"{slot} = {kind(arg)}")
    for lines, of in (shown, word), (keys, kind):
        lines.append(f"return {', '.join(map(of, program.returned))}")
    return shown, keys


def _call(statement: Statement, words: list[str]) -> str:
    infix = PRIMITIVES[statement.op].infix
    if infix is None:
        return f"{statement.op}({', '.join(words)})"
    return f"{infix.symbol}{words[0]}" if len(words) == 1 else f" {infix.symbol} ".join(words)


def _compared(one: Program, other: Program) -> Steps:
    """The steps of two programs beside one another."""
    runs = zip(steps(one, everyday()), steps(other, everyday()), strict=True)
    cosines: list[float | None] = []
    ratios: list[float | None] = []
    left_out: list[float] = []
    part = turn = None
    for at, (x, y) in enumerate(runs, start=1):
        alike = (np.isfinite(x) == np.isfinite(y)).all()
        both = np.isfinite(x) & np.isfinite(y)
        left_out.append(1 - float(np.mean(both)))
        x, y = np.where(both, x, 0.0), np.where(both, y, 0.0)
        sizes = float(np.linalg.norm(x)), float(np.linalg.norm(y))
        fine = np.isfinite(sizes).all() and min(sizes) > 0
        cosines.append(float(x / sizes[0] @ (y / sizes[1])) if fine else None)
        ratios.append(sizes[1] / sizes[0] if fine else None)
        limit = _SAME * max(size if np.isfinite(size) else 0.0 for size in sizes)
        if part is None and (not alike or np.linalg.norm(x - y) > limit):
            part = at
        cosine = cosines[-1]
        if turn is None and cosine is not None and cosine < 1 - _SAME:
            turn = at
    distance = behaviour_distance(one, other)
    return Steps(tuple(cosines), tuple(ratios), part, turn, float(np.mean(left_out)), distance)
