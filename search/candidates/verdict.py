"""What is known of a candidate once it has been judged."""

from dataclasses import dataclass
from enum import StrEnum

from dsl.program import Program
from evaluators.evaluation import Evaluation
from search.mutation.mutator import Mutation


@dataclass(frozen=True)
class Verdict:
    """The judgement of one candidate: `outcome` is an `Outcome` or a `WorkerFailure`, by value.

    `evaluation` is None where nothing was run; `note` then says why, for people.
    """

    outcome: str
    score: float | None
    evaluation: Evaluation | None = None
    note: str = ""


class CacheKey(StrEnum):
    """The key under which an earlier candidate was found, in the order in which they are asked."""

    TEXT = "text"
    CANONICAL = "canonical"
    FINGERPRINT = "fingerprint"


@dataclass(frozen=True)
class Keys:
    """What a candidate is looked up by: as written, canonical form, behaviour.

    `family` is shared by programs of one skeleton with other numbers; it finds no verdict, and says
    how much of a search goes into constants.
    """

    text: str
    canonical: str
    fingerprint: str
    family: str


@dataclass(frozen=True)
class Candidate:
    """One program of a campaign before its verdict; the start program has no parent.

    A cache hit names the key and the earlier candidate whose verdict is this one's too.
    """

    index: int
    program: Program
    parent: int | None
    mutation: Mutation
    keys: Keys
    hit: CacheKey | None = None
    source: int | None = None
