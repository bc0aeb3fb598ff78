"""The best of a search as it goes on, measured on a suite that the search never sees.

Which candidate is looked at is decided at fixed numbers of candidates, and nothing found has a
part in the search: the ledger is the same for any number of workers. A look is entered with the
candidates before it, and without a result until there is one, so what a killed process had in hand
is measured by the next.
"""

from collections.abc import Iterator
from dataclasses import replace
from statistics import fmean
from typing import Any

from evaluators.workers import Done, Failed
from search.campaign import events
from search.campaign.other_tasks import OtherTasks
from search.campaign.session import Session
from search.candidates.proposer import Proposer
from search.ledger.history import History
from search.ledger.looks import Look
from search.ledger.results import META_VALIDATION, StageEntrant
from search.pool.jobs import CampaignJob, TuneAndJudge

_SCALE = -1
"""The number of the job that tunes the baseline; that of a look after `told` candidates is
`_SCALE - told`, so that none is that of a candidate."""


class Watch:
    """The looks of one campaign, those of its ledger first.

    **Arguments:** `primitives`: those that candidates may be made of.
    """

    def __init__(
        self,
        session: Session,
        proposer: Proposer,
        history: History,
        primitives: tuple[str, ...],
    ):
        config, ledger = session.config, session.ledger
        self._session = session
        self._proposer = proposer
        self._history = history
        self._every = config.final.watch
        self._on = OtherTasks.of(config, META_VALIDATION, primitives) if config.watched else None
        self._seeds = config.evaluation.seeds
        self._scale = ledger.scale_of_looks
        self._scale_is_due = self._scale is None
        self._looks = {look.told: look for look in ledger.looks}
        self._waiting = [told for told, look in self._looks.items() if look.found is None]
        self._in_hand: set[int] = set()
        self._unwritten: dict[int, Look] = {}
        self._unwritten_scale: StageEntrant | None = None
        found = [look for look in self._looks.values() if look.found]
        session.progress.look = found[-1] if found else None

    def tell(self) -> None:
        """One more candidate was told: decide whether to look at the best, and at which."""
        told = len(self._history)
        if self._on is None or told % self._every or told in self._looks:
            return
        best = self._proposer.best()
        best = self._session.progress.best_at if best is None else best
        before = max((each for each in self._looks if each < told), default=None)
        if best is not None and (before is None or best != self._looks[before].candidate):
            self._keep(Look(told, best, self._score(best)))
            self._waiting.append(told)

    def due(self) -> Iterator[tuple[int, CampaignJob, float]]:
        """The jobs that are to be submitted now: number, job, and time limit in seconds."""
        on = self._on
        if on is None or not self._waiting:
            return
        if self._scale is None:
            if self._scale_is_due:
                self._scale_is_due = False
                self._in_hand.add(_SCALE)
                baseline = self._session.ledger.baseline
                assert baseline is not None
                rule = baseline.program
                self._session.observe(events.TuningForLooks(rule.name, on.suite))
                yield _SCALE, on.tune(rule, on.tuning), on.tuning_limit(on.tuning)
            return
        setup = on.setup(self._scale.program, self._scale.rates or {})
        tuning, measuring = on.tuning[: self._seeds], on.measuring[: self._seeds]
        limit = on.tuning_limit(tuning) + on.measuring_limit(measuring)
        for told in self._waiting:
            row = self._history.row(self._looks[told].candidate)
            assert row is not None
            job = TuneAndJudge(on.tune(row.candidate.program, tuning), setup, measuring)
            self._in_hand.add(_SCALE - told)
            yield _SCALE - told, job, limit
        self._waiting.clear()

    @property
    def busy(self) -> bool:
        """True while a look has no result."""
        return bool(self._waiting or self._in_hand)

    def owns(self, number: int) -> bool:
        """True for the numbers of its jobs."""
        return number <= _SCALE

    def enter(self, done: Done[Any] | Failed) -> None:
        """Take in the answer of a worker; a look whose workers were lost has no evaluation."""
        self._in_hand.discard(done.number)
        if done.number != _SCALE:
            self._enter_look(_SCALE - done.number, done)
        elif isinstance(done, Done):
            tuned = done.value
            self._scale = StageEntrant(None, tuned.program, tuned.rates, None)
            self._unwritten_scale = self._scale
        else:
            self._scale_is_due = True
            for told in self._waiting:
                self._enter_look(told, done)
            self._waiting.clear()

    @property
    def unwritten(self) -> bool:
        """True if the ledger lacks something."""
        return bool(self._unwritten or self._unwritten_scale)

    def write(self) -> None:
        """Enter in the ledger what is not there yet; inside a transaction."""
        if self._unwritten_scale is not None:
            self._session.ledger.set_scale_of_looks(self._unwritten_scale)
        for look in self._unwritten.values():
            self._session.ledger.enter_look(look)

    def written(self) -> None:
        """The transaction is through."""
        self._unwritten.clear()
        self._unwritten_scale = None

    def _enter_look(self, told: int, done: Done[Any] | Failed) -> None:
        look = self._looks[told]
        if isinstance(done, Done):
            tuned, evaluation = done.value
            found = StageEntrant(look.candidate, tuned.program, tuned.rates, evaluation)
        else:
            row = self._history.row(look.candidate)
            assert row is not None
            found = StageEntrant(look.candidate, row.candidate.program, None, None)
        look = replace(look, found=found)
        self._keep(look)
        latest = self._session.progress.look
        if latest is None or latest.told < told:
            self._session.progress.look = look
        assert self._on is not None
        self._session.observe(events.Looked(look, self._on.suite))

    def _keep(self, look: Look) -> None:
        self._looks[look.told] = self._unwritten[look.told] = look

    def _score(self, number: int) -> float:
        """The mean score of a candidate over its measurements so far."""
        first = self._history.row(number)
        assert first is not None
        scores = [row.verdict.score for row in (first, *self._history.remeasured(number))]
        return fmean(score for score in scores if score is not None)
