"""The state of a search between two candidates, as text: what resuming cannot read from the rows.

That is the state of the proposer, the counts of progress, and the candidates that were proposed and
are not told yet, each with the job that judges it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dsl.plugins import blamed
from dsl.program import Program
from evaluators.request import EvaluationRequest, JudgingSetup, SettingsTrial
from search.campaign.events import SearchProgress
from search.candidates.plain import from_text, to_text
from search.candidates.proposer import Proposer
from search.candidates.verdict import Candidate, DuplicateKey, Keys, Past, Verdict
from search.errors import LedgerError
from search.ledger import Ledger
from search.mutation.mutator import Mutation
from search.pool.jobs import Evaluate

PACKAGES = ("dsl", "evaluators", "search")
"""Those whose source decides what a state means, and what a job comes to."""


@dataclass
class Pending:
    """A candidate that was proposed and whose verdict is not told yet; no job judges one that
    repeats another."""

    candidate: Candidate
    job: Evaluate | None = None
    verdict: Verdict | None = None
    seconds: float = 0.0

    def as_judged(self) -> Candidate:
        """The candidate with the numbers that its verdict is about."""
        evaluation = self.verdict and self.verdict.evaluation
        if not evaluation or not evaluation.setting or self.candidate.asked is not None:
            return self.candidate
        assert self.job is not None and self.job.request.trial is not None
        return self.candidate.tuned(self.job.request.trial.settings[evaluation.setting - 1])


def take(proposer: Proposer, progress: SearchProgress, pending: Sequence[Pending]) -> str:
    """The state of a search as text. **Raises:** PluginFails for a strategy's that is none."""
    try:
        data = {
            "proposer": proposer.state(),
            "progress": progress.state(),
            "pending": [_written(each) for each in pending],
        }
        return to_text(data, proposer.number_of)
    except (TypeError, ValueError) as error:
        raise blamed(error) or proposer.unstorable(error) from None


def bring_back(
    text: str,
    told: int,
    past: Past,
    ledger: Ledger,
    proposer: Proposer,
    progress: SearchProgress,
    setup: JudgingSetup,
) -> list[Pending]:
    """Bring a search back from its state after the first `told` candidates.

    **Returns:** the candidates that are proposed and not told.
    """

    def candidate(number: int) -> Program:
        row = past.row(number)
        if row is None:
            raise LedgerError(f"{ledger.path}: the state speaks of candidate {number}, not told")
        return row.candidate.program

    data = from_text(text, candidate)
    proposer.restore(data["proposer"], ledger.known(told))
    progress.restore(told, data["progress"], ledger.trained_families(told))
    pending = [_read(each, setup) for each in data["pending"]]
    for each in pending:
        proposer.proposed(each.candidate)
    return pending


def _written(pending: Pending) -> dict[str, Any]:
    candidate, job = pending.candidate, pending.job
    keys, mutation = candidate.keys, candidate.mutation
    request = job and {
        "rates": job.request.rates,
        "early": job.request.early,
        "hurdles": list(job.request.hurdles.items()),
        "trial": job.request.trial,
        "seeds": job.seeds,
    }
    return {
        "number": candidate.number,
        "program": candidate.program,
        "parent": candidate.parent,
        "mutation": [mutation.kind, mutation.detail],
        "keys": [keys.text, keys.canonical, keys.fingerprint, keys.family],
        "hit": candidate.hit,
        "source": candidate.source,
        "donor": candidate.donor,
        "job": request,
    }


def _read(data: dict[str, Any], setup: JudgingSetup) -> Pending:
    program, hit, asked = data["program"], data["hit"], data["job"]
    candidate = Candidate(
        number=data["number"],
        text=str(program),
        parent=data["parent"],
        mutation=Mutation(*data["mutation"]),
        keys=Keys(*data["keys"]),
        hit=None if hit is None else DuplicateKey(hit),
        source=data["source"],
        donor=data["donor"],
        parsed=program,
    )
    if asked is None:
        return Pending(candidate)
    bars = asked["early"], dict(asked["hurdles"])
    trial = None
    if asked["trial"] is not None:
        others, seeds, tasks = asked["trial"]
        trial = SettingsTrial(tuple(others), tuple(seeds), tasks)
    request = EvaluationRequest(program, asked["rates"], *bars, trial)
    return Pending(candidate, Evaluate(setup, request, tuple(asked["seeds"])))
