"""What of a program an emitted file is about, and what its values depend on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from dsl.errors import ExportError
from dsl.language.kinds import plain
from dsl.language.oracle import Source
from dsl.program import Arg, Local, Name, Program
from dsl.rewrite.liveness import draws_noise, live, sources
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.prune import prune


@dataclass(frozen=True)
class Facts:
    """What of a program an emitted file is about; `program` is pruned, `first_g` spelled out."""

    source: Program
    program: Program
    reads: frozenset[str]
    noisy: bool
    sources: tuple[Source, ...]

    @property
    def oracles(self) -> bool:
        """Whether the rule asks an oracle."""
        return bool(self.sources)

    @staticmethod
    def of(program: Program) -> "Facts":
        """The facts of `program`; ExportError if it holds what no host can express."""
        kept = _named(prune(spelled_out(prune(program))))
        for kind in (*(init.kind for _, init in kept.state), *kept.kinds):
            if not plain(kind):
                raise ExportError(f"'{program.name}' holds a {kind}, which no host expresses yet")
        reads = live(kept).names
        hypers = tuple(h for h in kept.hypers if h[0] in reads)
        kept = replace(kept, hypers=hypers)
        return Facts(prune(program), kept, reads, draws_noise(kept), sources(kept))


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


def update_of(program: Program) -> dict[str, Arg]:
    """The next value of each slot."""
    return dict(zip(program.slots, program.updates, strict=True))


def behind(
    program: Program,
    roots: Iterable[Arg],
    follow: Callable[[int], Iterable[Arg]] | None = None,
) -> set[Arg]:
    """`roots` and every argument that they depend on within the step.

    **Arguments:** `follow`: the arguments of a statement to go on with, all by default.
    """
    found: set[Arg] = set()
    stack = list(roots)
    while stack:
        arg = stack.pop()
        if arg in found:
            continue
        found.add(arg)
        if isinstance(arg, Local):
            stack.extend(follow(arg.index) if follow else program.statements[arg.index].args)
    return found
