"""The next candidate and the job that judges it: a function of the verdicts told before.

The start programs come first, then the strategy proposes; at the beginning of a generation the
best so far are measured again on its new seeds instead. Duplicates are found before they are
judged, rates come from the parent, the screen from recent candidates.

A proposer keeps what grows with a campaign as numbers only; candidates are read from the past. Its
`state` and the keys of all candidates bring it back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dsl.errors import PluginFails
from dsl.program import Program
from evaluators.evaluation import Outcome
from evaluators.request import EvaluationRequest, JudgingSetup, SettingsTrial
from evaluators.seeds import candidate_rng, search_seeds, settings_rng, trial_seeds
from search.candidates.duplicates import Duplicates, Known
from search.candidates.rates import BestRates
from search.candidates.screen import Bars, Screen
from search.candidates.verdict import REMEASURED, Candidate, Past, Told
from search.config import Config
from search.mutation.mutator import Mutation
from search.objectives import QUALITY
from search.pool.jobs import Evaluate
from search.strategies import STRATEGIES, Judged, Proposal, checked


class Proposer:
    """Proposes the candidates of a campaign in order, from its start programs on.

    **Arguments:** `rates`: those of each start, by task; `known`: rules that give parts and habits;
    `past`: the candidates told so far, each of which is there before it is learned from.
    """

    def __init__(
        self,
        config: Config,
        starts: Sequence[Program],
        rates: Sequence[Mapping[str, float]],
        known: Sequence[Program],
        past: Past,
    ):
        self.config = config
        self._origins = tuple(start.name for start in starts)
        self._starts = tuple(
            replace(start, name=_name(number), doc="") for number, start in enumerate(starts)
        )
        kind = STRATEGIES[config.strategy.kind]
        self._strategy = kind(config.strategy, self._starts, config.breeder(known))
        self._duplicates = Duplicates()
        self._past = past
        tasks = [task.name for task in config.tasks]
        self._rates = BestRates(self._starts, rates, tasks, past)
        self._screen = Screen(config.screen)
        self._spared = [name for name in config.objectives if name != QUALITY]

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
            fresh=found.fresh,
            parsed=proposal.program,
        )

    def recall(self, number: int, stored: Candidate) -> Candidate | None:
        """The next candidate as it is stored; None if another one would be proposed now."""
        proposal = self._proposal(number)
        program, asked = proposal.program, stored.as_asked
        if (stored.number, asked.text, stored.parent) != (number, str(program), proposal.parent):
            return None
        self._duplicates.restore(Known(asked.keys, stored.repeats))
        if stored.asked is None:
            return replace(stored, parsed=program)
        judged = [each for each in self._settings(number, program) if str(each) == stored.text]
        return replace(stored, parsed=judged[0]) if judged else None

    def job(self, candidate: Candidate, setup: JudgingSetup) -> Evaluate:
        """The job that judges a candidate."""
        generation = candidate.number // self.config.evaluation.generation
        seeds = search_seeds(self.config.seed, generation, self.config.evaluation.seeds)
        trial = None
        if candidate.fresh and (others := self._settings(candidate.number, candidate.program)):
            on = trial_seeds(self.config.seed, generation, self.config.evaluation.seeds)
            trial = SettingsTrial(others, on, self._strategy.tuning.tasks)
        whole = candidate.number < len(self._starts) or candidate.mutation.kind == REMEASURED
        bars = Bars({}, {}) if whole else self._screen.now()
        rates = self._rates.of(candidate)
        request = EvaluationRequest(candidate.program, rates, bars.early, bars.hurdles, trial)
        return Evaluate(setup, request, seeds)

    def _settings(self, number: int, program: Program) -> tuple[Program, ...]:
        """The program with the other numbers that it is tried with; starts have numbers of their
        own."""
        count = 0 if number < len(self._starts) else self._strategy.tuning.settings
        rng = settings_rng(self.config.seed, number)
        return self._strategy.breeder.settings(program, rng, count)

    def learn(self, told: Told) -> None:
        """Take in the next verdict."""
        candidate = told.candidate
        if candidate.asked is not None:
            self._duplicates.tuned(candidate.number, candidate.keys)
        first = candidate.remeasures
        if first is None:
            if told.verdict.evaluation is not None:
                self._screen.learn(told.verdict.evaluation)
            self._strategy.tell(self._judged(told))
            return
        original = self._past.row(first)
        assert original is not None
        measured = map(self._judged, [original, *self._past.remeasured(first)])
        self._strategy.again(first, [replace(each, program=candidate.program) for each in measured])

    def best(self) -> int | None:
        """The best candidate alive; None where the strategy does not go by scores."""
        elite = self._strategy.elite(0)
        return None if elite is None else elite[0]

    def state(self) -> dict[str, Any]:
        """Everything that is not in the past, as plain data and programs."""
        return {"strategy": self._strategy.state(), "screen": self._screen.state()}

    def unstorable(self, error: Exception) -> PluginFails:
        """The error for a state of the strategy that is no plain data."""
        return checked.unstorable(self._strategy, error)

    def restore(self, state: Mapping[str, Any], known: Iterable[Known]) -> None:
        """Go on from a state; `known` are all candidates told before."""
        self._strategy.restore(state["strategy"])
        self._screen.restore(state["screen"])
        self._duplicates.load(known)

    def proposed(self, candidate: Candidate) -> None:
        """Take in the next candidate as one that was proposed before the state was taken."""
        self._duplicates.restore(Known(candidate.keys, candidate.repeats))

    def number_of(self, program: Program) -> int | None:
        """The number of the earlier candidate that a program is, by its name, else None."""
        text = program.name.removeprefix("c")
        number = int(text) if text.isdigit() else len(self._past)
        told = number < len(self._past) and self._duplicates.has(number, program)
        return number if told else None

    def _judged(self, told: Told) -> Judged:
        """The candidate for the strategy; one that repeats another has what that one has."""
        candidate, own = told.candidate, told
        if candidate.source is not None:
            source = self._past.row(candidate.source)
            assert source is not None
            own = source
        evaluation = own.verdict.evaluation
        return Judged(
            number=candidate.number,
            program=candidate.program,
            family=own.candidate.keys.family,
            score=own.verdict.score,
            by_task=evaluation.by_task() if evaluation else {},
            complete=own.verdict.outcome == Outcome.OK,
            spared={name: -float(getattr(own.candidate.demands, name)) for name in self._spared},
            source=candidate.source,
        )

    def _proposal(self, number: int) -> Proposal:
        if number < len(self._starts):
            start = Mutation("start", self._origins[number])
            return Proposal(self._starts[number], None, start)
        generation, turn = divmod(number, self.config.evaluation.generation)
        if generation and turn < self.config.evaluation.elites:
            elite = checked.elite(self._strategy, turn, number, len(self._past))
            if elite is not None:
                first, program = elite
                again = replace(program, name=_name(number))
                return Proposal(again, first, Mutation(REMEASURED, _name(first)))
        rng = candidate_rng(self.config.seed, number)
        return checked.asked(self._strategy, number, len(self._past), rng, _name(number))


def _name(number: int) -> str:
    return f"c{number}"
