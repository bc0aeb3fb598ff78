"""The family of a program: its skeleton, which is left when its numbers are taken away.

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
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from dsl.identity import hashed
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import needed
from dsl.rewrite.canonical import canonical
from dsl.rewrite.precomputed import known_from

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
    """Nodes by number: their labels, what they read, and what reads them."""

    labels: list[str]
    reads: list[Edges]
    read_by: list[Edges]


def _skeleton(program: Program) -> _Graph:
    """Nodes for all numbers, the step, and the inputs, slots and statements that the step needs."""
    numbers = known_from(program, program.hyperparameters)
    roots = list(_factors(program, numbers))
    edges: dict[Arg, list[tuple[int, Arg]]] = {}

    def follow(arg: Arg) -> list[Arg]:
        edges[arg] = _edges(program, arg)
        return [each for _, each in edges[arg] if not _is_number(each, program, numbers)]

    nodes = needed(program, [arg for _, arg in roots], follow)
    place = {arg: index for index, arg in enumerate(nodes, start=2)}
    labels = ["number", "step", *(_label(program, arg) for arg in nodes)]
    graph = _Graph(labels, [[] for _ in labels], [[] for _ in labels])
    for reader, read in ((1, roots), *((place[arg], edges[arg]) for arg in nodes)):
        for at, arg in read:
            node = place.get(arg, _NUMBER)
            graph.reads[reader].append((at, node))
            if node != _NUMBER:
                graph.read_by[node].append((at, reader))
    return graph


def _edges(program: Program, arg: Arg) -> list[tuple[int, Arg]]:
    """The edges from a node: to the arguments of a statement, to the next value of a slot."""
    if isinstance(arg, Local):
        statement = program.statements[arg.index]
        swap = PRIMITIVES[statement.op].commutative
        args = enumerate(statement.args)
        return [(0 if swap and position < 2 else position, each) for position, each in args]
    if isinstance(arg, Name) and arg.id in program.slots:
        return [(0, program.next_values[arg.id])]
    return []


def _label(program: Program, arg: Arg) -> str:
    """A node in words, without numbers."""
    match arg:
        case Local(index):
            return program.statements[index].op
        case Name(id) if id in program.slots:
            start = program.slots[id].rule
            return f"slot of {_AT_A_NUMBER.get(start, start)}"
        case Name(id):
            return id
    raise AssertionError(arg)


def _factors(program: Program, numbers: Collection[int]) -> Iterator[tuple[int, Arg]]:
    """The factors of the step that are no numbers, as pairs (power, factor); the power is negative
    where the step is divided by the factor."""
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


def _is_number(arg: Arg, program: Program, numbers: Collection[int]) -> bool:
    if isinstance(arg, Local):
        return arg.index in numbers
    return isinstance(arg, Const) or arg.id in program.hyperparameters
