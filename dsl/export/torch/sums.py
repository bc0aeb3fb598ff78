"""Sums of tensors: each term a number times a tensor, a product or a quotient of two.

The numbers of an expression are worked out apart from its tensors: `-lr * wd * w` is the tensor `w`
at the scale `-(lr * wd)`.
"""

import ast
from dataclasses import dataclass, replace

from dsl.export.torch.known import Known, values_in


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
        return any(name in values_in(part) for part in parts)


class Sums:
    """Expressions over the names in `known` as terms."""

    def __init__(self, known: Known):
        self.known = known
        self.is_tensor = known.is_tensor
        self.is_number = known.is_number

    def terms(self, node: ast.expr) -> list[Term]:
        """The terms of a sum; of anything else, the one that it is."""
        if self.is_number(node):
            return [Term(node)]
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return [replace(term, scale=negated(term.scale)) for term in self.terms(part)]
            case ast.BinOp(left=left, op=ast.Add(), right=right) if self._both(left, right):
                return [*self.terms(left), *self.terms(right)]
            case ast.BinOp(left=left, op=ast.Sub(), right=right) if self._both(left, right):
                less = [replace(t, scale=negated(t.scale)) for t in self.terms(right)]
                return [*self.terms(left), *less]
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                if self.is_number(left):
                    return [replace(t, scale=product(left, t.scale)) for t in self.terms(right)]
                if self.is_number(right):
                    return [replace(t, scale=product(right, t.scale)) for t in self.terms(left)]
                if self.is_tensor(left) and self.is_tensor(right):
                    return [self._paired(left, right, divides=False)]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                if self._divides(right) and self.is_tensor(left):
                    return [replace(t, scale=quotient(t.scale, right)) for t in self.terms(left)]
                if self.is_tensor(left) and self.is_tensor(right):
                    return [self._paired(left, right, divides=True)]
            case ast.Call(ast.Attribute(ast.Name("torch"), "square"), [part], []):
                if self.is_tensor(part):
                    return [Term(None, part, part)]
        return [Term(None, node)]

    def _divides(self, number: ast.expr) -> bool:
        """True for a divisor that the numbers before a tensor can be divided by."""
        return self.known.is_above_zero(number) and not isinstance(number, ast.Constant)

    def _both(self, *parts: ast.expr) -> bool:
        return all(self.is_tensor(part) or self.is_number(part) for part in parts)

    def _paired(self, left: ast.expr, right: ast.expr, *, divides: bool) -> Term:
        """A product or quotient of tensors; the number before the first one is that of the term."""
        match self.terms(left):
            case [Term(scale, ast.expr() as tensor, None)]:
                return Term(scale, tensor, right, divides)
        return Term(None, left, right, divides)


def product(number: ast.expr, scale: ast.expr | None) -> ast.expr:
    match number, scale:
        case _, None:
            return number
        case ast.BinOp(above, ast.Div(), below), _:
            return ast.BinOp(product(above, scale), ast.Div(), below)
        case _, ast.BinOp(above, ast.Div(), below):
            one = isinstance(above, ast.Constant) and above.value == 1
            return ast.BinOp(number if one else product(number, above), ast.Div(), below)
        case _, ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return negated(number) or ast.Constant(1.0)
    return ast.BinOp(number, ast.Mult(), scale)


def quotient(scale: ast.expr | None, below: ast.expr) -> ast.expr:
    return ast.BinOp(scale or ast.Constant(1.0), ast.Div(), below)


def negated(scale: ast.expr | None) -> ast.expr | None:
    """The other sign of a number, 1 where it is None."""
    match scale:
        case None:
            return ast.UnaryOp(ast.USub(), ast.Constant(1.0))
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return None
        case ast.UnaryOp(ast.USub(), part):
            return part
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            return ast.BinOp(negated(left) or ast.Constant(1.0), op, right)
    return ast.UnaryOp(ast.USub(), scale)


def is_negative(scale: ast.expr | None) -> bool:
    """True if a number is written with a minus."""
    match scale:
        case ast.UnaryOp(ast.USub()):
            return True
        case ast.BinOp(left, ast.Mult() | ast.Div()):
            return is_negative(left)
    return False


def is_minus_one(scale: ast.expr | None) -> bool:
    match scale:
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return True
    return False
