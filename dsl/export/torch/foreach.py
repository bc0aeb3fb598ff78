"""The lines of the loop for many parameters at once: `torch._foreach_mul_(ms, b1)`.

Parameters of one group, device, dtype and count of steps share all numbers, so every line over one
tensor becomes one over a list. What PyTorch has no function of lists for is a comprehension.
"""

import ast
from collections.abc import Callable, Sequence

from dsl.export.code import Code
from dsl.export.expressions import call, comprehension, names_in
from dsl.export.names import safe
from dsl.export.torch.calls import base_of
from dsl.export.torch.inplace import CodeLine, InPlace

_BINARY: dict[type[ast.operator], str] = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"},
}
_UNARY = {"sqrt", "abs", "sign", "exp", "expm1", "log", "tanh", "sin", "cos", "tan", "sigmoid"}
_PAIRS = {"maximum", "minimum"}
_MADE = {"add", "sub", "lerp"}
"""Methods that make a new tensor."""

_IN_PLACE = {
    *("add_", "sub_", "mul_", "div_", "pow_", "lerp_", "addcmul_", "addcdiv_", "neg_", "copy_"),
    "square_",
    *(f"{name}_" for name in _UNARY),
}
"""Methods of a tensor that PyTorch has for lists."""

_BY_TENSOR = {"add", "mul", "div"}
"""Operations that lists also do by a tensor without axes."""


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
        self.common: set[str] = set()
        """The names of tensors without axes that all have in common."""

    def write(self, statements: Sequence[CodeLine]) -> None:
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
            self._assign(self._list(statement.label), statement.value)
        elif not self._in_place(statement.value):
            self._loop(statement.value)

    def _list(self, label: str) -> str:
        """The name of the list for a name."""
        if label not in self.each:
            self.each[label] = self.take(safe(f"{label}s"))
        return self.each[label]

    def _differ(self, node: ast.expr) -> bool:
        return any(name in self.each for name in names_in(node))

    def _listed(self, node: ast.expr) -> ast.expr | None:
        """The name of a list, or a number; None for anything else."""
        if isinstance(node, ast.Name) and node.id in self.each:
            return ast.Name(self.each[node.id])
        return node if self._is_number(node) else None

    def _is_number(self, node: ast.expr) -> bool:
        """True for a Python number, also one that is divided by another."""
        if isinstance(node, ast.BinOp):
            return self._is_number(node.left) and self._is_number(node.right)
        return self.writer.is_number(node)

    def _taken(self, node: ast.expr, name: str) -> ast.expr | None:
        """The argument of a function of lists: what `_listed` says, or a tensor that all have in
        common and the function takes."""
        return node if self._is_common(node, name) else self._listed(node)

    def _is_common(self, node: ast.expr, name: str) -> bool:
        """True for a tensor without axes by which PyTorch does lists what `name` says."""
        return isinstance(node, ast.Name) and node.id in self.common and name in _BY_TENSOR

    def _assign(self, label: str, value: ast.expr) -> None:
        """A new list; calls in place at the end of a chain come after it."""
        match value:
            case ast.Call(ast.Attribute(inner, method), args, keywords) if (
                method in _IN_PLACE and all(self._fits(arg, method) for arg in args)
            ):
                self._assign(label, inner)
                args = [self._settled(arg) for arg in args]
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
                name = _BINARY[type(op)]
                one, other = (self._taken(part, name) for part in (left, right))
                if one is None or other is None:
                    return None
                if self._differ(left):
                    return call(f"torch._foreach_{name}", one, other)
                if isinstance(op, ast.Add | ast.Mult) and self._differ(right):
                    return call(f"torch._foreach_{name}", other, one)
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
        calls = self._chain(value)
        if calls is None:
            return False
        for each in calls:
            assert isinstance(each.func, ast.Attribute)
            args = [self._settled(arg) for arg in each.args]
            self._call(each.func.attr, base_of(value), args, each.keywords)
        return True

    def _chain(self, value: ast.expr) -> list[ast.Call] | None:
        """The calls in place on a list, in order; None if PyTorch lacks one of them for lists."""
        calls: list[ast.Call] = []
        node = value
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = node.func.attr
            if method not in _IN_PLACE or not all(self._fits(arg, method) for arg in node.args):
                return None
            calls.insert(0, node)
            node = node.func.value
        return calls if isinstance(node, ast.Name) and node.id in self.each else None

    def _fits(self, arg: ast.expr, method: str) -> bool:
        """True for an argument that the function of lists for a method takes, maybe after a chain
        of calls in place on it."""
        if self._listed(arg) is not None or self._is_common(arg, method.rstrip("_")):
            return True
        return isinstance(arg, ast.Call) and bool(self._chain(arg))

    def _settled(self, arg: ast.expr) -> ast.expr:
        """An argument after the calls in place on it."""
        return base_of(arg) if isinstance(arg, ast.Call) and self._in_place(arg) else arg

    def _call(
        self, method: str, target: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> None:
        """A line that calls the function of lists for a method."""
        self.code.put("", self._function(method, target, args, keywords))

    def _function(
        self, method: str, target: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> ast.expr:
        """The call of the function of lists for a method."""
        if method == "square_":
            method, args = "mul_", [target]
        target = self._listed(target) or target
        given = [self._taken(arg, method.rstrip("_")) or arg for arg in args]
        if method == "copy_":
            return call("_copy_all", target, *given)
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
