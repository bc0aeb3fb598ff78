"""Facts about a program that an emitted file needs, whichever host it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dsl.errors import ExportError
from dsl.language.hyperparameters import COMMON
from dsl.language.kinds import Kind, plain
from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Program
from dsl.rewrite.liveness import draws_noise, live, sources
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.prune import prune
from dsl.zoo import ENTRIES


@dataclass(frozen=True)
class Facts:
    """A program as a file is written from it.

    `source` is the program pruned, `program` that with `first_g` spelled out: what the file does.
    `reads` are the inputs, hyperparameters and slots that it reads, `sources` what it asks of the
    caller. `meanings` say what its hyperparameters mean, as far as that is known.
    """

    source: Program
    program: Program
    reads: frozenset[str]
    noisy: bool
    sources: tuple[Source, ...]
    meanings: Mapping[str, str]

    @staticmethod
    def of(program: Program, name: str | None = None) -> "Facts":
        """The facts of `program`; ExportError if it holds what no host can express.

        **Arguments:** `name`: what the program is called in the file, its name by default.
        """
        known = meanings(program)
        program = program.renamed(name) if name else program
        kept = prune(spelled_out(prune(program)))
        for kind in (*(init.kind for init in kept.slots.values()), *kept.kinds):
            if not plain(kind):
                raise ExportError(f"'{program.name}' holds a {kind}, which no host expresses yet")
        reads = live(kept).names
        hypers = {name: value for name, value in kept.hyperparameters.items() if name in reads}
        kept = replace(kept, hyperparameters=hypers)
        return Facts(prune(program), kept, reads, draws_noise(kept), sources(kept), known)

    @property
    def oracles(self) -> bool:
        """True if the rule asks an oracle."""
        return bool(self.sources)

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

    def to_spread(self, index: int) -> list[int]:
        """Positions of the arguments that the host makes a tensor for a statement.

        What maps number by number broadcasts by itself; all else wants arrays of the right shape.
        """
        if self.primitive(index).signature.elementwise:
            return []
        pairs = zip(self.program.statements[index].args, self.wanted(index), strict=True)
        return [
            at
            for at, (arg, want) in enumerate(pairs)
            if want is Kind.TENSOR and self.program.kind_of(arg) is not Kind.TENSOR
        ]


def meanings(program: Program) -> dict[str, str]:
    """The meanings of hyperparameters, as far as they are known.

    A rule of the zoo says what its own mean; a program is that rule by its name and statements,
    whatever its defaults are.
    """
    entry = ENTRIES.get(program.name)
    own = entry.own_hypers if entry and entry.program.statements == program.statements else {}
    return {name: hyper.meaning for name, hyper in {**COMMON, **own}.items()}
