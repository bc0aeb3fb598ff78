"""What of a program an emitted file is about, and what its values depend on."""

from dataclasses import dataclass, replace

from dsl.errors import ExportError
from dsl.language.kinds import plain
from dsl.language.oracle import Source
from dsl.program import Program
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
        kept = prune(spelled_out(prune(program)))
        for kind in (*(init.kind for init in kept.slots.values()), *kept.kinds):
            if not plain(kind):
                raise ExportError(f"'{program.name}' holds a {kind}, which no host expresses yet")
        reads = live(kept).names
        hypers = {name: value for name, value in kept.hyperparameters.items() if name in reads}
        kept = replace(kept, hyperparameters=hypers)
        return Facts(prune(program), kept, reads, draws_noise(kept), sources(kept))
