"""The family of a program: its skeleton, which is left when its numbers are taken away.

Two programs are of one family when one becomes the other by changing constants, defaults of
hyperparameters, numbers that slots start at, and the scale of the whole step. A hyperparameter is
as good as a number, and so is whatever is computed of numbers alone (`1 - b1`). A search tunes a
family once.

Numbers go after the canonical form is made, so values that the program computes apart stay apart:
Lion reads its momentum through two averages and is of another family than the sign of one. It
becomes that one when both constants are written out and equal, as its canonical form does.

The point of evaluation, where a rule has one, is a node that reads the value of the point.

The skeleton is a graph, with cycles through the slots. Its key comes from colour refinement
(Weisfeiler and Leman 1968, "The reduction of a graph to canonical form"): nodes are told apart by
what they are, then again and again by what they read and what reads them, until nothing splits.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from dsl.identity import hashed
from dsl.language.initialisers import INITIALISERS
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program
from dsl.rewrite.canonical import canonical
from dsl.rewrite.precomputed import known_from

Edges = list[tuple[int, int]]
"""Pairs (position, node), the position times `_POSITION`; positions that may swap are equal."""

Around = tuple[int, ...]
"""The same as sums of position and colour of the node, sorted."""

_POSITION = 1 << 20
"""More than there are colours."""
_NUMBER, _STEP, _POINT = 0, 1, 2
"""The node of all numbers, which knows nothing of who reads it: numbers are not told apart. The
node of the step, which reads its factors. That of the point, where there is one."""
_PRODUCTS = ("mul", "div", "neg")


@lru_cache(maxsize=16384)
def family(program: Program) -> str:
    """Hex digest (16 digits) of the skeleton; equal for programs that differ in numbers only; see
    `dsl.identity`."""
    graph = _Skeleton(canonical(program))
    names = {name: index for index, name in enumerate(sorted(set(graph.labels)))}
    colours = [names[label] for label in graph.labels]
    rounds = [", ".join(names)]
    edges, spans = graph.edges()
    classes = 0
    while True:
        around = [at + colours[node] for at, node in edges]
        seen: list[tuple[int, Around, Around]] = [
            (colour, tuple(sorted(around[first:middle])), tuple(sorted(around[middle:last])))
            for colour, (first, middle, last) in zip(colours, spans, strict=True)
        ]
        met = sorted(seen)
        rounds.append(" ".join([f"{own}{_text(reads)}{_text(by)}" for own, reads, by in met]))
        rank = {what: index for index, what in enumerate(dict.fromkeys(met))}
        if len(rank) == classes:
            return hashed("family", "\n".join(rounds))
        classes = len(rank)
        colours = [rank[what] for what in seen]


@lru_cache(maxsize=16384)
def _text(side: Around) -> str:
    """The nodes around a node: `(0.1 1.3)` for colour 1 at position 0 and 3 at 1."""
    return f"({' '.join([f'{each // _POSITION}.{each % _POSITION}' for each in side])})"


class _Skeleton:
    """The graph of a program without its numbers: nodes for all numbers, for the step, and for the
    inputs, slots and statements that the step needs.

    `labels`, `reads` and `read_by` have an entry for each node.
    """

    def __init__(self, program: Program):
        self.labels = ["number", "step", *(["point"] if program.point else [])]
        self.reads: list[Edges] = [[] for _ in self.labels]
        self.read_by: list[Edges] = [[] for _ in self.labels]
        first = len(self.labels)
        numbers = known_from(program, program.hyperparameters)
        known = [*map(Name, program.hyperparameters), *map(Local, numbers)]
        self._nodes: dict[Arg, int] = dict.fromkeys(known, _NUMBER)
        self._met: list[Arg] = []
        factors = [(at, arg) for at, arg in _factors(program) if self._node(arg) != _NUMBER]
        self._connect(_STEP, factors)
        if program.point:
            self._connect(_POINT, [(0, program.point)])
        for node, arg in enumerate(self._met, start=first):  # which grows as they are met
            self.labels.append(_label(program, arg))
            self._connect(node, _edges(program, arg))

    def edges(self) -> tuple[Edges, list[tuple[int, int, int]]]:
        """The edges of all nodes, one node after the other; of each node where those of what it
        reads begin, where those of what reads it begin, and where they end."""
        edges: Edges = []
        spans = []
        for reads, read_by in zip(self.reads, self.read_by, strict=True):
            first, middle = len(edges), len(edges) + len(reads)
            edges += reads
            edges += read_by
            spans.append((first, middle, len(edges)))
        return edges, spans

    def _connect(self, reader: int, edges: Iterable[tuple[int, Arg]]) -> None:
        for at, arg in edges:
            node = self._node(arg)
            self.reads[reader].append((at * _POSITION, node))
            if node != _NUMBER:
                self.read_by[node].append((at * _POSITION, reader))

    def _node(self, arg: Arg) -> int:
        """The node of an argument, a new one if it is met for the first time."""
        if isinstance(arg, Const):
            return _NUMBER
        node = self._nodes.get(arg)
        if node is None:
            node = self._nodes[arg] = len(self.reads)
            self._met.append(arg)
            self.reads.append([])
            self.read_by.append([])
        return node


def _edges(program: Program, arg: Arg) -> list[tuple[int, Arg]]:
    """The edges from a node: to the arguments of a statement, to the next value of a slot."""
    if isinstance(arg, Local):
        statement = program.statements[arg.index]
        edges = list(enumerate(statement.args))
        if PRIMITIVES[statement.op].commutative:
            edges[1] = 0, statement.args[1]
        return edges
    if isinstance(arg, Name) and arg.id in program.slots:
        return [(0, program.next_values[arg.id])]
    return []


def _label(program: Program, arg: Arg) -> str:
    """A node in words, without numbers."""
    match arg:
        case Local(index):
            return program.statements[index].op
        case Name(id) if id in program.slots:
            return f"slot of {INITIALISERS[program.slots[id].rule].general}"
        case Name(id):
            return id
    raise AssertionError(arg)


def _factors(program: Program) -> Iterator[tuple[int, Arg]]:
    """The factors of the step as pairs (power, factor), numbers among them; the power is negative
    where the step is divided by the factor."""
    powers: dict[tuple[Arg, int], int] = {(program.result, 1): 1}
    for index in reversed(range(len(program.statements))):  # readers before what they read
        statement = program.statements[index]
        for sign in (1, -1) if statement.op in _PRODUCTS else ():
            count = powers.pop((Local(index), sign), 0)
            for position, arg in enumerate(statement.args if count else ()):
                turned = statement.op == "div" and position == 1
                factor = arg, -sign if turned else sign
                powers[factor] = powers.get(factor, 0) + count
    for (arg, sign), count in powers.items():
        yield sign * count, arg
