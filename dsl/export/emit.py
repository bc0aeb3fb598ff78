"""From a program to lines of Python: what the hosts share.

A statement becomes a line `name = expression`, or stands inside its only reader where that stays
readable. The author's names are kept; the next value of a slot has the slot's name.
"""

import ast
import inspect
import keyword
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from dsl.canonical import canonical_hash
from dsl.errors import ExportError
from dsl.export.expressions import Names, names_in, number, show
from dsl.kinds import Kind
from dsl.liveness import draws_noise, live, oracle_calls
from dsl.lower import spelled_out
from dsl.numbers import format_number
from dsl.program import Arg, Const, Local, Name, Program
from dsl.prune import prune
from dsl.registry import PRIMITIVES, Primitive, Scope

Resolve = Callable[[Arg], ast.expr]
"""How a host writes the arguments that are not inlined: names and lines."""

_LIMIT = 66
"""Characters of an expression above which its operands get lines of their own."""


@dataclass(frozen=True)
class Facts:
    """What of a program an emitted file is about; `program` is pruned, `first_g` spelled out."""

    source: Program
    program: Program
    reads: frozenset[str]
    noisy: bool
    oracles: bool

    @staticmethod
    def of(program: Program) -> "Facts":
        """The facts of `program`; ExportError if it holds what no host can express."""
        plain = _named(prune(spelled_out(prune(program))))
        for kind in {*plain.kinds, *(init.kind for _, init in plain.state)}:
            if kind not in (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL):
                raise ExportError(f"'{program.name}' holds a {kind}, which no host expresses yet")
        reads = live(plain).names
        hypers = tuple(h for h in plain.hypers if h[0] in reads)
        plain = replace(plain, hypers=hypers)
        return Facts(prune(program), plain, reads, draws_noise(plain), oracle_calls(plain) > 0)


def _named(program: Program) -> Program:
    """The program with a name for what the spelled-out `first_g` makes: the slot's own."""
    statements = list(program.statements)
    for at, statement in enumerate(statements):
        last = statement.args[-1] if statement.args else None
        if statement.op == "where" and statement.name is None and isinstance(last, Name):
            first = statement.args[0]
            if isinstance(first, Local) and statements[first.index].op == "equal":
                statements[at] = replace(statement, name=f"{last.id}_seen")
    return replace(program, statements=tuple(statements))


class Emitter:
    """Decides which statements get lines and what those are called; hosts write the lines.

    **Hosts define** `build`: the expression of one statement given its operands' expressions.
    """

    def __init__(self, facts: Facts, reserved: set[str]):
        self.facts = facts
        self.program = facts.program
        self.names = Names(reserved)
        self.called = {n: self.names.take(safe(n, reserved)) for n in self._given()}
        self.inline = self._candidates()
        self._split()
        self.line_names = self._name_lines()

    def _given(self) -> list[str]:
        return list(self.program.hyperparameters)

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        """The expression of statement `index`."""
        raise NotImplementedError

    def kind(self, arg: Arg) -> Kind:
        """The kind of an argument."""
        return self.program.kind_of(arg)

    def primitive(self, index: int) -> Primitive:
        """What statement `index` applies."""
        return PRIMITIVES[self.program.statements[index].op]

    def wanted(self, index: int) -> tuple[Kind, ...]:
        """The kinds that the arguments of statement `index` are lifted to."""
        kinds = tuple(map(self.kind, self.program.statements[index].args))
        return self.primitive(index).signature.bind(kinds)[0]

    def own_line(self, index: int) -> bool:
        """Whether a statement always gets a line: it works on the whole model, or it chooses."""
        primitive = self.primitive(index)
        return primitive.scope is not Scope.LEAF or bool(primitive.lazy)

    def value(self, arg: Arg, resolve: Resolve) -> ast.expr:
        """An argument as an expression: inlined, a number, or what `resolve` makes of it."""
        match arg:
            case Const(value):
                return number(value)
            case Local(index) if index in self.inline:
                return self.expression(index, resolve)
        return resolve(arg)

    def expression(self, index: int, resolve: Resolve) -> ast.expr:
        """The expression of a statement, with what is inlined in it."""
        statement = self.program.statements[index]
        return self.build(index, [self.value(arg, resolve) for arg in statement.args])

    def reads(self, index: int) -> list[Arg]:
        """The names and lines that the line of a statement reads, in order, each once."""
        found: dict[Arg, None] = {}

        def note(arg: Arg) -> ast.expr:
            found.setdefault(arg)
            return ast.Name("x")

        self.expression(index, note)
        return list(found)

    def demanded(self, roots: list[Arg], done: set[int]) -> list[int]:
        """The lines that `roots` need beyond `done`, in order, without what only a choice needs."""
        found: set[int] = set()
        stack = list(roots)
        while stack:
            arg = stack.pop()
            if isinstance(arg, Local) and arg.index not in found and arg.index not in done:
                found.add(arg.index)
                lazy = self.primitive(arg.index).lazy
                args = self.program.statements[arg.index].args
                stack.extend(a for at, a in enumerate(args) if at not in lazy)
        return sorted(found - self.inline)

    def behind(self, arg: Arg) -> set[int]:
        """Every statement that a value depends on within the step."""
        found: set[int] = set()
        stack = [arg]
        while stack:
            a = stack.pop()
            if isinstance(a, Local) and a.index not in found:
                found.add(a.index)
                stack.extend(self.program.statements[a.index].args)
        return found

    def _candidates(self) -> set[int]:
        outputs = (*self.program.updates, self.program.result)
        uses = Counter(
            arg
            for arg in (
                *(arg for s in self.program.statements for arg in s.args),
                *outputs,
            )
            if isinstance(arg, Local)
        )
        return {
            index
            for index, statement in enumerate(self.program.statements)
            if statement.name is None
            and uses[Local(index)] == 1
            and Local(index) not in outputs
            and not self.own_line(index)
        }

    def _split(self) -> None:
        """Takes out of `inline` what would make a line long or compute a value twice."""
        for index, statement in enumerate(self.program.statements):
            if self.own_line(index):
                self._pin(arg for arg in statement.args if self.kind(arg) is not Kind.GLOBAL)
                continue
            marks = [ast.Name(f"_{at}") for at in range(len(statement.args))]
            times = Counter(names_in(self.build(index, list(marks))))
            self._pin(
                arg for at, arg in enumerate(statement.args) if times[f"_{at}"] > 1
            )  # a template may use a parameter twice
            while len(self._display(index)) > _LIMIT:
                inner = [a.index for a in statement.args if isinstance(a, Local)]
                inner = [at for at in inner if at in self.inline]
                if not inner:
                    break
                self.inline.discard(max(inner, key=lambda at: len(self._display(at))))

    def _pin(self, args: Iterable[Arg]) -> None:
        self.inline -= {arg.index for arg in args if isinstance(arg, Local)}

    def _display(self, index: int) -> str:
        def resolve(arg: Arg) -> ast.expr:
            return ast.Name(self.display(arg))

        return show(self.expression(index, resolve))

    def display(self, arg: Arg) -> str:
        """About what an argument will be called; decides how much fits on a line."""
        match arg:
            case Local(at):
                return self.program.statements[at].name or f"x{at}"
            case Name(id):
                return id
        return ""

    def _name_lines(self) -> dict[int, str]:
        """A name for every line; a slot's next value gets the slot's name."""
        names: dict[int, str] = {}
        updates = zip(self.program.slots, self.program.updates, strict=True)
        for slot, update in updates:
            if isinstance(update, Local) and update.index not in names:
                names[update.index] = self.names.take(safe(slot))
        fresh = 0
        for index, statement in enumerate(self.program.statements):
            if index in names or index in self.inline:
                continue
            wanted = statement.name
            if wanted is None and self.program.result == Local(index):
                wanted = "step"
            if wanted is None:
                wanted, fresh = f"x{fresh}", fresh + 1
            names[index] = self.names.take(safe(wanted))
        return names


def safe(name: str, reserved: set[str] | None = None) -> str:
    """A program's name as one that a Python file can use."""
    name = name.strip("_") or "x"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in (reserved or ()):
        name += "_"
    return name


@lru_cache(maxsize=512)
def jax_body(function: Callable[..., object]) -> tuple[ast.expr | None, str]:
    """What a meaning function returns, if a single expression is all it is, and its source text."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    lines = source.splitlines()[tree.lineno - 1 :]
    body = tree.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    single = None
    if len(body) == 1 and isinstance(body[0], ast.Return):
        single = body[0].value
    return single, "\n".join(lines)


def camel_case(program: Program) -> str:
    """The name of a class: the docstring's spelling of the name (`AdamW: ...`) if it has one."""
    title = re.match(r"([A-Za-z]\w*)\b", program.doc)
    plain = program.name.replace("_", "")
    if title and title[1].lower() == plain.lower() and title[1][0].isupper():
        return title[1]
    return "".join(p[:1].upper() + p[1:] for p in program.name.split("_")) or "Rule"


def header(facts: Facts, evidence: str | None) -> list[str]:
    """The lines of a file's docstring that say where the rule comes from."""
    source = facts.source
    hypers = ", ".join(f"{name}={format_number(v)}" for name, v in facts.program.hypers)
    text = ["The rule (its result is subtracted from w):", ""]
    rule = replace(source, doc="")
    text += [f"    {line}" for line in str(rule).splitlines()]
    text += ["", f"Defaults: {hypers or 'none'}.", f"Canonical hash: {canonical_hash(source)}."]
    if evidence:
        text += ["", *evidence.strip().splitlines()]
    return [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').rstrip() for line in text]


def prose(text: str, indent: int) -> list[str]:
    """Lines of a docstring, wrapped."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n"):
        lines += textwrap.wrap(
            paragraph.replace("\\", "\\\\").replace('"""', "'''"), 100 - indent - 4
        ) or [""]
    return [(" " * indent + line).rstrip() for line in lines]


def update_of(program: Program) -> dict[str, Arg]:
    """The next value of each slot."""
    return dict(zip(program.slots, program.updates, strict=True))
