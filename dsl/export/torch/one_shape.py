"""The lines of the loop for many parameters of one shape: `us = torch.vmap(_orthogonalised)(us)`.

Calls of products and decompositions of small matrices take longer than their arithmetic, so what a
primitive declares with `stacks` gets a stack of the tensors, and so does what comes before and
after, as long as nothing wants a list. What is made of shapes alone, such as a number of rows, is
made once.
"""

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from dsl.export.code import Code
from dsl.export.expressions import call, fill, names_in, show
from dsl.export.torch.calls import base_of
from dsl.export.torch.foreach import ForEach
from dsl.export.torch.inplace import CodeLine, InPlace
from dsl.export.torch.stacks import apart, entrywise, maps, of_shape, shared, with_sums


class OfOneShape(ForEach):
    """Writes statements over tensors of one shape as statements over lists and stacks.

    **Arguments:** `functions`: those of the file that are mapped over stacks, each with whether it
    makes a tensor, and no number.
    """

    def __init__(
        self,
        code: Code,
        writer: InPlace,
        each: dict[str, str],
        take: Callable[[str], str],
        functions: Mapping[str, bool],
    ):
        super().__init__(code, writer, each, take)
        self.functions = functions
        self._stacked: set[str] = set()
        """The names whose list is a stack at present."""
        self._mapped: dict[str, str] = {}
        """The names of functions mapped over stacks, by their texts."""

    def write(self, statements: Sequence[CodeLine]) -> None:
        """Lines for all statements, in order."""
        lines = [
            line
            for statement in statements
            for line in apart(statement, self.functions, self._differ, self._name)
        ]
        before = self._before_stacks(lines)
        for at, line in enumerate(lines):
            made = line.label is not None and of_shape(line.value, self._differ)
            if made and self._differ(line.value):
                self._make_once(line.label or "", line.value)
                continue
            line = replace(line, value=shared(line.value, self._differ, self._once))
            if not self._of_stacks(line, wanted=at in before):
                self._unstack(names_in(line.value))
                super().write([line])

    def _name(self, tensor: bool) -> str:
        label = self.take("x")
        if tensor:
            self.writer.known.tensors.add(label)
        return label

    def _before_stacks(self, lines: Sequence[CodeLine]) -> set[int]:
        """The lines whose values go into a stack."""
        found: set[int] = set()
        for at in reversed(range(len(lines))):
            readers = (j for j in range(at + 1, len(lines)) if self._reads(lines[j], lines[at]))
            first = next(readers, None)
            if first is not None and (first in found or maps(lines[first].value, self.functions)):
                found.add(at)
        return found

    def _reads(self, line: CodeLine, of: CodeLine) -> bool:
        return of.label is not None and of.label in names_in(line.value)

    def _once(self, value: ast.expr) -> ast.expr:
        """A line for what is made of shapes alone, and its name."""
        label = self.take("number")
        self._make_once(label, value)
        return ast.Name(label)

    def _make_once(self, label: str, value: ast.expr) -> None:
        """Write a line for what is made of shapes alone: those of the parameters, which others that
        are tensors of the parameter have too, or of the first of a list."""
        first = {
            name: ast.Name("w")
            if name in self.writer.known.tensors
            else ast.Subscript(ast.Name(self.each[name]), ast.Constant(0))
            for name in names_in(value)
            if name in self.each
        }
        self.common.add(label)
        self.code.assign(label, fill(value, first))

    def _of_stacks(self, line: CodeLine, *, wanted: bool) -> bool:
        """Write a line over stacks; False if it is one over lists."""
        label, value = line.label, line.value
        read = [name for name in dict.fromkeys(names_in(value)) if name in self.each]
        maps_each = maps(value, self.functions)
        wanted = wanted or maps_each or self._stacked.issuperset(read)
        if line.absent is not None or not read or not wanted:
            return False
        start = base_of(value)
        written_over = start is not value and isinstance(start, ast.Name)
        if written_over and show(start) not in self._stacked:
            return False
        if label is None and not self._stacked.issuperset(read):
            return False
        tensors = self.writer.known.tensors.issuperset(read)
        if not maps_each and not (tensors and entrywise(value, self._is_leaf)):
            return False
        stacks = self._stacks(label, value, read)
        if maps(value, self.functions):
            args = [fill(arg, stacks) for arg in value.args]
            made = call(self._over_stacks(value, read), *args)
        else:
            made = fill(with_sums(value, self._of_each), stacks)
        if label is None:
            self.code.put("", made)
        else:
            self.code.assign(self._list(label), made)
            self._stacked.add(label)
        return True

    def _stacks(
        self, label: str | None, value: ast.expr, read: Sequence[str]
    ) -> dict[str, ast.expr]:
        """The stacks of what a value reads; by name where it reads one more than once."""
        stacks: dict[str, ast.expr] = {}
        free = None if label is None or label in read else self._list(label)
        for name in read:
            stack = self._stack(name, keep=name == label)
            if names_in(value).count(name) > 1 and not isinstance(stack, ast.Name):
                named, free = free or self.take("stack"), None
                self.code.assign(named, stack)
                stack = ast.Name(named)
            stacks[name] = stack
        return stacks

    def _of_each(self, function: ast.expr, of: ast.expr) -> ast.expr:
        """The call that makes a number of each tensor in a stack."""
        return call("_of_each", function, of)

    def _is_leaf(self, node: ast.expr) -> bool:
        """True for tensors and numbers by their names."""
        named = isinstance(node, ast.Name) and node.id in {*self.each, *self.common}
        return named or self._is_number(node)

    def _over_stacks(self, value: ast.Call, read: Collection[str]) -> str:
        """The name of a function mapped over stacks, made before the first call of it."""
        dims: list[ast.expr] = [
            ast.Constant(0 if {*names_in(arg)} & {*read} else None) for arg in value.args
        ]
        every = len(dims) == len(read)
        function = call("torch.vmap", value.func, *([] if every else [ast.Tuple(dims)]))
        text = show(function)
        if text not in self._mapped:
            self._mapped[text] = self.take(show(value.func).strip("_"))
            self.code.assign(self._mapped[text], function)
        return self._mapped[text]

    def _stack(self, label: str, *, keep: bool) -> ast.expr:
        """The stack of a list, which replaces it if it is to be kept."""
        name = self.each[label]
        if label in self._stacked:
            return ast.Name(name)
        stack = call("torch.stack", ast.Name(name))
        if not keep:
            return stack
        self.code.assign(name, stack)
        self._stacked.add(label)
        return ast.Name(name)

    def _unstack(self, names: Sequence[str]) -> None:
        """Lines that make lists of the stacks in a line."""
        for label in dict.fromkeys(names):
            if label in self._stacked:
                name = self.each[label]
                self.code.assign(name, call(f"{name}.unbind"))
                self._stacked.discard(label)

    def _assign(self, label: str, value: ast.expr) -> None:
        super()._assign(label, value)
        self._stacked -= {name for name, listed in self.each.items() if listed == label}
