"""The next candidate and the job that judges it: a function of the verdicts told before.

The start programs come first, then the strategy proposes; at the beginning of a generation the
best so far are measured again on its new seeds instead. Duplicates are found before they are
judged, rates come from the parent, the screen from recent candidates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dsl.program import Program
from evaluators.evaluation import Outcome
from evaluators.evaluator import EvaluationRequest, JudgingSetup
from evaluators.seeds import candidate_rng, search_seeds
from search.candidates.duplicates import Duplicates
from search.candidates.rates import BestRates
from search.candidates.screen import Bars, Screen
from search.candidates.verdict import REMEASURED, Candidate, Verdict
from search.config import Config
from search.mutation.mutator import Mutation
from search.objectives import QUALITY
from search.pool.jobs import Evaluate
from search.strategies import STRATEGIES, Judged, Proposal


class Proposer:
    """Proposes the candidates of a campaign in order, from its start programs on.

    **Arguments:** `rates`: those of each start, by task; `known`: rules that give parts and habits.
    Verdicts are told in the order of candidates.
    """

    def __init__(
        self,
        config: Config,
        starts: Sequence[Program],
        rates: Sequence[Mapping[str, float]],
        known: Sequence[Program],
    ):
        self.config = config
        self._origins = tuple(start.name for start in starts)
        self._starts = tuple(
            replace(start, name=_name(number), doc="") for number, start in enumerate(starts)
        )
        kind = STRATEGIES[config.strategy.kind]
        self._strategy = kind(config.strategy, self._starts, config.breeder(known))
        self._duplicates = Duplicates()
        self._rates = BestRates(self._starts, rates)
        self._screen = Screen(config.screen)
        self._spared = [name for name in config.objectives if name != QUALITY]
        self._told: list[Judged] = []
        self._again: dict[int, list[Judged]] = {}

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
            donor=proposal.donor,
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
        whole = candidate.number < len(self._starts) or candidate.mutation.kind == REMEASURED
        bars = Bars({}, {}) if whole else self._screen.now()
        rates = self._rates.of(candidate)
        request = EvaluationRequest(candidate.program, rates, bars.early, bars.hurdles)
        return Evaluate(setup, request, seeds)

    def learn(self, candidate: Candidate, verdict: Verdict) -> None:
        """Take in the next verdict."""
        judged = self._judged(candidate, verdict)
        self._told.append(judged)
        self._rates.learn(candidate, verdict.evaluation)
        if candidate.mutation.kind == REMEASURED:
            first = candidate.parent
            assert first is not None
            measured = self._again.setdefault(first, [self._told[first]])
            measured.append(judged)
            self._strategy.again(first, measured)
            return
        if verdict.evaluation is not None:
            self._screen.learn(verdict.evaluation)
        self._strategy.tell(judged)

    def _judged(self, candidate: Candidate, verdict: Verdict) -> Judged:
        """The candidate for the strategy; one that repeats another has what that one has."""
        if candidate.source is not None:
            source = self._told[candidate.source]
            return replace(source, number=candidate.number, program=candidate.program)
        return Judged(
            number=candidate.number,
            program=candidate.program,
            family=candidate.keys.family,
            score=verdict.score,
            by_task=verdict.evaluation.by_task() if verdict.evaluation else {},
            complete=verdict.outcome == Outcome.OK,
            spared={name: -float(getattr(candidate.demands, name)) for name in self._spared},
        )

    def _proposal(self, number: int) -> Proposal:
        if number < len(self._starts):
            start = Mutation("start", self._origins[number])
            return Proposal(self._starts[number], None, start)
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
