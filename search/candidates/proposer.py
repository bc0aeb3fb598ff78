"""Which program is candidate i, and how it is judged: a function of the verdicts told before.

The strategy proposes; at the beginning of a generation the best so far are measured again on its
new seeds instead. The cache finds what was judged before, rates come from the parent, hurdles from
what was seen lately.
"""

from dataclasses import replace
from pathlib import Path

from dsl.program import Program
from evaluators.evaluator import Suite
from evaluators.seeds import candidate_rng, search_seeds
from search.candidates.duplicates import Cache
from search.candidates.rates import Rates
from search.candidates.thresholds import Hurdles
from search.candidates.verdict import Candidate, Verdict
from search.config import Config
from search.errors import LedgerError
from search.ledger import Row
from search.mutation.mutator import Mutation
from search.pool.worker import Evaluate
from search.strategies import STRATEGIES, Proposal

REMEASURED = "remeasured"
"""The mutation of a candidate that is an earlier one, its parent, on new seeds."""


class Chooser:
    """Chooses the candidates of a campaign in order, from its start program on.

    `rates` are those of the start program by task. Verdicts are told in the order of candidates.
    """

    def __init__(self, config: Config, start: Program, rates: dict[str, float]):
        self.config = config
        self._start = replace(start, name=_name(0), doc="")
        kind = STRATEGIES[config.strategy.kind]
        self._strategy = kind(config.strategy, self._start, config.mutator())
        self._cache = Cache()
        self._rates = Rates(start, rates)
        self._hurdles = Hurdles(config.screen)
        self._scores: list[float | None] = []
        self._again: dict[int, list[float | None]] = {}

    def choose(self, index: int) -> Candidate:
        """Candidate `index`; it counts as judged before if the cache finds it."""
        proposal = self._propose(index)
        if proposal.mutation.kind == REMEASURED:
            assert proposal.parent is not None
            keys, hit, source = self._cache.again(proposal.parent), None, None
        else:
            keys, hit, source = self._cache.add(proposal.program)
        program, parent, mutation = proposal.program, proposal.parent, proposal.mutation
        return Candidate(index, program, parent, mutation, keys, hit, source)

    def recall(self, index: int, row: Row, where: Path) -> Candidate:
        """Candidate `index` as it is stored in `where`; LedgerError if another one is chosen
        now."""
        proposal = self._propose(index)
        if (row.number, row.text, row.parent) != (index, str(proposal.program), proposal.parent):
            raise LedgerError(
                f"{where} belongs to another version of Stepsmith: candidate {index} "
                "comes out as another program than the one stored",
                help="continue it with the version that made it, or start another with --out DIR",
            )
        self._cache.restore(row.keys, row.source)
        return Candidate(
            index, proposal.program, row.parent, row.mutation, row.keys, row.hit, row.source
        )

    def job(self, candidate: Candidate, suite: Suite) -> Evaluate:
        """How a candidate is judged."""
        generation = candidate.index // self.config.evaluation.generation
        seeds = search_seeds(self.config.seed, generation, self.config.evaluation.seeds)
        whole = candidate.index == 0 or candidate.mutation.kind == REMEASURED
        hurdles = () if whole else self._hurdles.now()
        rates = self._rates.of(candidate.program, candidate.parent)
        return Evaluate(suite, candidate.program, seeds, rates, hurdles)

    def learn(self, candidate: Candidate, verdict: Verdict) -> None:
        """Take in the next verdict."""
        self._scores.append(verdict.score)
        self._rates.learn(candidate, verdict.evaluation)
        if candidate.mutation.kind == REMEASURED:
            first = candidate.parent
            assert first is not None
            scores = self._again.setdefault(first, [self._scores[first]])
            scores.append(verdict.score)
            self._strategy.again(first, scores)
            return
        if verdict.evaluation is not None:
            self._hurdles.learn(verdict.evaluation)
        self._strategy.tell(candidate.index, candidate.program, verdict.score)

    def _propose(self, index: int) -> Proposal:
        if index == 0:
            return Proposal(self._start, None, Mutation("start", self.config.start))
        generation, turn = divmod(index, self.config.evaluation.generation)
        if generation and turn < self.config.evaluation.elites:
            elite = self._strategy.elite(turn)
            if elite is not None:
                number, program = elite
                again = replace(program, name=_name(index))
                return Proposal(again, number, Mutation(REMEASURED, _name(number)))
        rng = candidate_rng(self.config.seed, index)
        return self._strategy.ask(index, rng, _name(index))


def _name(index: int) -> str:
    return f"c{index}"
