"""The resumable loop of a search: candidates are proposed, judged, and told in their order.

Candidate i is proposed right after the verdict on candidate i - look_ahead is told, and verdicts
are told in the order of candidates, whatever the order in which workers finish. So the ledger says
the same with any number of workers, and after any crash: resuming goes on from the last state that
was stored, or else from the beginning, proposes and tells again what the ledger holds after it,
checks that the same programs come out, and goes on where it ends.
"""

import os
import time
from collections.abc import Iterator

from evaluators.evaluation import Evaluation
from evaluators.files.result_cache import code_digest
from evaluators.request import JudgingSetup
from evaluators.workers import Done, Failed
from search.campaign import events
from search.campaign.ended import STOP, Ended
from search.campaign.session import Session
from search.campaign.snapshot import PACKAGES, Pending, bring_back, take
from search.campaign.watch import Watch
from search.candidates.proposer import Proposer
from search.candidates.verdict import Candidate, Verdict
from search.errors import CampaignFailed, LedgerError
from search.ledger import Row
from search.ledger.history import History
from search.ledger.summary import work
from search.pool.jobs import CampaignPool, Evaluate

STATE_EVERY = 250
"""Candidates between two states that are stored, the last one aside; resuming asks and tells those
after a state again."""


class SearchLoop:
    """The candidates of one campaign: `resume` takes up those of the ledger, `run` judges the rest.

    **Arguments:** `history`: the past that the proposer knows; `setup`: what candidates are judged
    by.
    """

    def __init__(self, session: Session, proposer: Proposer, history: History, setup: JudgingSetup):
        self.session = session
        self.ledger = session.ledger
        self.look_ahead = session.config.look_ahead
        self.budget = session.config.budget.candidates
        self._stop = str(session.ledger.path.parent / STOP)
        self._spent = work(session.ledger).seconds
        self.progress = session.progress
        self._proposer = proposer
        self._setup = setup
        self._history = history
        self._watch = Watch(session, proposer, history, setup.primitives)
        self._stored = len(self.ledger)
        self._rows: Iterator[Row] = iter(())
        self._pending: dict[int, Pending] = {}
        self._unsent: list[tuple[int, Evaluate]] = []
        self._sent: set[int] = set()
        self._began: float | None = None
        self._code = code_digest(PACKAGES)

    def resume(self) -> None:
        """Bring back the search as it was after the last candidate of the ledger, and propose as
        far as the look-ahead."""
        if self._stored > self.budget:
            raise LedgerError(
                f"{self.ledger.path} holds {self._stored} candidates, more than the budget of "
                f"{self.budget}"
            )
        found = self.ledger.state(self._code)
        if found is None:
            take(self._proposer, self.progress, [])  # or else it says so hundreds of programs later
            self._rows = self.ledger.rows()
            for number in range(min(self.look_ahead, self.budget)):
                self._propose(number)
        else:
            self._bring_back(*found)
        while len(self._history) < self._stored:
            self._tell()
        self._rows = iter(())  # an open query would keep the ledger from becoming one file again
        if self._stored:
            self.session.observe(events.Resumed(self._stored))

    def run(self) -> None:
        """Judge candidates until the search has ended."""
        pool = self.session.pool
        self._began = time.monotonic()
        try:
            while self.ended() is None:
                self._submit(pool)
                if self._settled(self._pending[len(self._history)]):
                    self._tell()
                    continue
                self._write()
                for done in self._answers(pool):
                    self._enter(done)
        finally:
            self.progress.seconds = self._seconds
            self._write()
        self._unsent.clear()
        while self._sent or self._watch.busy:  # what an ended search still has in flight
            self._submit(pool)
            list(self._answers(pool))
            self._write()
        self.session.note()

    def ended(self) -> Ended | None:
        """The reason why the search has ended; None while it is to go on."""
        budget, best = self.session.config.budget, self.progress.best
        if budget.score is not None and best is not None and best >= budget.score:
            return Ended.SCORE
        if len(self._history) >= self.budget:
            return Ended.CANDIDATES
        if budget.steps is not None and self.progress.steps >= budget.steps:
            return Ended.STEPS
        if budget.seconds is not None and self._spent + self._seconds >= budget.seconds:
            return Ended.SECONDS
        return Ended.STOP if os.path.exists(self._stop) else None

    def _submit(self, pool: CampaignPool) -> None:
        """Give the workers what is due."""
        for number, job in self._unsent:
            pool.submit(number, job, self.session.config.evaluation.timeout)
            self._sent.add(number)
        self._unsent.clear()
        for number, job, limit in self._watch.due():
            pool.submit(number, job, limit)

    def _answers(self, pool: CampaignPool) -> Iterator[Done[Evaluation] | Failed]:
        """The answers of workers about candidates; those about looks go to the watch."""
        for done in pool.collect():
            if self._watch.owns(done.number):
                self._watch.enter(done)
            else:
                self._sent.discard(done.number)
                yield done

    @property
    def _seconds(self) -> float:
        """Since this process began to search."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    def _bring_back(self, told: int, state: str) -> None:
        """Go on from a state; of the candidates proposed then, the ledger may hold some."""
        self._history.skip(told)
        self._rows = self.ledger.rows(told)
        pending = bring_back(
            state, told, self._history, self.ledger, self._proposer, self.progress, self._setup
        )
        for each in pending:
            number = each.candidate.number
            self._pending[number] = each
            if number < self._stored:
                row = next(self._rows)
                if row.candidate.as_asked.text != each.candidate.text:
                    raise self._comes_out_otherwise(number)
                each.verdict, each.seconds = row.verdict, row.seconds
            elif each.job is not None:
                self._unsent.append((number, each.job))

    def _propose(self, number: int) -> None:
        """Propose a candidate: the next one of the ledger, or one that goes to a worker."""
        if number < self._stored:
            row = next(self._rows)
            candidate = self._recalled(number, row.candidate)
            self._pending[number] = Pending(candidate, None, row.verdict, row.seconds)
            return
        candidate = self._proposer.propose(number)
        self._pending[number] = pending = Pending(candidate)
        if candidate.hit is None:
            pending.job = self._proposer.job(candidate, self._setup)
            self._unsent.append((number, pending.job))

    def _recalled(self, number: int, stored: Candidate) -> Candidate:
        candidate = self._proposer.recall(number, stored)
        if candidate is None:
            raise self._comes_out_otherwise(number)
        return candidate

    def _comes_out_otherwise(self, number: int) -> LedgerError:
        return LedgerError(
            f"{self.ledger.path} belongs to another version of Stepsmith: candidate {number} "
            "comes out as another program than the one stored",
            help="continue it with the version that made it, or start another with --out DIR",
        )

    def _settled(self, pending: Pending) -> bool:
        """True if the verdict is known; that of a duplicate is its source's, told before it."""
        source = pending.candidate.source
        if pending.verdict is None and source is not None:
            found = self._history.row(source)
            if found is not None:
                outcome, score = found.verdict.outcome, found.verdict.score
                pending.verdict = Verdict(outcome, score, note=f"as candidate {source}")
        return pending.verdict is not None

    def _tell(self) -> None:
        """Tell the next verdict, and propose the candidate that waited for it."""
        number = len(self._history)
        pending = self._pending.pop(number)
        candidate, verdict = pending.as_judged(), pending.verdict
        assert verdict is not None
        if number == 0 and len(self.session.sources.starts) == 1 and verdict.score is None:
            raise CampaignFailed(
                f"the start program could not be evaluated: {verdict.outcome}, {verdict.note}"
            )
        row, stored = Row(candidate, verdict, pending.seconds), number < self._stored
        self._history.add(row, stored=stored)
        self._proposer.learn(row)
        self.progress.count(row)
        self._watch.tell()
        if number + self.look_ahead < self.budget:
            self._propose(number + self.look_ahead)
        if stored:
            return
        self.progress.judged_now += 1
        self.progress.seconds = self._seconds
        if self._state_is_due():
            self._write(take(self._proposer, self.progress, list(self._pending.values())))
        self.session.observe(events.VerdictEntered(self.progress))

    def _state_is_due(self) -> bool:
        """True at fixed numbers of candidates, and for the last time before the budget cuts the
        look-ahead short: a larger budget could not go on from there."""
        told, every = len(self._history), max(STATE_EVERY, self.look_ahead)
        last = self.budget - self.look_ahead
        return every <= told <= last and (told % every == 0 or told == last)

    def _write(self, state: str | None = None) -> None:
        """Enter in the ledger what was told or found since, and the state."""
        if self._history.unwritten or self._watch.unwritten or state is not None:
            with self.ledger.transaction():
                self._history.write()
                self._watch.write()
                if state is not None:
                    self.ledger.set_state(len(self._history), self._code, state)
                self.session.note()
            self._history.written()
            self._watch.written()

    def _enter(self, done: Done[Evaluation] | Failed) -> None:
        """Take in the answer of a worker."""
        pending = self._pending[done.number]
        if isinstance(done, Failed):
            note = f"{done.failure.sentence} ({done.note})"
            pending.verdict = Verdict(done.failure, None, note=note)
            self.session.observe(events.CandidateLost(done.number, note))
            return
        measured = done.value
        pending.verdict = Verdict(measured.outcome, measured.score, measured)
        pending.seconds = done.seconds
        if measured.outcome.alarm:
            self.session.observe(events.Alarm(done.number, measured.outcome.sentence))
