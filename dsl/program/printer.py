"""Program to text, which `parse` reads back as an equal program.

A statement prints inside its only reader where that keeps the order of statements, else on a line
of its own. The author's names are kept as long as they mean what they meant; where a name is still
needed for another value a fresh one is taken, and a slot whose name could not be used on the way is
assigned before `return`. Where a slot or the like has the name of a primitive, calls of that one
are written `ops.norm(x)`.
"""

import inspect
import textwrap
from collections.abc import Mapping, Sequence

from dsl.language.kinds import Kind, lifts
from dsl.language.names import QUALIFIED
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program.inline import inlined
from dsl.program.stated import section
from dsl.program.terms import Arg, Const, Local, Name, Parts, Statement
from dsl.program.walk import Read, needed, readers, within_step

_ATOM, _SIGN, _COMPARISON = 9, 6, 3
"""The binding strengths of a name, a negative number and a comparison, as `Infix` counts them."""
_WIDTH = 96
"""Characters of a line."""
_FRESH = "x"
"""The start of a name that is given to a value without one; a number follows."""


def print_program(program: Parts, kinds: Sequence[Kind]) -> str:
    """The text of a program whose values have these kinds, ending without a newline."""
    body = [f"    {line}" for line in print_body(program, kinds)]
    return "\n".join([_signature(program), *_docstring(_whole_doc(program)), *body])


def print_body(program: Parts, kinds: Sequence[Kind]) -> list[str]:
    """The lines of a program's text below its signature and docstring, not indented."""
    return _Body(program, kinds).lines()


def is_fresh(name: str) -> bool:
    """True for a name such as printing gives to a value that has none."""
    return name.startswith(_FRESH) and name.removeprefix(_FRESH).isdigit()


def _signature(program: Parts) -> str:
    slots = [f"{name}={init}" for name, init in program.slots.items()]
    hypers = [f"{name}={format_number(value)}" for name, value in program.hyperparameters.items()]
    groups = [", ".join(part) for part in (program.inputs, slots) if part]
    if hypers:
        groups.append(", ".join(["*", *hypers]))
    line = f"def {program.name}({', '.join(groups)}):"
    if len(line) <= _WIDTH:
        return line
    rows = [row for group in groups for row in _rows(f"{group},")]
    return "\n".join([f"def {program.name}(", *(f"    {row}" for row in rows), "):"])


def _rows(text: str) -> list[str]:
    """A list in lines of the width, split behind commas."""
    return textwrap.wrap(text, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)


def _whole_doc(program: Parts) -> str:
    """The docstring with what is stated of hyperparameters."""
    parts = (inspect.cleandoc(program.doc).rstrip(), section(program.meanings))
    return "\n\n".join(filter(None, parts))


def _docstring(doc: str) -> list[str]:
    text = "".join(map(_escaped, doc))
    if '"""' in text or text.endswith('"'):
        text = text.replace('"', r"\"")
    first, *rest = text.split("\n")
    if not rest:
        return [f'    """{first}"""'] if first else []
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """']


def _escaped(character: str) -> str:
    """A character of a docstring as it may stand in the text."""
    if character == "\n" or (character.isprintable() and character != "\\"):
        return character
    return character.encode("unicode_escape").decode()


class _Body:
    """Lays out the statements of one program; `owner` is what each name means at this point."""

    def __init__(self, program: Parts, kinds: Sequence[Kind]):
        self.program = program
        self.kinds = kinds
        read = readers(program)
        self.inline = inlined(program, read)
        names = (*program.inputs, *program.slots, *program.hyperparameters)
        self.owner: dict[str, Arg] = {name: Name(name) for name in names}
        self.hidden = {*names, program.name}
        self.called = {s.op for s in program.statements if _is_called(s)} - self.hidden
        self.names: dict[int, str] = {}
        self.saved: dict[Arg, str] = {}
        self.last_read = self._last_reads(read)
        self.taken = set(self.owner) | {s.name for s in program.statements if s.name}
        self.fresh = 0

    def _last_reads(self, read: Mapping[Arg, Sequence[Read]]) -> dict[Arg, int]:
        """The last statement whose line reads each value; the return line counts as one more."""
        end = len(self.program.statements)
        line_of = [end]
        for index in reversed(range(end)):
            line_of.append(line_of[-1] if index in self.inline else index)
        line_of.reverse()
        return {arg: max([line_of[each.by] for each in places]) for arg, places in read.items()}

    def lines(self) -> list[str]:
        lines = []
        for index, statement in enumerate(self.program.statements):
            if index not in self.inline:
                text = self.call(statement)[0]
                lines.append(f"{self._bind(index, statement.name)} = {text}")
        lines += self._settle_slots()
        returned = [self.text(arg)[0] for arg in self.program.returned]
        lines.append(f"return {', '.join(returned)}")
        return lines

    def _bind(self, index: int, wanted: str | None) -> str:
        name = wanted if wanted and self._free(wanted, index) else self._fresh_name()
        self.owner[name] = Local(index)
        self.names[index] = name
        return name

    def _free(self, name: str, index: int) -> bool:
        """True if statement `index` may take `name` without hiding a value that is still read, or a
        primitive that is called."""
        slots = self.program.slots
        if name in self.called:
            return False
        if name in slots:
            final = self.program.next_values[name]
            if not (isinstance(final, Local) and final.index >= index):
                return False
            if not lifts(self.kinds[index], slots[name].kind):
                return False
        held = self.owner.get(name)
        return held is None or self.last_read.get(held, -1) <= index

    def _fresh_name(self) -> str:
        while f"{_FRESH}{self.fresh}" in self.taken:
            self.fresh += 1
        name = f"{_FRESH}{self.fresh}"
        self.taken.add(name)
        return name

    def _settle_slots(self) -> list[str]:
        """Assignments for slots whose next value is not bound to their name yet."""
        final = self.program.next_values.items()
        pending = {slot: arg for slot, arg in final if self.owner[slot] != arg}
        lines = []
        while pending:
            ready = [slot for slot in pending if not self._needed(slot, pending)]
            if ready:
                slot = ready[0]
                lines.append(f"{slot} = {self.text(pending[slot])[0]}")
                self.owner[slot] = pending.pop(slot)
            else:
                slot = next(iter(pending))
                alias = self._fresh_name()
                lines.append(f"{alias} = {slot}")
                self.saved[self.owner[slot]] = alias
        return lines

    def _needed(self, slot: str, pending: dict[str, Arg]) -> bool:
        held = self.owner[slot]
        if held in self.saved:
            return False
        others = [arg for other, arg in pending.items() if other != slot]
        return held in others or held in self._returned()

    def _returned(self) -> set[Arg]:
        """The values that the return line reads."""
        inside = within_step(self.program)
        inline = {Local(index) for index in self.inline}
        return needed(
            self.program, self.program.returned, lambda arg: inside(arg) if arg in inline else ()
        )

    def text(self, arg: Arg) -> tuple[str, int]:
        """The text of an argument at this point, and how tightly it binds."""
        if arg in self.saved:
            return self.saved[arg], _ATOM
        if isinstance(arg, Local):
            if arg.index in self.inline:
                return self.call(self.program.statements[arg.index])
            return self.names[arg.index], _ATOM
        if isinstance(arg, Name):
            return arg.id, _ATOM
        return format_number(arg.value), _ATOM if arg.value >= 0 else _SIGN

    def call(self, statement: Statement) -> tuple[str, int]:
        args = [self.text(arg) for arg in statement.args]
        infix = PRIMITIVES[statement.op].infix
        if infix is None or _is_called(statement):
            hidden = f"{QUALIFIED}." if statement.op in self.hidden else ""
            return f"{hidden}{statement.op}({', '.join([text for text, _ in args])})", _ATOM
        if len(args) == 1:
            return f"{infix.symbol}{_wrap(args[0], infix.precedence)}", infix.precedence
        loose = infix.precedence + 1
        same = infix.precedence if infix.precedence > _COMPARISON else loose
        left = _wrap(args[0], loose if infix.right else same)
        right = _wrap(args[1], same if infix.right else loose)
        return f"{left} {infix.symbol} {right}", infix.precedence


def _is_called(statement: Statement) -> bool:
    """True if a statement prints as a call: one without an operator, one of numbers alone, and a
    comparison that begins with one, as `1 > x` would be read as `x < 1`."""
    infix, args = PRIMITIVES[statement.op].infix, statement.args
    if infix is None:
        return True
    if not isinstance(args[0], Const):
        return False
    return infix.precedence == _COMPARISON or all(isinstance(arg, Const) for arg in args)


def _wrap(part: tuple[str, int], least: int) -> str:
    text, precedence = part
    return text if precedence >= least else f"({text})"
