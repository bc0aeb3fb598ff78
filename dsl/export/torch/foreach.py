"""The lines of the loop for many parameters at once: `torch._foreach_mul_(ms, b1)`.

Parameters of one group, device, dtype and count of steps share all numbers, so every line over one
tensor becomes one over a list. What PyTorch has no function of lists for is a comprehension.
"""

import ast
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from dsl.export.code import Code
from dsl.export.emit import Emitter
from dsl.export.expressions import call, comprehension, fill, names_in, show
from dsl.export.names import safe
from dsl.export.torch.inplace import CodeLine, InPlace
from dsl.export.torch.lines import LoopWriter
from dsl.export.torch.parameters import Parameters
from dsl.export.torch.values import TorchDialect

_BINARY: dict[type[ast.operator], str] = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"},
}
_UNARY = {"sqrt", "abs", "sign", "exp", "expm1", "log", "tanh", "sin", "cos", "tan", "sigmoid"}
_PAIRS = {"maximum", "minimum"}
_MADE = {"add", "sub", "lerp"}
"""Methods that make a new tensor."""

_IN_PLACE = {
    *("add_", "sub_", "mul_", "div_", "pow_", "lerp_", "addcmul_", "addcdiv_", "neg_", "copy_"),
    *(f"{name}_" for name in _UNARY),
}
"""Methods of a tensor that PyTorch has for lists."""


class ForEach:
    """Writes statements over tensors as statements over lists, into `code`.

    **Arguments:** `writer`: knows which names are numbers. `each`: the names that differ from one
    parameter to another, with those of their lists. `take`: gives a name that is free.
    """

    def __init__(
        self, code: Code, writer: InPlace, each: dict[str, str], take: Callable[[str], str]
    ):
        self.code = code
        self.writer = writer
        self.each = each
        self.take = take

    def write(self, statements: Collection[CodeLine]) -> None:
        """Lines for all statements, in order."""
        for statement in statements:
            if statement.absent is None:
                self._write(statement)
                continue
            whole = self.code
            self.code = whole.inner()
            self._write(statement)
            whole.unless_zero(statement.absent, self.code)
            self.code = whole

    def _write(self, statement: CodeLine) -> None:
        if statement.label is not None and not self._differ(statement.value):
            self.code.assign(statement.label, statement.value)
        elif statement.label is not None:
            self.each.setdefault(statement.label, self.take(safe(f"{statement.label}s")))
            self._assign(self.each[statement.label], statement.value)
        elif not self._in_place(statement.value):
            self._loop(statement.value)

    def _differ(self, node: ast.expr) -> bool:
        return any(name in self.each for name in names_in(node))

    def _listed(self, node: ast.expr) -> ast.expr | None:
        """The name of a list, or a number; None for anything else."""
        if isinstance(node, ast.Name) and node.id in self.each:
            return ast.Name(self.each[node.id])
        return node if self.writer.is_number(node) else None

    def _assign(self, label: str, value: ast.expr) -> None:
        """A new list; calls in place at the end of a chain come after it."""
        match value:
            case ast.Call(ast.Attribute(inner, method), args, keywords) if (
                method in _IN_PLACE and self._all_listed(args)
            ):
                self._assign(label, inner)
                self._call(method, ast.Name(label), args, keywords)
                return
        made = self._made(value)
        self.code.assign(label, made if made is not None else self._comprehension(value))

    def _made(self, value: ast.expr) -> ast.expr | None:
        """A list by one function of PyTorch, or one that is there."""
        match value:
            case ast.Name():
                return self._listed(value)
            case ast.Call(ast.Attribute(ast.Name() as part, method), args, keywords) if (
                method in _MADE and self._differ(part) and self._all_listed(args)
            ):
                return self._function(method, part, args, keywords)
            case ast.Call(ast.Attribute(ast.Name("torch"), name), [part, *args], keywords) if (
                name in ("addcmul", "addcdiv") and self._differ(part) and self._all_listed(args)
            ):
                return self._function(name, part, args, keywords)
            case ast.BinOp(left, op, right) if type(op) in _BINARY:
                one, other = self._listed(left), self._listed(right)
                name = f"torch._foreach_{_BINARY[type(op)]}"
                if one is None or other is None:
                    return None
                if self._differ(left):
                    return call(name, one, other)
                if isinstance(op, ast.Add | ast.Mult):
                    return call(name, other, one)
            case ast.UnaryOp(ast.USub(), part) if self._differ(part) and self._listed(part):
                listed = self._listed(part)
                assert listed is not None
                return call("torch._foreach_neg", listed)
            case ast.Call(ast.Attribute(ast.Name("torch"), name), args, []) if self._all_listed(
                args
            ):
                parts = [self._listed(arg) for arg in args]
                known = [part for part in parts if part is not None]
                if name == "square":
                    return call("torch._foreach_mul", known[0], known[0])
                if name in _UNARY or (name in _PAIRS and self._differ(args[0])):
                    return call(f"torch._foreach_{name}", *known)
        return None

    def _all_listed(self, args: list[ast.expr]) -> bool:
        return all(self._listed(arg) is not None for arg in args)

    def _in_place(self, value: ast.expr) -> bool:
        """Write a chain of calls in place on a named tensor; False if PyTorch lacks one of them."""
        calls: list[ast.Call] = []
        node = value
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in _IN_PLACE or not self._all_listed(node.args):
                return False
            calls.insert(0, node)
            node = node.func.value
        listed = self._listed(node)
        if listed is None or not self._differ(node):
            return False
        for each in calls:
            assert isinstance(each.func, ast.Attribute)
            self._call(each.func.attr, listed, each.args, each.keywords)
        return True

    def _call(
        self, method: str, target: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> None:
        """A line that calls the function of lists for a method."""
        self.code.put("", self._function(method, target, args, keywords))

    def _function(
        self, method: str, target: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> ast.expr:
        """The call of the function of lists for a method."""
        target = self._listed(target) or target
        given = [part for part in map(self._listed, args) if part is not None]
        named = {keyword.arg: keyword.value for keyword in keywords}
        if "value" in named:
            given.append(named.pop("value"))
        rest = [ast.keyword(key, part) for key, part in named.items()]
        function = ast.Attribute(ast.Name("torch"), f"_foreach_{method}")
        return ast.Call(function, [target, *given], rest)

    def _entries(self, value: ast.expr) -> dict[str, ast.expr]:
        found = dict.fromkeys(name for name in names_in(value) if name in self.each)
        return {name: ast.Name(self.each[name]) for name in found}

    def _comprehension(self, value: ast.expr) -> ast.expr:
        return comprehension(value, self._entries(value))

    def _loop(self, value: ast.expr) -> None:
        """A statement for one parameter after another."""
        entries = self._entries(value)
        zipped = [*entries.values()]
        over = zipped[0]
        if len(zipped) > 1:
            strict = ast.keyword("strict", ast.Constant(True))
            over = ast.Call(ast.Name("zip"), zipped, [strict])
        self.code.put(f"for {', '.join(entries)} in ", over, ":")
        inner = self.code.inner()
        inner.put("", value)
        self.code.lines += inner.lines


class OneByOne(Protocol):
    """The loop over single parameters."""

    values: TorchDialect
    emitter: Emitter
    parameters: Parameters


_HEAD = '''
    def _foreach(self, ready: list[Any]) -> list[Any]:
        """Take the step of groups with `foreach`, tensors alike at once; returns the others."""
        for group in self.param_groups:
            foreach = group["foreach"]
            if foreach is None:
                foreach = all(p.is_cuda for p in group["params"])
            if not foreach:
                continue
            alike: dict[Any, list[Any]] = {}
            for each, p, g in ready:
                if each is group:
                    w, state = self._open(p)
                    key = (p.device, p.dtype, STEP)
                    alike.setdefault(key, []).append((p, w, g, state))
            ready = [each for each in ready if each[0] is not group]
'''
"""The method of the class up to the loop over tensors alike."""


def at_once(loop: OneByOne, lines: LoopWriter, statements: list[CodeLine]) -> list[str]:
    """The method that takes the step of tensors alike at once, by the lines of the loop."""
    names = loop.emitter.names
    code, writer = Code(16), lines.writer
    spelled: dict[str, ast.expr] = {}
    each = {"w": "ws", "g": "gs"}
    heads: list[tuple[str, str]] = []
    for slot, old in lines.olds.items():
        label = lines.renewed.get(slot) or names.take(f"old_{safe(slot)}")
        spelled[old] = ast.Name(label)
        each[label] = names.take(safe(f"{safe(slot)}s"))
        home = f'state["{loop.values.keys[slot]}"]'
        heads.append((each[label], f"[{home} for state in states]"))
    statements = [replace(line, value=fill(line.value, spelled)) for line in statements]
    if any("state" in names_in(statement.value) for statement in statements):
        return []
    writer.known.tensors |= {*each}
    ForEach(code, writer, each, names.take).write(statements)
    numbers = Code(16)
    loop.parameters.read(numbers, code.uses, plain_rate=True)
    head = _HEAD.replace(", STEP", ', state["step"].item()' if loop.values.counts else "")
    head = head.replace(
        "(p, w, g, state)", f"(p, w, {show(loop.values.whole(ast.Name('g')))}, state)"
    )
    count = "            for (_, _, t), rows in alike.items():"
    return [
        *head.strip("\n").splitlines(),
        count if "t" in code.uses else "            for rows in alike.values():",
        "                ps, ws, gs, states = zip(*rows, strict=True)",
        *(f"                {label} = {rows}" for label, rows in heads if label in code.uses),
        *numbers.lines,
        *code.lines,
        "                for p, w, state in zip(ps, ws, states, strict=True):",
        "                    self._close(p, w, state)",
        "        return ready",
    ]
