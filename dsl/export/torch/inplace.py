"""Expressions as operations in place: `w.mul_(1 - lr * wd).addcdiv_(m, denom, value=-lr)`.

A sum (`sums.py`) that has the tensor it goes into among its terms is added to that tensor; any
other is made in a tensor of its own, which what follows may write over.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace

from dsl.export.expressions import names_in, show
from dsl.export.torch.calls import (
    ONE,
    binary,
    function,
    is_name,
    is_rest,
    method,
    plus,
    scaled,
    shrunk,
    times,
)
from dsl.export.torch.known import NEW, UNARY, Known
from dsl.export.torch.sums import Sums, Term, is_minus_one, negated, product

_CHAIN = 56
"""The longest expression that further calls are chained to."""

_ARGUMENT = 76
"""The longest step that is written in the call that moves the parameter."""


@dataclass(frozen=True)
class CodeLine:
    """A line of the loop: a value under a name, or a call that changes a tensor.

    `absent` is the number at which the call changes nothing and is left out, if it is 0.
    """

    label: str | None
    value: ast.expr
    absent: str | None = None


class InPlace(Sums):
    """Writes expressions in place.

    **Arguments:** `known`: its tensors are never written over. `hoist`: gives an expression a line
    of its own and returns the name, by the name that is wanted.
    """

    def __init__(self, known: Known, hoist: Callable[[str, ast.expr], ast.expr]):
        super().__init__(known)
        self.hoist = hoist
        self.exact = {"w", "g"}
        """The tensors certain to have the dtype of the parameter, also where it has no axes."""

    def note(self, label: str, text: ast.expr) -> None:
        """Note that `label` is the value of an expression of what is known."""
        if {*names_in(text)} <= {*self.exact, *self.known.numbers, "torch"}:
            self.exact.add(label)

    def renews(self, target: str, value: ast.expr) -> bool:
        """True if a value is a sum with `target` as a term, and in no other term."""
        own, rest = self._own(target, self.terms(value))
        return own is not None and len(own) == 1 and not any(t.mentions(target) for t in rest)

    def renewed(self, target: str, value: ast.expr) -> list[CodeLine]:
        """The lines that make `target` a value that renews it."""
        own, rest = self._own(target, self.terms(value))
        assert own is not None
        kept = own[0].scale
        names = {*names_in(rest[0].tensor)} if rest and rest[0].tensor is not None else set()
        if len(rest) == 1 and kept is not None and is_rest(rest[0], kept) and names <= self.exact:
            assert rest[0].scale is not None and rest[0].tensor is not None
            made = method(ast.Name(target), "lerp_", rest[0].tensor, rest[0].scale)
            return [CodeLine(None, made)]
        if len(rest) == 1 and kept is not None and names <= self.exact | self.known.numbers:
            square, weight = self._new_square(rest[0], kept), rest[0].scale
            if square is not None and weight is not None:
                return [CodeLine(None, method(ast.Name(target), "lerp_", square, weight))]
        made: ast.expr = ast.Name(target)
        if kept is not None:
            made = scaled(made, kept)
        return self._into(target, made, rest)

    def _new_square(self, term: Term, kept: ast.expr) -> ast.expr | None:
        """The square in a term that is 1 - `kept` times one of a value without a name."""
        if term.by is None or term.by is not term.tensor or isinstance(term.by, ast.Name):
            return None
        if term.scale is None or show(term.scale) != show(ast.BinOp(ONE, ast.Sub(), kept)):
            return None
        return self.hoist("update", self.made(function("square", term.by))[0])

    def moved(self, target: str, step: ast.expr) -> list[CodeLine]:
        """The lines that subtract a step from `target`."""
        own, rest = self._own(target, self.terms(step))
        replaced = own is not None and [term.scale for term in own] == [None]
        if replaced and any(target in names_in(t.tensor) for t in rest if t.tensor is not None):
            own = None
        if own is None or any(term.mentions(target) for term in rest):
            value, _ = self.made(step)
            value = self.hoist("update", value) if len(show(value)) > _ARGUMENT else value
            return [CodeLine(None, method(ast.Name(target), "sub_", value))]
        rest = [part for term in rest for part in self._parts(self._corrected(term))]
        rest = [replace(term, scale=negated(term.scale)) for term in rest]
        made: ast.expr = ast.Name(target)
        first: list[CodeLine] = []
        if own:
            scale = own[0].scale or ONE
            for term in own[1:]:
                scale = ast.BinOp(scale, ast.Add(), term.scale or ONE)
            made = shrunk(made, scale)
            absent = self.known.absent_factor(scale) if len(own) == 1 else None
            if absent is not None:
                first, made = [CodeLine(None, made, absent)], ast.Name(target)
        return [*first, *self._into(target, made, rest)]

    def _corrected(self, term: Term) -> Term:
        """A term over the root of a corrected average, with the correction among the numbers:
        `m / (sqrt(v / c) + eps)` is `r * m / (sqrt(v) + eps * r)` with the root `r` of `c`."""
        match term.by:
            case ast.BinOp(
                ast.Call(
                    ast.Attribute(ast.Name("torch"), "sqrt") as sqrt, [ast.expr() as part], []
                ),
                ast.Add(),
                least,
            ) if term.divides and term.scale is not None and self.is_number(least):
                match part:
                    case ast.BinOp(average, ast.Div(), ast.BinOp() as by) if (
                        self.known.is_above_zero(by) and self.is_tensor(average)
                    ):
                        root = self.hoist("root", ast.BinOp(by, ast.Pow(), ast.Constant(0.5)))
                        least = ast.BinOp(least, ast.Mult(), root)
                        below = ast.BinOp(ast.Call(sqrt, [average], []), ast.Add(), least)
                        return replace(term, scale=product(term.scale, root), by=below)
        return term

    def _parts(self, term: Term) -> list[Term]:
        """A sum of tensors over a denominator as a term for each of them; others as they are."""
        if term.by is None or term.tensor is None or not self.known.is_denominator(term.by):
            return [term]
        parts = self.terms(term.tensor)
        if not (parts[1:] and all(t.by is None and isinstance(t.tensor, ast.Name) for t in parts)):
            return [term]
        by = self._operand(term.by, "denom")
        scales = [product(term.scale, t.scale) if term.scale else t.scale for t in parts]
        return [
            replace(term, scale=scale, tensor=part.tensor, by=by)
            for scale, part in zip(scales, parts, strict=True)
        ]

    def _into(self, target: str, made: ast.expr, terms: list[Term]) -> list[CodeLine]:
        """The lines that add terms to `target`, on which `made` is a chain of calls."""
        lines: list[CodeLine] = []
        for term in terms:
            if len(show(made)) > _CHAIN:
                lines, made = [*lines, CodeLine(None, made)], ast.Name(target)
            made = self._added(made, term)
        return lines if is_name(made, target) else [*lines, CodeLine(None, made)]

    def made(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """The expression of a value, and whether it makes a tensor of its own."""
        if not self.is_tensor(node) or isinstance(node, ast.Name):
            return node, False
        terms = self.terms(node)
        alone = len(terms) == 1 and terms[0].scale is None
        if alone and (terms[0].by is None or isinstance(node, ast.Call)):
            return self._applied(node)
        match terms:
            case [Term(None, ast.Name() as one, None), Term(scale, ast.expr() as less, None)] if (
                is_minus_one(scale)
            ):
                return ast.BinOp(one, ast.Sub(), self.made(less)[0]), True
        if (average := self._average(terms)) is not None:
            return average, True
        first = self._first(terms)
        if first is None:
            return node, False
        rest = [term for term in terms if term is not first]
        assert first.tensor is not None
        value, owned = self.made(first.tensor)
        value = self._short(value) if owned else value
        if first.by is first.tensor:
            value, owned = (method(value, "square_") if owned else function("square", value)), True
        elif first.by is not None:
            operator = ast.Div() if first.divides else ast.Mult()
            by = self._operand(first.by, "denom")
            value, owned = binary(value, operator, by, owned=owned), True
        if first.scale is not None:
            value = scaled(value, first.scale) if owned else times(first.scale, value)
            owned = True
        if not owned and rest:
            value, rest = self._begun(value, rest)
            owned = True
        for term in rest:
            value = self._added(self._short(value), term)
        return value, owned

    def _average(self, terms: list[Term]) -> ast.expr | None:
        """`m.lerp(g, 1 - b1)`, where a sum is that of two tensors with names."""
        if len(terms) != 2:
            return None
        for old, new in (terms, reversed(terms)):
            if not (isinstance(old.tensor, ast.Name) and isinstance(old.scale, ast.Name)):
                continue
            decay = old.scale.id in self.known.decays and old.by is None
            if decay and is_rest(new, old.scale):
                assert isinstance(new.tensor, ast.Name) and new.scale is not None
                if {old.tensor.id, new.tensor.id} <= self.exact:
                    return method(old.tensor, "lerp", new.tensor, new.scale)
        return None

    def _first(self, terms: list[Term]) -> Term | None:
        """The term that a sum begins with: what makes a tensor of its own, or stands as it is."""
        tensors = [term for term in terms if term.tensor is not None]
        own = (term for term in tensors if term.by is None and self._owns(term.tensor))
        plain = (term for term in tensors if term.by is None and term.scale is None)
        return next(own, None) or next(plain, None) or next(iter(tensors), None)

    def _own(self, target: str, terms: list[Term]) -> tuple[list[Term] | None, list[Term]]:
        """The terms that are `target` times a number, and the others; None if one is strange."""
        if any(term.tensor is not None and not self.is_tensor(term.tensor) for term in terms):
            return None, terms
        own = [t for t in terms if t.by is None and is_name(t.tensor, target)]
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
                    return method(self._short(value), f"{name}_"), True
                return ast.Call(function, [value], []), True
            case ast.Call(ast.Attribute(ast.Name("torch"), name) as function, args, []) if (
                name in NEW
            ):
                return ast.Call(function, [self.made(arg)[0] for arg in args], []), True
            case ast.BinOp(left=left, op=op, right=right) if self.is_tensor(left):
                value, owned = self.made(left)
                value = self._short(value) if owned else value
                return binary(value, op, self.made(right)[0], owned=owned), True
            case ast.BinOp(left=left, op=op, right=right):
                value, owned = self.made(right)
                if owned and isinstance(op, ast.Mult):
                    return method(self._short(value), "mul_", left), True
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
            return ast.BinOp(value, ast.Add(), term.scale or ONE), more
        operand = self._operand(term.tensor, "x")
        if term.by is None:
            return plus(value, term.scale, operand, owned=False), more
        name = "addcdiv" if term.divides else "addcmul"
        by = operand if term.by is term.tensor else self._operand(term.by, "denom")
        return function(name, value, operand, by, value=term.scale), more

    def _added(self, value: ast.expr, term: Term) -> ast.expr:
        """A tensor to which a term is added in place."""
        if term.tensor is None:
            return method(value, "add_", term.scale or ONE)
        operand = self._operand(term.tensor, "update")
        if term.by is None:
            return plus(value, term.scale, operand, owned=True)
        name = "addcdiv_" if term.divides else "addcmul_"
        by = operand if term.by is term.tensor else self._operand(term.by, "denom")
        return method(value, name, operand, by, value=term.scale)
