"""The family of a program: what is left of it when its numbers are taken away.

Two programs are of one family when one becomes the other by changing constants, defaults of
hyperparameters, numbers that slots start at, and the scale of the whole step. A hyperparameter is
as good as a number, and so is whatever is computed of numbers alone (`1 - b1`). A search tunes a
family once.

Numbers go after the canonical form is made, so values that the program computes apart stay apart:
Lion reads its momentum through two averages and is of another family than the sign of one. It
becomes that one when both constants are written out and equal, as its canonical form does.

The skeleton is a graph, with cycles through the slots. Its key comes from colour refinement
(Weisfeiler and Leman 1968, "The reduction of a graph to canonical form"): nodes are told apart by
what they are, then again and again by what they read and what reads them, until nothing splits.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from dsl.identity import hashed
from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.rewrite.canonical import canonical

Edges = list[tuple[int, int]]
"""Pairs (position, node); positions that may swap are equal."""

Around = tuple[tuple[int, int], ...]
"""The same with the colours of the nodes, sorted."""

_NUMBER = 0
"""The node of all numbers. It knows nothing of who reads it: numbers are not told apart."""
_AT_A_NUMBER = {"zeros": "const", "ones": "const"}
"""Initialisers that are another one at a certain number."""


@lru_cache(maxsize=16384)
def family(program: Program) -> str:
    """Hex digest (16 digits) of the skeleton; equal for programs that differ in numbers only; see
    `dsl.identity`."""
    graph = _skeleton(canonical(program))
    names = sorted(set(graph.labels))
    colours = [names.index(label) for label in graph.labels]
    rounds = [", ".join(names)]
    classes = 0
    while True:
        seen = [
            (colour, _around(reads, colours), _around(read_by, colours))
            for colour, reads, read_by in zip(colours, graph.reads, graph.read_by, strict=True)
        ]
        met = sorted(seen)
        rounds.append(" ".join(map(_seen_text, met)))
        rank = {what: index for index, what in enumerate(dict.fromkeys(met))}
        if len(rank) == classes:
            return hashed("family", "\n".join(rounds))
        classes = len(rank)
        colours = [rank[what] for what in seen]


def _seen_text(seen: tuple[int, Around, Around]) -> str:
    """A node as refinement sees it: `2(0.1 1.3)(0.5)` has colour 2, reads 1 and 3, is read by 5."""
    colour, *sides = seen
    return str(colour) + "".join(
        f"({' '.join(f'{at}.{other}' for at, other in side)})" for side in sides
    )


def _around(edges: Edges, colours: list[int]) -> Around:
    return tuple(sorted((at, colours[node]) for at, node in edges))


class _Graph(NamedTuple):
    """What each node is, reads, and is read by."""

    labels: list[str]
    reads: list[Edges]
    read_by: list[Edges]


def _skeleton(program: Program) -> _Graph:
    """Nodes for all numbers, the step, and the inputs, slots and statements that the step needs."""
    numbers = _numbers(program)
    updates = dict(zip(program.slots, program.updates, strict=True))
    graph = _Graph(["number", "step"], [[], []], [[], []])
    place: dict[Arg, int] = {}
    stack: list[tuple[int, int, Arg]] = [(1, *each) for each in _factors(program, numbers)]
    while stack:
        reader, at, arg = stack.pop()
        if _is_number(arg, program, numbers):
            graph.reads[reader].append((at, _NUMBER))
            continue
        if arg not in place:
            place[arg] = node = len(graph.labels)
            graph.reads.append([])
            graph.read_by.append([])
            match arg:
                case Local(index):
                    statement = program.statements[index]
                    graph.labels.append(statement.op)
                    swap = PRIMITIVES[statement.op].commutative
                    stack += [
                        (node, 0 if swap and position < 2 else position, each)
                        for position, each in enumerate(statement.args)
                    ]
                case Name(id):
                    graph.labels.append(_start(program.slots[id]) if id in updates else id)
                    stack += [(node, 0, updates[id])] if id in updates else []
        graph.reads[reader].append((at, place[arg]))
        graph.read_by[place[arg]].append((at, reader))
    return graph


def _factors(program: Program, numbers: list[bool]) -> Iterator[tuple[int, Arg]]:
    """What the step is a product of, numbers aside: pairs (how often, factor), negative where it is
    divided by it."""
    powers = Counter({(program.result, 1): 1})
    for index in reversed(range(len(program.statements))):  # readers before what they read
        statement = program.statements[index]
        if statement.op not in ("mul", "div", "neg"):
            continue
        for sign in (1, -1):
            count = powers.pop((Local(index), sign), 0)
            for position, arg in enumerate(statement.args if count else ()):
                turned = statement.op == "div" and position == 1
                powers[arg, -sign if turned else sign] += count
    for (arg, sign), count in powers.items():
        if not _is_number(arg, program, numbers):
            yield sign * count, arg


def _numbers(program: Program) -> list[bool]:
    """Which statements compute a number of numbers alone."""
    found: list[bool] = []
    for statement, kind in zip(program.statements, program.kinds, strict=True):
        alone = all(_is_number(arg, program, found) for arg in statement.args)
        apart = PRIMITIVES[statement.op].scope is Scope.STEP
        found.append(alone and kind is Kind.GLOBAL and not apart)
    return found


def _is_number(arg: Arg, program: Program, numbers: list[bool]) -> bool:
    match arg:
        case Const():
            return True
        case Name(id):
            return id in program.hyperparameters
        case Local(index):
            return numbers[index]


def _start(init: Init) -> str:
    """How a slot starts, without numbers."""
    return f"slot of {_AT_A_NUMBER.get(init.rule, init.rule)}"
