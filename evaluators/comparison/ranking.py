"""The table of a comparison, a row per rule, and a verdict per candidate."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from evaluators.comparison.claim import Claim, Word, claim, sentence
from evaluators.comparison.doubts import edges, grave, warnings
from evaluators.comparison.results import Comparison
from evaluators.comparison.speedup import profile, rate_window, speed_up, steps_to
from evaluators.statistics import Interval, holm, interval, ranks


@dataclass(frozen=True)
class Standing:
    """A row of the table.

    `score` is the mean over tasks and seeds with its 95% interval; `won` counts, for each baseline,
    the tasks on which this rule is faster and slower (speed-up above and below 1). `steps` and
    `wall` are those to AdamW's final loss as multiples of AdamW's own, geometric means over tasks
    (below 1 is sooner; a run that does not get there counts as `speed_up` says);
    `reached` is the share of runs that get there. `window` is the median over tasks of the decades
    of rates whose score is within 0.1 of the best; None without a rate. `failed` counts runs
    that failed; `edges` names tasks where the best rate or decay lies at the farthest end.
    """

    name: str
    candidate: bool
    rank: int
    score: Interval
    won: dict[str, tuple[int, int]]
    steps: float
    wall: float | None
    reached: float
    window: float | None
    memory: int
    gradients: float
    failed: int
    edges: tuple[str, ...]


@dataclass(frozen=True)
class RankingVerdict:
    """A candidate against the best baseline; `p_value` is corrected for the rules looked at."""

    name: str
    against: str
    claim: Claim
    p_value: float
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        found = self.claim
        return {
            "rule": self.name,
            "against": self.against,
            "verdict": found.word.value,
            "speed_up": _plain(found.speed_up),
            "confidence": found.confidence,
            "p_value": self.p_value,
            "by_task": list(found.by_task),
            "worst_task": found.worst,
            "faster_on": list(found.faster_on),
            "sentence": self.sentence,
        }


def standings(comparison: Comparison) -> list[Standing]:
    """A row per rule, the best mean score first; equal scores share a rank."""
    entrants = range(len(comparison.entrants))
    scores = [interval(comparison.scores(index)) for index in entrants]
    places = ranks([score.estimate for score in scores])
    reached = np.isfinite(costs(comparison)).mean(axis=1).tolist()
    rows = [
        _standing(comparison, index, places[index], scores[index], reached[index])
        for index in entrants
    ]
    return sorted(rows, key=lambda row: row.rank)


def _standing(
    comparison: Comparison, index: int, rank: int, score: Interval, reached: float
) -> Standing:
    entrant = comparison.entrants[index]
    to_scale = speed_ups(comparison, index, comparison.scale)
    by_task = np.log(to_scale).mean(axis=1)
    times = np.asarray(comparison.seconds)
    slower = times[index] / times[comparison.scale]
    wall = float(np.exp(np.mean(np.log(slower) - by_task)))
    runs = comparison.runs[index]
    windows = _windows(comparison, index)
    return Standing(
        name=entrant.name,
        candidate=entrant.candidate,
        rank=rank,
        score=score,
        won={
            comparison.entrants[other].name: _won(comparison, index, other)
            for other in comparison.baselines
            if other != index
        },
        steps=float(np.exp(-by_task.mean())),
        wall=wall if math.isfinite(wall) else None,
        reached=reached,
        window=float(np.median(windows)) if windows else None,
        memory=entrant.memory,
        gradients=entrant.gradients,
        failed=sum(math.isnan(row[-1]) for each in runs for row in each.gains),
        edges=tuple(edges(comparison, index)),
    )


def speed_ups(comparison: Comparison, index: int, other: int) -> Float[np.ndarray, "tasks seeds"]:
    """The speed-ups of an entrant over another, in steps."""
    return np.asarray(
        [
            speed_up(
                comparison.losses(index, task), comparison.losses(other, task), setup.checkpoints
            )
            for task, setup in enumerate(comparison.setups)
        ]
    )


def costs(comparison: Comparison) -> Float[np.ndarray, "entrants problems"]:
    """Steps to AdamW's final loss as shares of the horizon; inf where it is not reached, or AdamW
    failed. A problem is a task and seed, the seeds of a task side by side."""
    rows = []
    for index in range(len(comparison.entrants)):
        row = []
        for task, setup in enumerate(comparison.setups):
            target = comparison.losses(comparison.scale, task)[:, -1]
            steps = steps_to(target, setup.checkpoints, comparison.losses(index, task))
            row.append(steps / setup.steps)
        rows.append(np.concatenate(row))
    return np.asarray(rows)


def profiles(
    comparison: Comparison, factors: Float[np.ndarray, " factors"]
) -> Float[np.ndarray, "entrants factors"]:
    """Performance profiles of steps to AdamW's final loss; a problem is a task and seed."""
    return profile(costs(comparison), factors)


def best_baseline(comparison: Comparison) -> int:
    """The baseline with the highest mean score; of equal ones the first."""
    means = [float(comparison.scores(index).mean()) for index in comparison.baselines]
    return comparison.baselines[int(np.argmax(means))]


def verdicts(comparison: Comparison) -> list[RankingVerdict]:
    """The verdict on each candidate against the best tuned baseline."""
    best = best_baseline(comparison)
    against = comparison.entrants[best].name
    names = [comparison.entrants[index].name for index in comparison.candidates]
    claims = [
        claim(speed_ups(comparison, index, best), comparison.looked_at)
        for index in comparison.candidates
    ]
    if doubts := grave(comparison, best):
        claims = [replace(each, word=Word.NO_CLAIM) for each in claims]
    p_values = holm([each.p_value for each in claims], comparison.looked_at) if claims else ()
    seeds = len(comparison.seeds)
    return [
        RankingVerdict(
            name, against, each, p, sentence(name, against, each, comparison.tasks, seeds, doubts)
        )
        for name, each, p in zip(names, claims, p_values, strict=True)
    ]


@dataclass(frozen=True, repr=False)
class Ranking:
    """A comparison with everything that is concluded from it, each computed once."""

    comparison: Comparison
    standings: tuple[Standing, ...]
    verdicts: tuple[RankingVerdict, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each doubt about the comparison, for people to see before the verdicts."""
        return tuple(f"WARNING: {each}." for each in warnings(self.comparison))

    def __repr__(self) -> str:
        """A line for each rule, the best first, and the verdicts."""
        lines = [
            f"{each.rank:2} {each.score.estimate:8.4f}  {each.name}" for each in self.standings
        ]
        verdicts = (verdict.sentence for verdict in self.verdicts)
        return "\n".join([*lines, *self.warnings, *verdicts])

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data: the runs, the table and the verdicts."""
        shares = costs(self.comparison)
        rows = []
        for row in self.standings:
            by_task = _by_task(self.comparison, self.comparison.index(row.name), shares)
            plain = {"score": _plain(row.score), "edges": list(row.edges), "by_task": by_task}
            rows.append({**asdict(row), **plain})
        found = [verdict.to_json() for verdict in self.verdicts]
        told = {"warnings": list(self.warnings), "verdicts": found}
        return {**self.comparison.to_json(), "table": rows, **told}


def ranked(comparison: Comparison) -> Ranking:
    """The table and the verdicts of a comparison."""
    return Ranking(comparison, tuple(standings(comparison)), tuple(verdicts(comparison)))


def _by_task(
    comparison: Comparison, index: int, costs: Float[np.ndarray, "entrants problems"]
) -> dict[str, dict[str, float | None]]:
    """On each task the mean score, the steps to AdamW's final loss (median over seeds) and their
    wall time on this machine; None where it was not reached, or the rule failed."""
    scores = comparison.scores(index).mean(axis=1)
    shares = costs[index].reshape(len(comparison.tasks), -1)
    found = {}
    for task, setup in enumerate(comparison.setups):
        steps = float(np.median(shares[task])) * setup.steps
        seconds = steps * comparison.seconds[index][task]
        found[setup.name] = {
            "score": float(scores[task]),
            "steps": steps if math.isfinite(steps) else None,
            "seconds": seconds if math.isfinite(seconds) else None,
        }
    return found


def _won(comparison: Comparison, index: int, other: int) -> tuple[int, int]:
    by_task = np.log(speed_ups(comparison, index, other)).mean(axis=1)
    return int(np.sum(by_task > 0)), int(np.sum(by_task < 0))


def _windows(comparison: Comparison, index: int) -> list[float]:
    """The sensitivity to the rate on each task; none for a rule without a rate."""
    swept = [runs.tuned.sweep for runs in comparison.runs[index] if runs.tuned.sweep]
    return [
        rate_window([rate for rate, _ in sweep], [score for _, score in sweep]) for sweep in swept
    ]


def _plain(ends: Interval) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in ends._asdict().items()}
