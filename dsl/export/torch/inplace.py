"""Expressions as operations in place: `w.mul_(1 - lr * wd).addcdiv_(m, denom, value=-lr)`.

A sum (`sums.py`) that has the tensor it goes into among its terms is added to that tensor; any
other is made in a tensor of its own, which what follows may write over.
"""

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from dsl.export.expressions import names_in, show
from dsl.export.torch.sums import NEW, UNARY, Sums, Term, is_minus_one, is_negative, negated

_METHODS: dict[type[ast.operator], str] = {
    **{ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_", ast.Pow: "pow_"},
}
"""The methods of tensors that operators have in place."""


_CHAIN = 56
"""The longest expression that further calls are chained to."""

_ARGUMENT = 76
"""The longest step that is written in the call that moves the parameter."""


@dataclass(frozen=True)
class CodeLine:
    """A line of the loop: a value under a name, or a call that changes a tensor."""

    label: str | None
    value: ast.expr


class InPlace(Sums):
    """Writes expressions in place.

    **Arguments:** as of `Sums`, whose tensors are never written over. `hoist`: gives an expression
    a line of its own and returns the name, by the name that is wanted.
    """

    def __init__(
        self,
        tensors: Collection[str],
        numbers: Collection[str],
        betas: Collection[str],
        hoist: Callable[[str, ast.expr], ast.expr],
    ):
        super().__init__(tensors, numbers, betas)
        self.hoist = hoist
        self.exact = {"w", "g"}
        """The tensors certain to have the dtype of the parameter, also where it has no axes."""

    def note(self, label: str, text: ast.expr) -> None:
        """Note that `label` is the value of an expression of what is known."""
        if {*names_in(text)} <= {*self.exact, *self.numbers, "torch"}:
            self.exact.add(label)

    def renews(self, target: str, value: ast.expr) -> bool:
        """True if a value is a sum with `target` as a term, and in no other term."""
        own, rest = self._own(target, self.terms(value))
        return own is not None and len(own) == 1 and not any(t.mentions(target) for t in rest)

    def renewed(self, target: str, value: ast.expr) -> ast.expr:
        """The call that makes `target` a value that renews it."""
        own, rest = self._own(target, self.terms(value))
        assert own is not None
        kept = own[0].scale
        names = {*names_in(rest[0].tensor)} if rest and rest[0].tensor is not None else set()
        if len(rest) == 1 and kept is not None and _is_rest(rest[0], kept) and names <= self.exact:
            assert rest[0].scale is not None and rest[0].tensor is not None
            return _call(ast.Name(target), "lerp_", rest[0].tensor, rest[0].scale)
        made: ast.expr = ast.Name(target)
        if kept is not None:
            made = _scaled(made, kept)
        return self._added(made, rest)

    def moved(self, target: str, step: ast.expr) -> ast.expr:
        """The call that subtracts a step from `target`."""
        own, rest = self._own(target, self.terms(step))
        if own is None or any(term.mentions(target) for term in rest):
            value, _ = self.made(step)
            value = self.hoist("update", value) if len(show(value)) > _ARGUMENT else value
            return _call(ast.Name(target), "sub_", value)
        made: ast.expr = ast.Name(target)
        if own:
            scale = own[0].scale or ast.Constant(1.0)
            for term in own[1:]:
                scale = ast.BinOp(scale, ast.Add(), term.scale or ast.Constant(1.0))
            made = _call(made, "mul_", ast.BinOp(ast.Constant(1.0), ast.Sub(), scale))
        return self._added(made, [replace(term, scale=negated(term.scale)) for term in rest])

    def made(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """The expression of a value, and whether it makes a tensor of its own."""
        if not self.is_tensor(node) or isinstance(node, ast.Name):
            return node, False
        terms = self.terms(node)
        if len(terms) == 1 and terms[0].scale is None and terms[0].by is None:
            return self._applied(node)
        match terms:
            case [Term(None, ast.Name() as one, None), Term(scale, ast.expr() as less, None)] if (
                is_minus_one(scale)
            ):
                return ast.BinOp(one, ast.Sub(), self.made(less)[0]), True
        first = next((t for t in terms if t.by is None and self._owns(t.tensor)), None)
        first = first or next((term for term in terms if term.tensor is not None), None)
        if first is None:
            return node, False
        rest = [term for term in terms if term is not first]
        assert first.tensor is not None
        value, owned = self.made(first.tensor)
        if first.by is not None:
            by, operator = self._operand(first.by, "denom"), ast.Mult()
            if first.divides:
                operator = ast.Div()
            value = _binary(value, operator, by, owned=owned)
            owned = True
        if first.scale is not None:
            value = _scaled(value, first.scale) if owned else _times(first.scale, value)
            owned = True
        if not owned and rest:
            value, rest = self._begun(value, rest)
            owned = True
        for term in rest:
            value = self._added(self._short(value), [term])
        return self._short(value), owned

    def _own(self, target: str, terms: list[Term]) -> tuple[list[Term] | None, list[Term]]:
        """The terms that are `target` times a number, and the others; None if one is strange."""
        if any(term.tensor is not None and not self.is_tensor(term.tensor) for term in terms):
            return None, terms
        own = [t for t in terms if t.by is None and _is_name(t.tensor, target)]
        return own, [term for term in terms if term not in own]

    def _owns(self, node: ast.expr | None) -> bool:
        return node is not None and not isinstance(node, ast.Name) and self.is_tensor(node)

    def _applied(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """A function or an operator of tensors."""
        match node:
            case ast.Call(ast.Attribute(ast.Name("torch"), name) as function, [part], []) if (
                name in UNARY
            ):
                value, owned = self.made(part)
                if owned:
                    return _call(value, f"{name}_"), True
                return ast.Call(function, [value], []), True
            case ast.Call(ast.Attribute(ast.Name("torch"), name) as function, args, []) if (
                name in NEW
            ):
                return ast.Call(function, [self.made(arg)[0] for arg in args], []), True
            case ast.BinOp(left=left, op=op, right=right) if self.is_tensor(left):
                value, owned = self.made(left)
                value = self._short(value) if owned else value
                return _binary(value, op, self.made(right)[0], owned=owned), True
            case ast.BinOp(left=left, op=op, right=right):
                value, owned = self.made(right)
                if owned and isinstance(op, ast.Mult):
                    return _call(value, "mul_", left), True
                return ast.BinOp(left, op, value), True
        return node, False

    def _short(self, value: ast.expr) -> ast.expr:
        """A value that the next call in a chain is written behind, by name if it is long."""
        return self.hoist("update", value) if len(show(value)) > _CHAIN else value

    def _operand(self, node: ast.expr, wanted: str) -> ast.expr:
        """A tensor as an argument, by name: an expression gets a line of its own."""
        value, _ = self.made(node)
        if isinstance(value, ast.Name):
            return value
        return self.hoist(wanted, value)

    def _begun(self, value: ast.expr, rest: list[Term]) -> tuple[ast.expr, list[Term]]:
        """A sum in a tensor of its own, begun with a tensor and the first of other terms."""
        term, more = rest[0], rest[1:]
        if term.tensor is None:
            return ast.BinOp(value, ast.Add(), term.scale or ast.Constant(1.0)), more
        operand = self._operand(term.tensor, "x")
        if term.by is None and term.scale is None:
            return ast.BinOp(value, ast.Add(), operand), more
        if term.by is None and is_minus_one(term.scale):
            return ast.BinOp(value, ast.Sub(), operand), more
        if term.by is None:
            assert term.scale is not None
            return ast.BinOp(value, ast.Add(), _times(term.scale, operand)), more
        name = "addcdiv" if term.divides else "addcmul"
        by = self._operand(term.by, "denom")
        return _function(name, value, operand, by, value=term.scale), more

    def _added(self, value: ast.expr, terms: list[Term]) -> ast.expr:
        """A tensor to which terms are added in place."""
        for term in terms:
            if term.tensor is None:
                value = _call(value, "add_", term.scale or ast.Constant(1.0))
                continue
            operand = self._operand(term.tensor, "update")
            if term.by is not None:
                name = "addcdiv_" if term.divides else "addcmul_"
                by = self._operand(term.by, "denom")
                value = _call(value, name, operand, by, value=term.scale)
            elif is_negative(term.scale):
                scale = None if is_minus_one(term.scale) else negated(term.scale)
                value = _call(value, "sub_", operand, alpha=scale)
            else:
                value = _call(value, "add_", operand, alpha=term.scale)
        return value


def _is_name(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_rest(term: Term, kept: ast.expr) -> bool:
    """True if a term is 1 - `kept` times a tensor that has a name."""
    whole = ast.BinOp(ast.Constant(1.0), ast.Sub(), kept)
    named = isinstance(term.tensor, ast.Name) and term.by is None
    return named and term.scale is not None and show(term.scale) == show(whole)


def _call(of: ast.expr, method: str, *args: ast.expr, **named: ast.expr | None) -> ast.expr:
    """`of.method(args)`, without the arguments that are None."""
    keywords = [ast.keyword(key, part) for key, part in named.items() if part is not None]
    return ast.Call(ast.Attribute(of, method), list(args), keywords)


def _function(name: str, *args: ast.expr, **named: ast.expr | None) -> ast.expr:
    return _call(ast.Name("torch"), name, *args, **named)


def _binary(left: ast.expr, op: ast.operator, right: ast.expr, *, owned: bool) -> ast.expr:
    """An operation, in place on the left if that is the value's own."""
    if owned and type(op) in _METHODS:
        return _call(left, _METHODS[type(op)], right)
    return ast.BinOp(left, op, right)


def _scaled(value: ast.expr, scale: ast.expr) -> ast.expr:
    """A tensor times a number in place."""
    match scale:
        case ast.BinOp(ast.Constant(1.0), ast.Div(), below):
            return _call(value, "div_", below)
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return _call(value, "neg_")
    return _call(value, "mul_", scale)


def _times(scale: ast.expr, value: ast.expr) -> ast.expr:
    """A number times a tensor, in a tensor of its own."""
    match scale:
        case ast.BinOp(ast.Constant(1.0), ast.Div(), below):
            return ast.BinOp(value, ast.Div(), below)
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return ast.UnaryOp(ast.USub(), value)
    return ast.BinOp(scale, ast.Mult(), value)
