"""A program as a graph in the DOT language of Graphviz.

Boxes are inputs, cylinders slots, ellipses primitives; hyperparameters and numbers stand bare. An
edge carries the name of the argument where the order of arguments matters, a dashed one goes to a
slot from its next value.
"""

from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program
from dsl.rewrite.prune import prune


def to_graph(program: Program) -> str:
    """The rule as a DOT `digraph`; its live part only."""
    program = prune(program)
    drawing = _Drawing(program)
    lines = [
        f'digraph "{program.name}" {{',
        '  rankdir=LR; node [fontname="Helvetica"]; edge [fontname="Helvetica", fontsize=10];',
        *drawing.lines(),
        "}",
    ]
    return "\n".join(lines) + "\n"


class _Drawing:
    def __init__(self, program: Program):
        self.program = program
        self.nodes: dict[str, str] = {}
        self.edges: list[str] = []

    def lines(self) -> list[str]:
        program = self.program
        for index, statement in enumerate(program.statements):
            primitive = PRIMITIVES[statement.op]
            symbol = primitive.infix.symbol if primitive.infix else statement.op
            label = f"{statement.name} = {symbol}" if statement.name else symbol
            self.node(f"s{index}", f'label="{label}"')
            ordered = len(statement.args) > 1 and not primitive.commutative
            for position, (arg, param) in enumerate(
                zip(statement.args, primitive.params, strict=True)
            ):
                note = f'label="{param}"' if ordered else ""
                self.edge(self.source(arg, f"s{index}_{position}"), f"s{index}", note)
        self.node("step", 'label="w - step", shape=box, peripheries=2')
        self.edge(self.source(program.result, "step_0"), "step", "")
        if program.point is not None:
            self.node("point", 'label="evaluated", shape=box, peripheries=2')
            self.edge(self.source(program.point, "point_0"), "point", "")
        for slot, update in program.next_values.items():
            if update != Name(slot):
                home = self.source(Name(slot), slot)
                note = "style=dashed, constraint=false"
                self.edge(self.source(update, f"next_{slot}"), home, note)
        nodes = [f"  {name} [{attributes}];" for name, attributes in self.nodes.items()]
        return [*nodes, *self.edges]

    def source(self, arg: Arg, place: str) -> str:
        """The node of an argument; a number gets one of its own at each `place`."""
        match arg:
            case Local(index):
                return f"s{index}"
            case Const(value):
                return self.node(f"n_{place}", f'label="{format_number(value)}", shape=plaintext')
            case Name(id) if id in self.program.slots:
                start = self.program.slots[id]
                return self.node(f"v_{id}", f'label="{id}\\n{start}", shape=cylinder')
            case Name(id) if id in self.program.hyperparameters:
                return self.node(f"v_{id}", f'label="{id}", shape=plaintext')
            case Name(id):
                return self.node(f"v_{id}", f'label="{id}", shape=box')
        raise AssertionError(arg)

    def node(self, name: str, attributes: str) -> str:
        self.nodes.setdefault(name, attributes)
        return name

    def edge(self, start: str, end: str, attributes: str) -> None:
        self.edges.append(f"  {start} -> {end}" + (f" [{attributes}];" if attributes else ";"))
