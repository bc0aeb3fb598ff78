"""The resumable loop: tune the baseline, search, measure the finalists on fresh seeds.

Candidate i is asked for right after candidate i - look_ahead is told, and verdicts are told in the
order of candidates, whatever the order in which workers finish. So the ledger says the same with
any number of workers, and after any crash: resuming asks and tells again what is in the ledger,
checks that the same programs come out, and goes on where it ends.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evaluators.evaluation import Evaluation
from evaluators.workers import Done, Failed
from search.campaign import events
from search.campaign.baseline import search_suite, tune_baseline
from search.campaign.events import Observer, Progress
from search.campaign.finals import Entrant, evidence_by_candidate, measure
from search.campaign.validation import validate
from search.candidates.proposer import Proposer
from search.candidates.verdict import Candidate, Verdict
from search.config import Config
from search.errors import CampaignFailed, LedgerError
from search.ledger import Ledger, Row
from search.ledger.results import TunedBaseline, final_scores
from search.pool.worker import CampaignPool, Evaluate


@dataclass
class _Pending:
    """A candidate that was proposed and has no verdict yet, or waits for an earlier one's."""

    candidate: Candidate
    verdict: Verdict | None = None
    seconds: float = 0.0


class Campaign:
    """One config, one ledger, one pool; `run` does all that is left to do.

    `open_pool` is called when the first job is due, never for a complete run.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        open_pool: Callable[[], CampaignPool],
        observe: Observer = events.ignore,
    ):
        self.config = config
        self.ledger = ledger
        self.observe = observe
        self.progress = Progress(config.budget.candidates)
        self._open_pool = open_pool
        self._pool: CampaignPool | None = None
        self._session: int | None = None
        self._pending: dict[int, _Pending] = {}
        self._told: list[tuple[str, float | None]] = []
        self._unsent: list[tuple[int, Evaluate]] = []
        self._stored = len(ledger)
        self._began: float | None = None

    def run(self, versions: dict[str, str]) -> bool:
        """Run to the end; what is done already is checked and left as it is.

        **Returns:** whether nothing was left to do.
        """
        try:
            baseline = self.ledger.baseline or self._tune_baseline(versions)
            self._prepare(baseline)
            self._replay()
            self._grow()
            if self.ledger.finals is not None:
                return True
            self._start(versions)
            self._search()
            self._measure_finalists(baseline)
            return False
        finally:
            self._close()

    def _start(self, versions: dict[str, str]) -> CampaignPool:
        if self._pool is None:
            self.ledger.expect_writes()
            self.observe(events.WorkersStarting(self.config.workers))
            self._pool = self._open_pool()
            self._session = self.ledger.start_session(self.config.workers, versions)
            for number, job in self._unsent:
                self._submit(number, job)
            self._unsent.clear()
        return self._pool

    def _close(self) -> None:
        if self._pool is not None:
            self._note_session()
            self._pool.close()

    def _tune_baseline(self, versions: dict[str, str]) -> TunedBaseline:
        baseline = tune_baseline(self.config, self._start(versions), self.observe)
        self.ledger.set_baseline(baseline)
        return baseline

    def _prepare(self, baseline: TunedBaseline) -> None:
        """Set up what proposes candidates, and the suite that judges them."""
        config = self.config
        self._suite = search_suite(config, baseline)
        as_baseline = config.start == config.baseline.rule
        start = baseline.program if as_baseline else config.rule(config.start)
        self._proposer = Proposer(config, start, baseline.rates if as_baseline else {})

    def _replay(self) -> None:
        """Ask and tell the candidates of the ledger; afterwards the look-ahead is in flight."""
        if self._stored > self.config.budget.candidates:
            raise LedgerError(
                f"{self.ledger.path} holds {self._stored} candidates, more than the budget of "
                f"{self.config.budget.candidates}"
            )
        rows = self.ledger.rows()
        for index in range(min(self.config.look_ahead, self.config.budget.candidates)):
            self._ask(index, rows)
        while len(self._told) < self._stored:
            self._tell(rows)
        if self._stored:
            self.observe(events.Resumed(self._stored))

    def _grow(self) -> None:
        """Take over a larger budget; the finals are then still to come."""
        config = self.config.comparable()
        if config != self.ledger.config:
            self.ledger.set_config(config)

    def _search(self) -> None:
        """Judge candidates until the budget is spent."""
        pool = self._start({})
        self._began = time.monotonic()
        none: Iterator[Row] = iter(())
        while self._pending:
            head = self._pending[len(self._told)]
            if self._settled(head):
                self._tell(none)
                continue
            for done in pool.collect():
                self._enter(done)
        self._note_session()

    def _ask(self, index: int, rows: Iterator[Row]) -> None:
        """Propose candidate `index`; it is in `rows`, or goes to a worker."""
        if index < self._stored:
            row = next(rows)
            self._pending[index] = _Pending(self._recalled(index, row), row.verdict)
            return
        candidate = self._proposer.propose(index)
        self._pending[index] = _Pending(candidate)
        if candidate.hit is not None:
            return
        job = self._proposer.job(candidate, self._suite)
        if self._pool is None:
            self._unsent.append((index, job))
        else:
            self._submit(index, job)

    def _recalled(self, index: int, row: Row) -> Candidate:
        candidate = self._proposer.recall(index, row.candidate)
        if candidate is None:
            raise LedgerError(
                f"{self.ledger.path} belongs to another version of Stepsmith: candidate {index} "
                "comes out as another program than the one stored",
                help="continue it with the version that made it, or start another with --out DIR",
            )
        return candidate

    def _submit(self, index: int, job: Evaluate) -> None:
        assert self._pool is not None
        self._pool.submit(index, job, self.config.evaluation.timeout)

    def _settled(self, pending: _Pending) -> bool:
        """True if the verdict is known; that of a duplicate is its source's, told before it."""
        source = pending.candidate.source
        if pending.verdict is None and source is not None:
            outcome, score = self._told[source]
            pending.verdict = Verdict(outcome, score, note=f"as candidate {source}")
        return pending.verdict is not None

    def _tell(self, rows: Iterator[Row]) -> None:
        """Tell the next verdict, enter it, and ask for the candidate that waited for it."""
        index = len(self._told)
        pending = self._pending.pop(index)
        candidate, verdict = pending.candidate, pending.verdict
        assert verdict is not None
        if index == 0 and verdict.score is None:
            raise CampaignFailed(
                f"the start program could not be evaluated: {verdict.outcome}, {verdict.note}"
            )
        self._told.append((verdict.outcome, verdict.score))
        self._proposer.learn(candidate, verdict)
        self.progress.count(index, verdict, candidate.hit)
        if index >= self._stored:
            self._commit(candidate, verdict, pending.seconds)
        ahead = index + self.config.look_ahead
        if ahead < self.config.budget.candidates:
            self._ask(ahead, rows)

    def _commit(self, candidate: Candidate, verdict: Verdict, seconds: float) -> None:
        assert self._began is not None
        self.progress.judged_now += 1
        self.progress.seconds = time.monotonic() - self._began
        with self.ledger.transaction():
            self.ledger.append(Row(candidate, verdict, seconds))
            self._note_session()
        self.observe(events.Judged(self.progress))

    def _note_session(self) -> None:
        if self._pool is not None and self._session is not None:
            self.ledger.update_session(
                self._session,
                candidates=self.progress.judged_now,
                seconds=round(self.progress.seconds, 3),
                compilations=self._pool.compilations,
                retries=self._pool.retries,
            )

    def _enter(self, done: Done[Evaluation] | Failed) -> None:
        pending = self._pending[done.number]
        if isinstance(done, Failed):
            note = f"{done.failure.sentence} ({done.note})"
            pending.verdict = Verdict(done.failure, None, note=note)
            self.observe(events.CandidateLost(done.number, note))
            return
        measured = done.value
        pending.verdict = Verdict(measured.outcome, measured.score, measured)
        pending.seconds = done.seconds
        if measured.outcome.alarm:
            self.observe(events.Alarm(done.number, measured.outcome.sentence))

    def _measure_finalists(self, baseline: TunedBaseline) -> None:
        """The finals, and what the config asks beyond the tasks of the search."""
        pool, tasks = self._start({}), len(self.config.tasks)
        scale = Entrant(None, baseline.program, baseline.rates)
        best = [row for row, _ in self.ledger.best(self.config.final.finalists)]
        finalists = [
            Entrant(row.candidate.number, row.candidate.program, row.rates) for row in best
        ]
        finals = measure(self.config, [scale, *finalists], self._suite, pool, self.observe)
        scores = final_scores(finals, tasks)
        found = validate(self.config, scale, finalists, scores, pool, self.observe)
        with self.ledger.transaction():
            self.ledger.set_results(finals, found, evidence_by_candidate(finals, tasks))
            self._note_session()
