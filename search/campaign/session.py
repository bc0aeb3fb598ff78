"""The work of one process on a campaign: its workers, and its entry in the ledger."""

from collections.abc import Callable, Mapping

from evaluators.files.result_cache import ResultCache
from search.campaign import events
from search.campaign.events import Observer, SearchProgress
from search.campaign.kept import KeptPool
from search.config import Config
from search.ledger import Ledger
from search.pool.jobs import CampaignPool


class Session:
    """Workers that start when the first job is due, and never for a complete campaign.

    **Arguments:** `versions`: of what this process runs on, for the record; `cache`: results of
    earlier campaigns.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        open_pool: Callable[[], CampaignPool],
        versions: Mapping[str, str],
        observe: Observer,
        cache: ResultCache,
    ):
        self.config = config
        self.ledger = ledger
        self.sources = ledger.sources
        self.cache = cache
        self.observe = observe
        self._open_pool = open_pool
        self._versions = dict(versions)
        self.progress = SearchProgress(config.budget.candidates)
        self._started: tuple[CampaignPool, int] | None = None

    @property
    def pool(self) -> CampaignPool:
        """The workers, started now if they are not yet."""
        if self._started is None:
            workers = self.config.workers
            self.ledger.expect_writes()
            self.observe(events.WorkersStarting(workers))
            pool = self._open_pool()
            self._started = pool, self.ledger.start_session(workers, self._versions)
        return self._started[0]

    @property
    def keeping(self) -> KeptPool:
        """The workers, for jobs whose results are stored in one piece: what is done of them is not
        lost with this process."""
        return KeptPool(self.pool, self.ledger)

    def note(self) -> None:
        """Enter in the ledger what this process has done so far."""
        if self._started is not None:
            pool, number = self._started
            self.ledger.update_session(
                number,
                candidates=self.progress.judged_now,
                seconds=round(self.progress.seconds, 3),
                compilations=pool.compilations,
                retries=pool.retries,
            )

    def close(self) -> None:
        """End the workers."""
        if self._started is not None:
            try:
                self.note()
            finally:
                self._started[0].close()
