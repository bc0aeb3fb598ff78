"""The next candidate and the job that judges it: a function of the verdicts told before.

The strategy proposes; at the beginning of a generation the best so far are measured again on its
new seeds instead. Duplicates are found before they are judged, rates come from the parent,
thresholds from recent candidates.
"""

from collections.abc import Mapping
from dataclasses import replace

from dsl.program import Program
from evaluators.evaluator import EvaluationRequest, JudgingSetup
from evaluators.seeds import candidate_rng, search_seeds
from search.candidates.duplicates import Duplicates
from search.candidates.rates import BestRates
from search.candidates.thresholds import Thresholds
from search.candidates.verdict import REMEASURED, Candidate, Verdict
from search.config import Config
from search.mutation.mutator import Mutation
from search.pool.jobs import Evaluate
from search.strategies import STRATEGIES, Proposal


class Proposer:
    """Proposes the candidates of a campaign in order, from its start program on.

    `rates` are those of the start program by task. Verdicts are told in the order of candidates.
    """

    def __init__(self, config: Config, start: Program, rates: Mapping[str, float]):
        self.config = config
        self._start = replace(start, name=_name(0), doc="")
        kind = STRATEGIES[config.strategy.kind]
        self._strategy = kind(config.strategy, self._start, config.mutator())
        self._duplicates = Duplicates()
        self._rates = BestRates(start, rates)
        self._thresholds = Thresholds(config.screen)
        self._scores: list[float | None] = []
        self._again: dict[int, list[float | None]] = {}

    def propose(self, number: int) -> Candidate:
        """The next candidate; one that repeats an earlier candidate names it."""
        proposal = self._proposal(number)
        if proposal.mutation.kind == REMEASURED:
            assert proposal.parent is not None
            found = self._duplicates.again(proposal.parent)
        else:
            found = self._duplicates.add(proposal.program)
        return Candidate(
            number=number,
            text=str(proposal.program),
            parent=proposal.parent,
            mutation=proposal.mutation,
            keys=found.keys,
            hit=found.hit,
            source=found.source,
            parsed=proposal.program,
        )

    def recall(self, number: int, stored: Candidate) -> Candidate | None:
        """The next candidate as it is stored; None if another one would be proposed now."""
        proposal = self._proposal(number)
        proposed = number, str(proposal.program), proposal.parent
        if (stored.number, stored.text, stored.parent) != proposed:
            return None
        self._duplicates.restore(stored.keys, stored.source)
        return replace(stored, parsed=proposal.program)

    def job(self, candidate: Candidate, setup: JudgingSetup) -> Evaluate:
        """The job that judges a candidate."""
        generation = candidate.number // self.config.evaluation.generation
        seeds = search_seeds(self.config.seed, generation, self.config.evaluation.seeds)
        whole = candidate.number == 0 or candidate.mutation.kind == REMEASURED
        thresholds = {} if whole else self._thresholds.now()
        rates = self._rates.of(candidate.program, candidate.parent)
        return Evaluate(setup, EvaluationRequest(candidate.program, rates, thresholds), seeds)

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
            self._thresholds.learn(verdict.evaluation)
        self._strategy.tell(candidate.number, candidate.program, verdict.score)

    def _proposal(self, number: int) -> Proposal:
        if number == 0:
            return Proposal(self._start, None, Mutation("start", self.config.start))
        generation, turn = divmod(number, self.config.evaluation.generation)
        if generation and turn < self.config.evaluation.elites:
            elite = self._strategy.elite(turn)
            if elite is not None:
                first, program = elite
                again = replace(program, name=_name(number))
                return Proposal(again, first, Mutation(REMEASURED, _name(first)))
        rng = candidate_rng(self.config.seed, number)
        return self._strategy.ask(number, rng, _name(number))


def _name(number: int) -> str:
    return f"c{number}"
