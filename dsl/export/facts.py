"""Facts about a program that an emitted file needs, whichever host it is for."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from dsl.export.expressions import call, expression, number
from dsl.export.shapes import alike, fills
from dsl.language.hyperparameters import COMMON, Hyper
from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.stated import range_text
from dsl.program.walk import remap
from dsl.rewrite.liveness import draws_noise, live, sources
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.point import keeping_point
from dsl.rewrite.prune import prune
from dsl.zoo import ENTRIES


@dataclass(frozen=True)
class Facts:
    """A program as a file is written from it.

    `source` is the program pruned, `program` that as a file has it: with `first_g` spelled out, but
    where a host starts its slots with the gradient at hand. Its point of evaluation, if it has one,
    is held by the slot `point` of `program`. `reads` are the inputs, hyperparameters and slots that
    it reads, `sources` what it asks of the caller. `meanings` say what its hyperparameters mean, as
    far as that is known, and `whole` are those that count something.
    """

    source: Program
    program: Program
    reads: frozenset[str]
    noisy: bool
    sources: tuple[Source, ...]
    meanings: Mapping[str, str]
    whole: frozenset[str] = frozenset()
    point: str | None = None

    @staticmethod
    def of(program: Program, name: str | None = None, *, first_gradient: bool = False) -> "Facts":
        """The facts of `program`.

        **Arguments:** `name`: what the program is called in the file, its name by default.
        `first_gradient`: whether the host starts a slot when the first gradient is there.
        """
        program = _of_one_length(program)
        known, counting = meanings(program), whole(program)
        program = program.renamed(name) if name else program
        kept = prune(program)
        kept = kept if first_gradient else prune(spelled_out(kept))
        reads = live(kept).names
        hypers = {name: value for name, value in kept.hyperparameters.items() if name in reads}
        noisy, asked = draws_noise(kept), sources(kept)
        kept, point = keeping_point(replace(kept, hyperparameters=hypers))
        return Facts(prune(program), kept, reads, noisy, asked, known, counting, point)

    @property
    def kept(self) -> tuple[str, ...]:
        """The slots that stay, whoever reads them: that of the point."""
        return () if self.point is None else (self.point,)

    @property
    def oracles(self) -> bool:
        """True if the rule asks an oracle."""
        return bool(self.sources)

    @property
    def of_parts(self) -> bool:
        """True if the rule asks oracles, and each has an answer on parts of a batch."""
        asked = [p.oracle for p in map(self.primitive, range(len(self.program.statements)))]
        return self.oracles and all(oracle.of_parts for oracle in asked if oracle)

    def primitive(self, index: int) -> Primitive:
        """The primitive that statement `index` applies."""
        return PRIMITIVES[self.program.statements[index].op]

    def wanted(self, index: int) -> tuple[Kind, ...]:
        """The kinds that the arguments of statement `index` are lifted to."""
        kinds = tuple(map(self.program.kind_of, self.program.statements[index].args))
        return self.primitive(index).signature.bind(kinds)[0]

    def own_line(self, index: int) -> bool:
        """True if a statement always gets a line: it works on the whole model, or it chooses."""
        primitive = self.primitive(index)
        return primitive.scope is not Scope.LEAF or bool(primitive.lazy)

    def by_part(self, index: int) -> bool:
        """True if a statement maps several arrays per parameter, number by number."""
        made = self.program.kind_of(Local(index))
        return made.many and self.primitive(index).signature.elementwise

    def to_spread(self, index: int) -> dict[int, Kind]:
        """The kinds that the host broadcasts arguments of a statement to, by their positions.

        What maps number by number broadcasts by itself, if its arguments fill the shape of the
        result; all else wants arrays of the right shape.
        """
        args, wanted = self.program.statements[index].args, self.wanted(index)
        have = tuple(map(self.program.kind_of, args))
        numbers = {Kind.GLOBAL, Kind.SCALAR}
        if self.primitive(index).signature.elementwise:
            made = self.program.kind_of(Local(index))
            filled = made in numbers or made.many or fills(have, made)
            numbers |= set(have) if filled else set()
            return {at: made for at, kind in enumerate(have) if kind not in {*numbers, made}}
        pairs = enumerate(zip(have, wanted, strict=True))
        return {at: to for at, (kind, to) in pairs if to not in numbers and not alike(kind, to)}

    def without_members(self, index: int) -> list[int]:
        """Positions of the arguments that lack the first axis of an element-wise result, that of
        the members, and are not spread to it."""
        kinds = [self.program.kind_of(arg) for arg in self.program.statements[index].args]
        made = self.program.kind_of(Local(index))
        if made.length is None or not self.primitive(index).signature.elementwise:
            return []
        spread = self.to_spread(index)
        alone = {Kind.GLOBAL, Kind.SCALAR}
        return [
            at
            for at, kind in enumerate(kinds)
            if kind.length is None and kind not in alone and at not in spread
        ]


def _of_one_length(program: Program) -> Program:
    """The program with the lengths of its slots written out: a file has them for good."""
    lengths = {name: program.hyperparameters[name] for name in program.lengths}
    fixed: dict[Arg, Arg] = {Name(name): Const(value) for name, value in lengths.items()}
    kept = {n: v for n, v in program.hyperparameters.items() if n not in lengths}
    return (
        remap(program, lambda arg: fixed.get(arg, arg), hyperparameters=kept)
        if lengths
        else program
    )


def start_numbers(rule: Init, hyper: Callable[[str], ast.expr]) -> list[ast.expr]:
    """The numbers that a slot starts from; `hyper` has the expression of a hyperparameter."""
    names = rule.names or (None,) * len(rule.args)
    return [
        hyper(name) if name else number(value) for name, value in zip(names, rule.args, strict=True)
    ]


def vanishes_in_half(rule: Init) -> bool:
    """True if a slot begins at a positive number that is 0 in float16."""
    return rule.kind is not Kind.GLOBAL and any(0 < value <= 2**-25 for value in rule.args)


def still_above_zero(node: ast.expr, positive: str, dtype: str) -> ast.expr:
    """A hyperparameter that a slot starts from, kept above 0 in float16 where it is above 0."""
    above = ast.Compare(node, [ast.Gt()], [ast.Constant(0)])
    return ast.IfExp(above, call(positive, node, expression(dtype)), node)


def above_zero(node: ast.expr, positive: str, dtype: str) -> ast.expr:
    """A number that is 0 in float16 as the call of `positive` that makes it the least above 0."""
    match node:
        case ast.Constant(float(value)) if 0 < value <= 2**-25:
            return call(positive, node, expression(dtype))
    return node


def meanings(program: Program) -> dict[str, str]:
    """The meanings of hyperparameters, as far as they are known.

    A rule of the zoo says what its own mean; a program is that rule by its name and statements,
    whatever its defaults are.
    """
    meanings = {name: hyper.meaning for name, hyper in _hypers(program).items()}
    own = program.meanings.items()
    return meanings | {n: f"{h.meaning} ({r})" for n, h in own if (r := range_text(h))}


def whole(program: Program) -> frozenset[str]:
    """The hyperparameters said to count something, or read as periods only."""
    said = {name for name, hyper in _hypers(program).items() if hyper.whole}
    periods: set[Arg] = set()
    others: set[Arg] = set()
    for statement in program.statements:
        for at, arg in enumerate(statement.args):
            (periods if statement.op == "every" and at == 1 else others).add(arg)
    counted = {arg.id for arg in periods - others if isinstance(arg, Name)}
    return frozenset(said | counted)


def _hypers(program: Program) -> dict[str, Hyper]:
    """The meanings of hyperparameters of a program."""
    entry = ENTRIES.get(program.name)
    own = entry.own_hypers if entry and entry.program.statements == program.statements else {}
    return {**COMMON, **own, **program.meanings}
