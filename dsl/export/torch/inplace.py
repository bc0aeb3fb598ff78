"""Expressions as operations in place: `w.mul_(1 - lr * wd).addcdiv_(m, denom, value=-lr)`.

An expression over tensors of one shape is a sum of terms, each a number times a tensor, a product
or a quotient of two. A sum that has the tensor it goes into among its terms is added to that
tensor; any other is made in a tensor of its own, which what follows may write over.
"""

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from dsl.export.expressions import names_in, show

_UNARY = {
    *("sqrt", "abs", "sign", "square", "exp", "expm1", "log", "tanh", "sigmoid", "sin", "cos"),
    *("tan", "sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh"),
}
"""Functions of PyTorch that have a form in place."""

_NEW = {"maximum", "minimum", "clamp", "where", "log1p"}
"""Functions of PyTorch besides those that make a tensor of their own."""

_METHODS: dict[type[ast.operator], str] = {
    **{ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_", ast.Pow: "pow_"},
}
"""The methods of tensors that operators have in place."""


_CHAIN = 56
"""The longest expression that further calls are chained to."""

_ARGUMENT = 76
"""The longest step that is written in the call that moves the parameter."""


@dataclass(frozen=True)
class Statement:
    """A line of the loop: a value under a name, or a call that changes a tensor."""

    label: str | None
    value: ast.expr


@dataclass(frozen=True)
class Term:
    """`scale * tensor`, or `scale * tensor * by`, or `scale * tensor / by`; 1 where None.

    A term without a tensor is the number `scale`.
    """

    scale: ast.expr | None
    tensor: ast.expr | None = None
    by: ast.expr | None = None
    divides: bool = False

    def mentions(self, name: str) -> bool:
        """True if a tensor of the term is, or is made of, the one called `name`."""
        parts = [part for part in (self.tensor, self.by) if part is not None]
        return any(name in names_in(part) for part in parts)


class InPlace:
    """Writes expressions in place.

    **Arguments:** `tensors`: the names of tensors in the shape of the parameter, never written
    over. `numbers`: names of Python numbers. `betas`: those of them in [0, 1). `hoist`: gives an
    expression a line of its own and returns the name, by the name that is wanted.
    """

    def __init__(
        self,
        tensors: Collection[str],
        numbers: Collection[str],
        betas: Collection[str],
        hoist: Callable[[str, ast.expr], ast.expr],
    ):
        self.tensors = tensors
        self.numbers = numbers
        self.betas = betas
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
        return self._added(made, [replace(term, scale=_negated(term.scale)) for term in rest])

    def made(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """The expression of a value, and whether it makes a tensor of its own."""
        if not self.is_tensor(node) or isinstance(node, ast.Name):
            return node, False
        terms = self.terms(node)
        if len(terms) == 1 and terms[0].scale is None and terms[0].by is None:
            return self._applied(node)
        match terms:
            case [Term(None, ast.Name() as one, None), Term(scale, ast.expr() as less, None)] if (
                _is_minus_one(scale)
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

    def is_tensor(self, node: ast.expr) -> bool:
        """True if a node is made of known tensors and numbers, in the parameter's shape."""
        match node:
            case ast.Name(id):
                return id in self.tensors
            case ast.BinOp(left=left, right=right):
                return self.is_tensor(left) or self.is_tensor(right)
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return self.is_tensor(part)
            case ast.Call(ast.Attribute(ast.Name("torch"), name), args, []):
                return name in _UNARY | _NEW and any(map(self.is_tensor, args))
        return False

    def is_number(self, node: ast.expr) -> bool:
        """True if a node is a Python number."""
        match node:
            case ast.Constant():
                return True
            case ast.Name(id):
                return id in self.numbers
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return self.is_number(part)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
                return self.is_number(left) and self.is_number(right)
            case ast.BinOp(left=ast.Name(id), op=ast.Pow(), right=right):
                return id in self.betas and self.is_number(right)
        return False

    def terms(self, node: ast.expr) -> list[Term]:
        """The terms of a sum; of anything else, the one that it is."""
        if self.is_number(node):
            return [Term(node)]
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return [replace(term, scale=_negated(term.scale)) for term in self.terms(part)]
            case ast.BinOp(left=left, op=ast.Add(), right=right) if self._both(left, right):
                return [*self.terms(left), *self.terms(right)]
            case ast.BinOp(left=left, op=ast.Sub(), right=right) if self._both(left, right):
                less = [replace(t, scale=_negated(t.scale)) for t in self.terms(right)]
                return [*self.terms(left), *less]
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                if self.is_number(left):
                    return [replace(t, scale=_product(left, t.scale)) for t in self.terms(right)]
                if self.is_number(right):
                    return [replace(t, scale=_product(right, t.scale)) for t in self.terms(left)]
                if self.is_tensor(left) and self.is_tensor(right):
                    return [self._paired(left, right, divides=False)]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                if self._is_above_zero(right) and self.is_tensor(left):
                    return [replace(t, scale=_quotient(t.scale, right)) for t in self.terms(left)]
                if self.is_tensor(left) and self.is_tensor(right):
                    return [self._paired(left, right, divides=True)]
            case ast.Call(ast.Attribute(ast.Name("torch"), "square"), [ast.Name() as part], []):
                if self.is_tensor(part):
                    return [Term(None, part, part)]
        return [Term(None, node)]

    def _both(self, *parts: ast.expr) -> bool:
        return all(self.is_tensor(part) or self.is_number(part) for part in parts)

    def _paired(self, left: ast.expr, right: ast.expr, *, divides: bool) -> Term:
        """A product or quotient of tensors; the number before the first one is that of the term."""
        match self.terms(left):
            case [Term(scale, ast.expr() as tensor, None)]:
                return Term(scale, tensor, right, divides)
        return Term(None, left, right, divides)

    def _is_above_zero(self, node: ast.expr) -> bool:
        """True for the correction of an average, `1 - b1**t`, by which Python can divide."""
        match node:
            case ast.BinOp(ast.Constant(1.0), ast.Sub(), ast.BinOp(ast.Name(id), ast.Pow())):
                return id in self.betas and self.is_number(node)
        return False

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
                name in _UNARY
            ):
                value, owned = self.made(part)
                if owned:
                    return _call(value, f"{name}_"), True
                return ast.Call(function, [value], []), True
            case ast.Call(ast.Attribute(ast.Name("torch"), name) as function, args, []) if (
                name in _NEW
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
        """A tensor as an argument: with a line of its own, if it is none yet."""
        value, _ = self.made(node)
        if isinstance(value, ast.Name):
            return value
        return self.hoist(wanted, value)

    def _begun(self, value: ast.expr, rest: list[Term]) -> tuple[ast.expr, list[Term]]:
        """A sum in a tensor of its own, begun with a tensor and the first of other terms."""
        term, more = rest[0], rest[1:]
        if term.tensor is None:
            assert term.scale is not None
            return ast.BinOp(value, ast.Add(), term.scale), more
        operand = self._operand(term.tensor, "x")
        if term.by is None and term.scale is None:
            return ast.BinOp(value, ast.Add(), operand), more
        if term.by is None and _is_minus_one(term.scale):
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
                assert term.scale is not None
                value = _call(value, "add_", term.scale)
                continue
            operand = self._operand(term.tensor, "update")
            if term.by is not None:
                name = "addcdiv_" if term.divides else "addcmul_"
                by = self._operand(term.by, "denom")
                value = _call(value, name, operand, by, value=term.scale)
            elif _is_negative(term.scale):
                scale = None if _is_minus_one(term.scale) else _negated(term.scale)
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


def _product(number: ast.expr, scale: ast.expr | None) -> ast.expr:
    match scale:
        case None:
            return number
        case ast.BinOp(ast.Constant(1.0), ast.Div(), below):
            return ast.BinOp(number, ast.Div(), below)
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            negative = _negated(number)
            assert negative is not None
            return negative
    return ast.BinOp(number, ast.Mult(), scale)


def _quotient(scale: ast.expr | None, below: ast.expr) -> ast.expr:
    return ast.BinOp(scale or ast.Constant(1.0), ast.Div(), below)


def _negated(scale: ast.expr | None) -> ast.expr | None:
    """The other sign of a number, 1 where it is None."""
    match scale:
        case None:
            return ast.UnaryOp(ast.USub(), ast.Constant(1.0))
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return None
        case ast.UnaryOp(ast.USub(), part):
            return part
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            return ast.BinOp(_negated(left) or ast.Constant(1.0), op, right)
    return ast.UnaryOp(ast.USub(), scale)


def _is_negative(scale: ast.expr | None) -> bool:
    """True if a number is written with a minus."""
    match scale:
        case ast.UnaryOp(ast.USub()):
            return True
        case ast.BinOp(left, ast.Mult() | ast.Div()):
            return _is_negative(left)
    return False


def _is_minus_one(scale: ast.expr | None) -> bool:
    match scale:
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return True
    return False
