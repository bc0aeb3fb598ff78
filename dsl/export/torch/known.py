"""Names in an expression by what they stand for: tensors, numbers, and the signs of these.

An expression is a tensor where it is made, entry by entry, of tensors in the shape of the parameter
and of Python numbers.
"""

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from dsl.export.expressions import names_in

UNARY = {
    *("sqrt", "abs", "sign", "square", "exp", "expm1", "log", "tanh", "sigmoid", "sin", "cos"),
    *("tan", "sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh"),
}
"""Functions of PyTorch that have a form in place."""

NEW = {"maximum", "minimum", "clamp", "where", "log1p"}
"""Functions of PyTorch besides those that make a tensor of their own."""

_NOT_NEGATIVE = {"sqrt", "abs", "square", "exp", "sigmoid", "cosh"}
"""Those of them whose values are never below 0."""

_OF_SHAPE = {"shape", "ndim", "dtype", "device", "new_tensor"}
"""Attributes of a tensor that say nothing of its values."""


def values_in(node: ast.AST) -> list[str]:
    """The names in an expression of what it reads the value of, and not only shape and dtype."""
    match node:
        case ast.Attribute(ast.Name(), attr) if attr in _OF_SHAPE:
            return []
        case ast.Call(ast.Name("_number"), [value, ast.Name()], []):
            return values_in(value)
        case ast.Name() | ast.ListComp() | ast.GeneratorExp() | ast.Lambda():
            return names_in(node)
    return [name for part in ast.iter_child_nodes(node) for name in values_in(part)]


@dataclass
class Known:
    """Names by what they stand for.

    `tensors` are in the shape of the parameter, `numbers` are Python numbers. Of these `decays` lie
    in [0, 1) and `not_negative` from 0 on; unless a user says otherwise, `positive` are above 0
    and `absent` are 0.
    """

    tensors: set[str]
    numbers: set[str]
    decays: Collection[str] = ()
    not_negative: Collection[str] = ()
    positive: set[str] = field(default_factory=set)
    absent: Collection[str] = ()

    def is_tensor(self, node: ast.expr) -> bool:
        """True if a node is made of known tensors and numbers, in the parameter's shape."""
        match node:
            case ast.Name(id):
                return id in self.tensors
            case ast.BinOp(left=left, right=right):
                return self.is_tensor(left) or self.is_tensor(right)
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return self.is_tensor(part)
            case ast.Call(ast.Attribute(ast.Name("torch"), "clamp"), [part], [_]):
                return self.is_tensor(part)
            case ast.Call(ast.Attribute(ast.Name("torch"), name), args, []):
                return name in UNARY | NEW and any(map(self.is_tensor, args))
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
            case ast.BinOp(left=ast.Name(id), op=ast.Pow(), right=right) if id in self.decays:
                return self.is_number(right)
            case ast.BinOp(left, ast.Pow(), right):
                return self.is_above_zero(left) and self.is_number(right)
            case ast.BinOp(left, ast.Div(), right):
                return self.is_number(left) and self.is_above_zero(right)
            case ast.Call(ast.Name("max" | "min"), [left, right], []):
                return self.is_number(left) and self.is_number(right)
        return False

    def is_above_zero(self, node: ast.expr) -> bool:
        """True for a number that Python can divide by: the correction of an average `1 - b1**t`,
        what a decay shrinks by `1 + lr * wd`."""
        match node:
            case ast.Constant(float(value)):
                return value > 0
            case ast.Name("t"):
                return True
            case ast.Call(ast.Name("max"), [left, right], []):
                return self.is_above_zero(left) or self.is_above_zero(right)
            case ast.BinOp(ast.Constant(1.0), ast.Sub(), ast.BinOp(ast.Name(id), ast.Pow(), by)):
                return id in self.decays and self._is_from_one(by)
            case ast.BinOp(left, ast.Pow(), ast.Constant()):
                return self.is_above_zero(left)
            case ast.BinOp(left, ast.Mult(), right):
                return self.is_above_zero(left) and self.is_above_zero(right)
            case ast.BinOp(left, ast.Add(), right):
                one, other = self.is_above_zero(left), self.is_above_zero(right)
                return (one and self._is_from_zero(right)) or (other and self._is_from_zero(left))
        return False

    def _is_from_one(self, node: ast.expr) -> bool:
        """True for a number that is 1 or more: a power by less may round to 1."""
        match node:
            case ast.Constant(float(value)):
                return value >= 1
            case ast.Name("t"):
                return True
            case ast.BinOp(left, ast.Add(), right):
                one, other = self._is_from_one(left), self._is_from_one(right)
                return (one and self._is_from_zero(right)) or (other and self._is_from_zero(left))
        return False

    def _is_from_zero(self, node: ast.expr) -> bool:
        """True for a number that is 0 or more."""
        match node:
            case ast.Constant(float(value)):
                return value >= 0
            case ast.Name(id):
                return id in self.not_negative
            case ast.BinOp(left, ast.Mult() | ast.Add(), right):
                return self._is_from_zero(left) and self._is_from_zero(right)
        return self.is_above_zero(node)

    def is_denominator(self, node: ast.expr) -> bool:
        """True for a tensor without entries at 0, as `sqrt(v) + eps` usually is."""
        match node:
            case ast.BinOp(
                ast.Call(ast.Attribute(ast.Name("torch"), name), [part], []), ast.Add(), number
            ):
                positive = self._is_usually_positive(number)
                return positive and name in _NOT_NEGATIVE and self.is_tensor(part)
        return False

    def _is_usually_positive(self, number: ast.expr) -> bool:
        match number:
            case ast.Name(id) if id in self.positive:
                return True
            case ast.BinOp(left, ast.Mult(), right):
                return self._is_usually_positive(left) and self._is_usually_positive(right)
        return self.is_above_zero(number)

    def absent_factor(self, scale: ast.expr) -> str | None:
        """The factor of a number that is 0 unless a user says otherwise."""
        match scale:
            case ast.Name(id) if id in self.absent:
                return id
            case ast.BinOp(left, ast.Mult(), right):
                return self.absent_factor(left) or self.absent_factor(right)
            case ast.BinOp(left, ast.Div()):
                return self.absent_factor(left)
        return None
