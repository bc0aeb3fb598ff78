"""The resumable loop of a search: candidates are proposed, judged, and told in their order.

Candidate i is proposed right after the verdict on candidate i - look_ahead is told, and verdicts
are told in the order of candidates, whatever the order in which workers finish. So the ledger says
the same with any number of workers, and after any crash: resuming proposes and tells again what is
in the ledger, checks that the same programs come out, and goes on where it ends.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from evaluators.evaluation import Evaluation
from evaluators.evaluator import JudgingSetup
from evaluators.workers import Done, Failed
from search.campaign import events
from search.campaign.session import Session
from search.candidates.proposer import Proposer
from search.candidates.verdict import Candidate, Verdict
from search.errors import CampaignFailed, LedgerError
from search.ledger import Row
from search.pool.jobs import Evaluate


@dataclass
class _Pending:
    """A candidate that was proposed and whose verdict is not told yet."""

    candidate: Candidate
    verdict: Verdict | None = None
    seconds: float = 0.0


class SearchLoop:
    """The candidates of one campaign: `resume` takes up those of the ledger, `run` judges the rest.

    **Arguments:** `setup`: what candidates are judged by.
    """

    def __init__(self, session: Session, proposer: Proposer, setup: JudgingSetup):
        self.session = session
        self.ledger = session.ledger
        self.look_ahead = session.config.look_ahead
        self.budget = session.config.budget.candidates
        self.progress = session.progress
        self._proposer = proposer
        self._setup = setup
        self._stored = len(self.ledger)
        self._rows: Iterator[Row] = iter(())
        self._pending: dict[int, _Pending] = {}
        self._told: list[tuple[str, float | None]] = []
        self._unsent: list[tuple[int, Evaluate]] = []
        self._began = 0.0

    def resume(self) -> None:
        """Propose and tell the candidates of the ledger, and propose as far as the look-ahead."""
        if self._stored > self.budget:
            raise LedgerError(
                f"{self.ledger.path} holds {self._stored} candidates, more than the budget of "
                f"{self.budget}"
            )
        self._rows = self.ledger.rows()
        for number in range(min(self.look_ahead, self.budget)):
            self._propose(number)
        while len(self._told) < self._stored:
            self._tell()
        self._rows = iter(())  # an open query would keep the ledger from becoming one file again
        if self._stored:
            self.session.observe(events.Resumed(self._stored))

    def run(self) -> None:
        """Judge candidates until the budget is spent."""
        pool = self.session.pool
        self._began = time.monotonic()
        while self._pending:
            for number, job in self._unsent:
                pool.submit(number, job, self.session.config.evaluation.timeout)
            self._unsent.clear()
            if self._settled(self._pending[len(self._told)]):
                self._tell()
                continue
            for done in pool.collect():
                self._enter(done)
        self.session.note()

    def _propose(self, number: int) -> None:
        """Propose a candidate: the next one of the ledger, or one that goes to a worker."""
        if number < self._stored:
            row = next(self._rows)
            self._pending[number] = _Pending(self._recalled(number, row.candidate), row.verdict)
            return
        candidate = self._proposer.propose(number)
        self._pending[number] = _Pending(candidate)
        if candidate.hit is None:
            self._unsent.append((number, self._proposer.job(candidate, self._setup)))

    def _recalled(self, number: int, stored: Candidate) -> Candidate:
        candidate = self._proposer.recall(number, stored)
        if candidate is None:
            raise LedgerError(
                f"{self.ledger.path} belongs to another version of Stepsmith: candidate {number} "
                "comes out as another program than the one stored",
                help="continue it with the version that made it, or start another with --out DIR",
            )
        return candidate

    def _settled(self, pending: _Pending) -> bool:
        """True if the verdict is known; that of a duplicate is its source's, told before it."""
        source = pending.candidate.source
        if pending.verdict is None and source is not None:
            outcome, score = self._told[source]
            pending.verdict = Verdict(outcome, score, note=f"as candidate {source}")
        return pending.verdict is not None

    def _tell(self) -> None:
        """Tell the next verdict, enter it, and propose the candidate that waited for it."""
        number = len(self._told)
        pending = self._pending.pop(number)
        candidate, verdict = pending.candidate, pending.verdict
        assert verdict is not None
        if number == 0 and len(self.session.sources.starts) == 1 and verdict.score is None:
            raise CampaignFailed(
                f"the start program could not be evaluated: {verdict.outcome}, {verdict.note}"
            )
        self._told.append((verdict.outcome, verdict.score))
        self._proposer.learn(candidate, verdict)
        self.progress.count(number, verdict, candidate.hit)
        if number >= self._stored:
            self._commit(Row(candidate, verdict, pending.seconds))
        if number + self.look_ahead < self.budget:
            self._propose(number + self.look_ahead)

    def _commit(self, row: Row) -> None:
        self.progress.judged_now += 1
        self.progress.seconds = time.monotonic() - self._began
        with self.ledger.transaction():
            self.ledger.append(row)
            self.session.note()
        self.session.observe(events.Judged(self.progress))

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
