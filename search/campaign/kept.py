"""A pool whose answers survive the process.

Tuning and finals are many jobs whose results the ledger takes in one piece. What each job came to
is kept beside them until then, so an interrupted campaign goes on with the next job.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from dsl.program import Program
from evaluators.files.result_cache import code_digest
from evaluators.workers import Done, Failed
from search.campaign.snapshot import PACKAGES
from search.ledger import Ledger
from search.pool.jobs import CampaignJob, CampaignPool


class KeptPool:
    """Does jobs as `pool` does, but those whose answers `ledger` keeps."""

    def __init__(self, pool: CampaignPool, ledger: Ledger):
        self.workers = pool.workers
        self._pool = pool
        self._ledger = ledger
        self._kept = ledger.kept
        self._jobs: dict[int, tuple[str, CampaignJob]] = {}
        self._ready: list[Done[Any] | Failed] = []

    @property
    def retries(self) -> int:
        return self._pool.retries

    @property
    def compilations(self) -> int:
        return self._pool.compilations

    def submit(self, number: int, job: CampaignJob, time_limit: float) -> None:
        key = digest(job)
        if job.codec is not None and key in self._kept:
            value = job.codec.read(json.loads(self._kept[key]))
            self._ready.append(Done(number, value, 0.0))
        else:
            self._jobs[number] = key, job
            self._pool.submit(number, job, time_limit)

    def collect(self) -> Sequence[Done[Any] | Failed]:
        if self._ready:
            ready, self._ready = self._ready, []
            return ready
        found = self._pool.collect()
        written = []
        for each in found:
            key, job = self._jobs.pop(each.number)
            if isinstance(each, Done) and job.codec is not None:
                written.append((key, json.dumps(job.codec.write(each.value))))
        if written:
            self._ledger.keep(written)
        return found

    def close(self) -> None:
        self._pool.close()


def digest(job: CampaignJob) -> str:
    """Hex digest of everything that decides what a job comes to."""
    text = json.dumps([code_digest(PACKAGES), _plain(job)], default=_plain, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Program):
        return {"program": str(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value):
        return [type(value).__name__, {e.name: getattr(value, e.name) for e in fields(value)}]
    raise TypeError(f"{type(value).__name__} is no part of a job")
