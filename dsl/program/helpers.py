"""Helper rules of a program file: functions above the rule, written out wherever they are called.

    def ema(x, y, b=0.9):
        return b * x + (1 - b) * y

    def rule(w, g, m=zeros, *, lr=1e-3):
        m = ema(m, g)                       # as if it said 0.9 * m + (1 - 0.9) * g
        return lr * m

A helper is a function of its parameters alone. Calls bind arguments as Python does; numbers among
them are numbers inside. What comes out is one program, and nothing is left of the helper.
"""

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsl.errors import DslError, FormError, KindError, UnknownName, counted, did_you_mean
from dsl.language.numbers import format_number
from dsl.program.body import Body
from dsl.program.builder import Builder, number
from dsl.program.check import check_declared, check_distinct
from dsl.program.functions import check_head, local_names, statements
from dsl.program.places import Places
from dsl.program.refusals import STATEMENTS_OF_HELPERS, calls_itself, one_rule
from dsl.program.terms import INPUTS, Arg, Local, Statement

MAX_STATEMENTS = 10_000
"""Statements of a program when its helpers are written out."""
_MAX_WORK = 100_000
"""Expressions that are read in all calls of helpers, one that makes no statement included."""
_MAX_DEPTH = 24
"""Calls of helpers inside one another."""


@dataclass(frozen=True)
class Helper:
    """A helper as it is declared; `defaults` has the numbers of parameters that may be left out,
    and `by_position` counts the parameters that are not keyword-only."""

    function: ast.FunctionDef
    parameters: tuple[str, ...]
    by_position: int
    defaults: Mapping[str, float]

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def signature(self) -> str:
        """`ema(x, y, b=0.9)`."""
        shown = [
            f"{each}={format_number(self.defaults[each])}" if each in self.defaults else each
            for each in self.parameters
        ]
        if self.by_position < len(shown):
            shown.insert(self.by_position, "*")
        return f"{self.name}({', '.join(shown)})"

    def bound(self, body: Body, call: ast.Call) -> dict[str, Arg]:
        """The arguments of a call by the names of parameters, evaluated in their order."""
        for starred in (arg for arg in call.args if isinstance(arg, ast.Starred)):
            body.expression(starred)
        if len(call.args) > self.by_position:
            positions = counted(self.by_position, "argument")
            by = " by position" if self.by_position < len(self.parameters) else ""
            raise KindError(
                f"'{self.name}' takes {positions}{by}, met {len(call.args)}", help=self.signature
            )
        given = dict(zip(self.parameters, call.args, strict=False))
        for keyword in call.keywords:
            name = keyword.arg
            if name is None:
                raise body.places.at(keyword, FormError("the language has no `**`"))
            if name not in self.parameters:
                unknown = f"'{self.name}' has no parameter '{name}'"
                near = did_you_mean(name, self.parameters)
                refusal = UnknownName(f"{unknown}{near}", help=self.signature)
                raise body.places.at(keyword, refusal)
            if name in given:
                refusal = FormError(f"'{name}' of '{self.name}' is given twice")
                raise body.places.at(keyword, refusal)
            given[name] = keyword.value
        missing = [n for n in self.parameters if n not in given and n not in self.defaults]
        if missing:
            words = " and ".join(f"'{each}'" for each in missing)
            raise KindError(f"'{self.name}' is called without {words}", help=self.signature)
        values = {name: body.expression(node) for name, node in given.items()}
        return {
            name: values[name] if name in values else number(self.defaults[name])
            for name in self.parameters
        }


class Helpers:
    """The helpers of one text.

    **Arguments:** `functions`: those above the rule, in order. `build`: the rule that is built.
    """

    def __init__(self, places: Places, functions: Sequence[ast.FunctionDef], build: Builder):
        self.places = places
        self.build = build
        self.order: Mapping[str, int] = {function.name: at for at, function in enumerate(functions)}
        self._functions = functions
        self._one_rule = one_rule(build.name)
        self._declared: list[Helper] = []
        self._work = 0
        self._depth = 0

    def declare(self, rule: ast.FunctionDef) -> None:
        """Read the heads of the helpers; FormError for what is none, or is never called."""
        every = [*self._functions, rule]
        for name, count in Counter(each.name for each in every).items():
            if count > 1:
                again = [each for each in every if each.name == name][-1]
                raise self.places.at(
                    again, FormError(f"'{name}' is defined twice", help=self._one_rule)
                )
        for function in self._functions:
            self.places.function = function.name
            self._declared.append(self._head(function))
            self.places.function = rule.name
        called: set[str] = {*_calls(rule)}
        for function in reversed(self._functions):
            if function.name not in called:
                unused = f"helper '{function.name}' is never called"
                refusal = FormError(unused, help=self._one_rule)
                raise self.places.at(function, refusal)
            called |= {*_calls(function)}

    def _head(self, function: ast.FunctionDef) -> Helper:
        places, args, name = self.places, function.args, function.name
        places.guard(function, lambda: check_declared(name, "a helper"))
        check_head(places, function, "a helper")
        params = [node.arg for node in (*args.args, *args.kwonlyargs)]
        places.guard(function, lambda: check_distinct(params))
        plain = len(args.args) - len(args.defaults)
        pairs = [*zip(args.args[plain:], args.defaults, strict=True)]
        pairs += [(n, d) for n, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d]
        numbers = HelperBody(self, function, {}, self.order[name])
        defaults = {}
        for node, default in pairs:
            if any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(default)):
                refusal = f"a helper has no slots: '{node.arg}' may be a number by default"
                raise places.at(default, FormError(refusal, help=self._one_rule))
            refusal = f"the default of '{node.arg}' is no number"
            defaults[node.arg] = numbers.number(default, refusal, "e.g. b=0.9")
        return Helper(function, tuple(params), len(args.args), defaults)

    def count(self, node: ast.expr) -> None:
        """Count an expression that is read in a helper; FormError at one too many."""
        self._work += 1
        if self._work > _MAX_WORK:
            refusal = f"the helpers are written out to more than {_MAX_WORK} expressions"
            raise self.places.at(node, FormError(refusal))

    def values(self, body: Body, call: ast.Call, at: int) -> tuple[Arg, ...]:
        """The values that a call of helper number `at` gives, whose statements are written here.

        **Arguments:** `body`: that of the function which calls.
        """
        places, helper = self.places, self._declared[at]
        if at >= body.position:
            raise places.at(call.func, calls_itself("helper", helper.name, at > body.position))
        given = places.guard(call, lambda: helper.bound(body, call))
        if self._depth >= _MAX_DEPTH:
            refusal = f"helpers call helpers, more than {_MAX_DEPTH} inside one another"
            raise places.at(call, FormError(refusal))
        outer, places.function = places.function, helper.name
        self._depth += 1
        try:
            inside = HelperBody(self, helper.function, given, at)
            return inside.returned()
        except DslError as error:
            kinds = ", ".join(f"{name}: {self.build.kind_of(arg)}" for name, arg in given.items())
            with_kinds = f", with {kinds}" if kinds else ""
            error.called += (f"line {call.lineno} of {outer}{with_kinds}",)
            raise
        finally:
            places.function = outer
            self._depth -= 1


class HelperBody(Body):
    """Reads the body of a helper for one call, whose arguments its parameters are bound to."""

    def __init__(
        self, helpers: Helpers, function: ast.FunctionDef, given: Mapping[str, Arg], position: int
    ):
        super().__init__(helpers, local_names(function), position)
        self.count = helpers.count
        self.function = function
        self.bound = dict(given)
        self.first = len(self.build.statements)

    def returned(self) -> tuple[Arg, ...]:
        """The values that the helper returns, without the names that they have in it."""
        node = self.run(statements(self.function), self.function)
        parts = node.elts if isinstance(node, ast.Tuple) and len(node.elts) > 1 else [node]
        found = tuple(self.expression(part) for part in parts)
        for arg in found:
            if isinstance(arg, Local) and arg.index >= self.first:
                made = self.build.statements[arg.index]
                self.build.statements[arg.index] = Statement(made.op, made.args)
        return found

    def read(self, name: str) -> Arg:
        if name in self.bound:
            return self.bound[name]
        rule = self.build.bound
        what = "an input" if name in INPUTS else "a name of the rule" if name in rule else ""
        if what:
            raise UnknownName(
                f"helper '{self.function.name}' reads '{name}', {what} that it is not given",
                help=f"add '{name}' to its parameters, and hand it over in every call",
            )
        raise UnknownName(f"unbound name '{name}'{did_you_mean(name, self.bound)}")

    def assign(self, name: str, value: Arg) -> None:
        self.build.note(value, name)
        self.bound[name] = value

    def binds(self, name: str) -> bool:
        return name in self.bound

    def expression(self, node: ast.expr) -> Arg:
        self.count(node)
        return super().expression(node)

    def call(self, node: ast.expr, op: str, args: tuple[Arg, ...]) -> Arg:
        if len(self.build.statements) >= MAX_STATEMENTS:
            limit = f"the helpers make more than {MAX_STATEMENTS} statements of this rule"
            raise self.places.at(node, FormError(limit))
        return super().call(node, op, args)

    def without_return(self) -> DslError:
        name = self.function.name
        return FormError(f"helper '{name}' ends without `return`", help=STATEMENTS_OF_HELPERS)


def _calls(function: ast.FunctionDef) -> list[str]:
    """The names that a function calls."""
    return [
        node.func.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
