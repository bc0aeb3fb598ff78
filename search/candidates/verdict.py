"""A candidate, the keys that find earlier ones like it, and the verdict on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Protocol

from dsl.program import Program
from dsl.program.parse import parse
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.demands import Demands, demands
from dsl.rewrite.family import family
from dsl.run.fingerprint import fingerprint
from evaluators.evaluation import Evaluation
from search.mutation.mutator import Mutation

REMEASURED = "remeasured"
"""The mutation of a candidate that is an earlier one, its parent, on new seeds."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of one candidate: `outcome` is an `Outcome` or a `WorkerFailure`, by value.

    `evaluation` is None where nothing was run; `note` then says why, for people.
    """

    outcome: str
    score: float | None
    evaluation: Evaluation | None = None
    note: str = ""


class DuplicateKey(StrEnum):
    """The key under which an earlier candidate was found, in the order in which they are asked."""

    TEXT = "text"
    CANONICAL = "canonical"
    FINGERPRINT = "fingerprint"


class Keys(NamedTuple):
    """The hashes that a candidate is looked up by: as written, canonical form, behaviour.

    `family` is shared by programs of one skeleton with other numbers; it finds no verdict, and says
    how much of a search goes into constants.
    """

    text: str
    canonical: str
    fingerprint: str
    family: str


@dataclass(frozen=True)
class ProposedProgram:
    """A program as it was proposed, where it was judged with other numbers."""

    text: str
    keys: Keys


@dataclass(frozen=True)
class Candidate:
    """One program of a campaign; `text` is how it prints, and the start program has no parent.

    One whose numbers were tuned before it was judged is the program with those numbers; `asked` is
    what was proposed.

    A candidate that repeats an earlier one names the key that found it (`hit`) and that candidate
    (`source`), whose verdict is this one's too. `donor` names the program that gave it a part.
    """

    number: int
    text: str
    parent: int | None
    mutation: Mutation
    keys: Keys
    hit: DuplicateKey | None = None
    source: int | None = None
    donor: str | None = None
    asked: ProposedProgram | None = None
    fresh: bool = field(default=False, compare=False, repr=False)
    """True for one that was just proposed, if none before it is of its family."""
    parsed: Program | None = field(default=None, compare=False, repr=False)
    """The program, where it is at hand and need not be parsed."""

    @property
    def demands(self) -> Demands:
        """The state, operations and statements that the program asks for."""
        return demands(self.program)

    @property
    def remeasures(self) -> int | None:
        """The candidate that this one is on new seeds; None for another program."""
        return self.parent if self.mutation.kind == REMEASURED else None

    @property
    def repeats(self) -> int | None:
        """The candidate that this one is once more, judged or not."""
        return self.remeasures if self.source is None else self.source

    @property
    def as_asked(self) -> ProposedProgram:
        """The text and the keys of the program as it was proposed."""
        return self.asked or ProposedProgram(self.text, self.keys)

    def tuned(self, program: Program) -> "Candidate":
        """The candidate with other numbers; its keys say so."""
        keys = Keys(program.digest, canonical_hash(program), fingerprint(program), family(program))
        return replace(
            self,
            text=str(program),
            keys=keys,
            asked=ProposedProgram(self.text, self.keys),
            parsed=program,
        )

    @cached_property
    def program(self) -> Program:
        """The program as it is tried."""
        return self.parsed or parse(self.text)


class Told(Protocol):
    """A candidate with its verdict."""

    @property
    def candidate(self) -> Candidate: ...

    @property
    def verdict(self) -> Verdict: ...


class Past(Protocol):
    """The candidates told so far; its length is their number."""

    def __len__(self) -> int: ...

    def row(self, number: int) -> Told | None:
        """Candidate `number`; None if it is not told yet."""
        ...

    def remeasured(self, number: int) -> Sequence[Told]:
        """The candidates that are candidate `number` on new seeds, in order."""
        ...
