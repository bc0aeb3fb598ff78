"""The lines of the loop of a rule without choices, in place where the data flow allows it.

A slot is renewed in place where nothing reads its old value any more. What is read once stands in
its only reader, so that sums, products and quotients of several lines become one operation.
"""

import ast
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from dsl.export.code import Code
from dsl.export.emit import Emitter
from dsl.export.expressions import fill, names_in
from dsl.export.layout import WIDTH
from dsl.export.torch.inplace import CodeLine, InPlace
from dsl.export.torch.known import Known
from dsl.export.torch.parameters import Parameters
from dsl.export.torch.values import TorchDialect
from dsl.language.kinds import Kind
from dsl.program import Arg, Local, Name
from dsl.program.walk import needed


class Surroundings(Protocol):
    """The loop that lines stand in."""

    values: TorchDialect
    emitter: Emitter
    parameters: Parameters
    nexts: list[Arg]
    ready: set[int]

    def leaf(self, arg: Arg) -> ast.expr:
        """A value inside the loop."""
        ...

    def is_new(self, index: int) -> bool:
        """True if a statement makes a tensor of its own."""
        ...

    def zipped(self) -> list[Local]:
        """The lists made before the loop that its lines read."""
        ...


class LoopWriter:
    """Writes the lines of `loop`; `renewed` are the slots renewed in place, each with the name of
    its tensor, and `statements` all lines but those that move the parameter."""

    def __init__(self, loop: Surroundings):
        self.loop = loop
        self.emitter = loop.emitter
        self.program = loop.emitter.program
        self.renewed: dict[str, str] = {}
        self.statements: list[CodeLine] = []
        roots = [self.program.result, *loop.nexts]
        self.order = self.emitter.demanded(roots, loop.ready)
        self.labels = {index: self.emitter.line_names[index] for index in self.order}
        self.olds = {
            slot: f'state["{loop.values.keys[slot]}"]'
            for slot, rule in self.program.slots.items()
            if rule.kind is Kind.TENSOR
        }
        self.writer = self._writer()

    @property
    def apply(self) -> bool:
        """False for a rule that chooses what to compute."""
        return not any(self.emitter.facts.primitive(index).lazy for index in self.order)

    @property
    def given(self) -> set[str]:
        """The names of lines that the author gave, and of values that slots and the result get."""
        kept = {*self.program.next_values.values(), self.program.result}
        return {
            label
            for index, label in self.labels.items()
            if self.program.statements[index].name is not None or Local(index) in kept
        }

    def write(self) -> list[CodeLine]:
        """Write all lines but those that move the parameter, which are returned."""
        taken = set(self.emitter.names.taken)
        for joins in (True, False):
            self.renewed, self.statements = {}, []
            self.emitter.names.taken = set(taken)
            moves = self._write(joins=joins)
            written = Code(12)
            write_lines(written, self.statements)
            if all(len(line) <= WIDTH for line in written.lines):
                break
        return moves

    def _write(self, *, joins: bool) -> list[CodeLine]:
        texts = {
            index: self.loop.values.line(self.emitter, index, self._leaf) for index in self.order
        }
        result = self.emitter.value(self.program.result, self._leaf)
        in_place = self._in_place(texts, result)
        self.writer = writer = self._writer()
        if joins:
            result = self._join(texts, result, in_place, writer)
        in_place = {
            index: slot
            for index, slot in in_place.items()
            if writer.renews(self.olds[slot], texts[index])
        }
        olds = {self.olds[slot]: self.labels[index] for index, slot in in_place.items()}
        writer.exact |= {*self.olds.values(), *olds.values()}
        for index, text in texts.items():
            label = self.labels[index]
            text = fill(text, {old: ast.Name(new) for old, new in olds.items()})
            writer.note(label, text)
            if index in in_place:
                self.statements += writer.renewed(label, text)
                self.renewed[in_place[index]] = label
            elif self.emitter.kind(Local(index)) is not Kind.TENSOR:
                self.statements.append(CodeLine(label, text))
            else:
                self.statements.append(CodeLine(label, writer.made(text)[0]))
        result = fill(result, {old: ast.Name(new) for old, new in olds.items()})
        return writer.moved("w", result)

    def _leaf(self, arg: Arg) -> ast.expr:
        """A value inside the loop; the old value of a slot by what holds it."""
        if isinstance(arg, Name) and arg.id in self.olds:
            return ast.Name(self.olds[arg.id])
        return self.loop.leaf(arg)

    def _writer(self) -> InPlace:
        """The writer of expressions over the names of the loop."""
        values, called = self.loop.values, self.emitter.called
        zipped = {arg.index: self.emitter.line_names[arg.index] for arg in self.loop.zipped()}
        kind = self.emitter.kind
        tensors = {"w", "g", *self.olds.values()}
        for index, label in {**self.labels, **zipped}.items():
            if kind(Local(index)) is Kind.TENSOR:
                tensors.add(label)
        hypers = self.program.hyperparameters
        numbers = {called.get(name, name) for name in hypers} | {"t", "T"}
        numbers |= {self.labels[i] for i in self.order if values.is_number(Local(i))}
        bound = self.loop.parameters.never_negative()
        known = Known(
            tensors,
            numbers,
            decays={called.get(name, name) for name in values.betas},
            not_negative={called.get(name, name) for name in bound},
            positive={called.get(name, name) for name in bound if hypers[name] > 0},
            absent={called.get(name, name) for name, value in hypers.items() if value == 0},
        )
        return InPlace(known, self._hoist)

    def _hoist(self, wanted: str, value: ast.expr) -> ast.expr:
        """A line of its own for a value, and its name."""
        label = self.emitter.names.take(wanted)
        self.statements.append(CodeLine(label, value))
        known = self.writer.known
        if not known.is_number(value):
            known.tensors.add(label)
            return ast.Name(label)
        known.numbers.add(label)
        if known.is_above_zero(value):
            known.positive.add(label)
        return ast.Name(label)

    def _in_place(self, texts: dict[int, ast.expr], result: ast.expr) -> dict[int, str]:
        """The slots whose old value nothing reads after the line that makes the next one."""
        found: dict[int, str] = {}
        for slot, old in self.olds.items():
            update = self.program.next_values[slot]
            if not isinstance(update, Local) or update.index not in texts:
                continue
            index = update.index
            if index in found or self.emitter.kind(update) is not Kind.TENSOR:
                continue
            held = {old}
            for at in self.order:
                if at < index and not self.loop.is_new(at) and held & {*names_in(texts[at])}:
                    held.add(self.labels[at])
            later = [text for at, text in texts.items() if at > index]
            read = {name for text in [*later, result] for name in names_in(text)}
            nexts = [self.program.next_values[s] for s in self.program.slots if s != slot]
            kept = {*map(self._held_by, nexts)}
            before = (arg for arg in self.loop.zipped() if not self.loop.is_new(arg.index))
            seen = any(Name(slot) in needed(self.program, [arg]) for arg in before)
            if not held & (read | kept) and not seen:
                found[index] = slot
        return found

    def _held_by(self, arg: Arg) -> str:
        """The name of what the next value of a slot is made of."""
        match arg:
            case Name(id):
                return self.olds.get(id, id)
            case Local(index):
                return self.labels.get(index, "")
        return ""

    def _join(
        self,
        texts: dict[int, ast.expr],
        result: ast.expr,
        in_place: dict[int, str],
        writer: InPlace,
    ) -> ast.expr:
        """Put lines that are read once into their only reader."""
        kept = {update for update in self.program.next_values.values()}
        changing = {self.olds[slot] for slot in in_place.values()}
        for index in self.order:
            text, label = texts[index], self.labels[index]
            if Local(index) in kept or not writer.is_tensor(text):
                continue
            if self.emitter.kind(Local(index)) is not Kind.TENSOR or changing & {*names_in(text)}:
                continue
            times = Counter(name for one in [*texts.values(), result] for name in names_in(one))
            if times[label] != 1:
                continue
            if label in names_in(result):
                result = fill(result, {label: text})
                del texts[index]
                continue
            reader = next(at for at, one in texts.items() if label in names_in(one))
            elementwise = self.emitter.kind(Local(reader)) is Kind.TENSOR
            if elementwise and writer.is_tensor(texts[reader]):
                texts[reader] = fill(texts[reader], {label: text})
                del texts[index]
        return result


def write_lines(code: Code, lines: Iterable[CodeLine]) -> None:
    """Write lines into `code`."""
    for line in lines:
        block = code if line.absent is None else code.inner()
        block.put(f"{line.label} = " if line.label is not None else "", line.value)
        if line.absent is not None:
            code.unless_zero(line.absent, block)
