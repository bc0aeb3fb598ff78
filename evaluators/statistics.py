"""The one standard of evidence: intervals, paired tests, corrections for looking often.

Results are arrays of tasks by seeds. All rules run on the same seeds, and a seed fixes the initial
parameters and the order of the batches (common random numbers), so the statistics of two rules are
of their differences, paired within a task and seed. Tasks are what a claim generalises over: they
are the unit of the tests and intervals, seeds only make the value of a task more exact. Where there
is one row, its seeds are the unit, and the claim is about that row alone.

`evidence` is what a claim rests on, in a comparison and in the hall of fame of a campaign: the
interval of the mean difference, with Bonferroni's correction on its confidence, decides; the
p-value of the sign-flip test goes with it, and `holm` corrects several of them.

Generators are fixed: equal results give equal intervals and p-values. SciPy is imported by the
functions that need it, since what only shows results has to start without it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dsl.shapes import Float, Int

ERROR = 0.05
"""The chance of a wrong claim that is accepted, over all rules looked at."""
RESAMPLES = 2000
"""Bootstrap samples: the standard error they give is itself uncertain by 1.6%."""
PERMUTATIONS = 9999
"""Sign flips drawn where all of them (2 to the number of values) would be more than that."""


class Interval(NamedTuple):
    """An estimate between the ends of its confidence interval."""

    low: float
    estimate: float
    high: float

    def exp(self) -> "Interval":
        """The interval of the exponential: of a ratio, where this one is of its logarithm."""
        return Interval(*(math.exp(value) for value in self))


def interval(values: Float[np.ndarray, "tasks seeds"], confidence: float = 0.95) -> Interval:
    """The mean over tasks and seeds, with an interval that speaks for tasks like these.

    Tasks are resampled with replacement, and the seeds within each (two-stage bootstrap, Davison
    and Hinkley 1997, section 3.8); the standard error of the means, times Student's t at the
    number of tasks minus one, is the half-width. Percentiles of the bootstrap would be too narrow
    below some twenty tasks, where t is exact for normal task means. Seeds count twice, once within
    the spread of the task means, so that the interval errs on the wide side where they dominate.

    **Arguments:** `values`: finite. With one task the seeds are the sample, and the interval speaks
    for that task alone. One value has no interval: the ends are infinite.
    **Raises:** ValueError for results without a task or seed, or that are not finite.
    """
    from scipy import stats

    _check(values)
    sample = values.T if len(values) == 1 else values
    units, repeats = sample.shape
    estimate = float(values.mean())
    if units == 1:
        return Interval(-math.inf, estimate, math.inf)
    draw = np.random.default_rng(0)

    def resampled_mean(
        chosen: Int[np.ndarray, "*samples tasks"], axis: int
    ) -> Float[np.ndarray, "*samples"]:
        """Mean of the tasks with indices `chosen`, along `axis`, each with its seeds redrawn."""
        tasks = np.moveaxis(chosen, axis, -1)[..., None]
        seeds = draw.integers(repeats, size=(*tasks.shape[:-1], repeats))
        return sample[tasks, seeds].mean(axis=(-2, -1))

    spread = stats.bootstrap(
        (np.arange(units),),
        resampled_mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(1),
    ).standard_error
    unbiased = float(spread) * math.sqrt(units / (units - 1))
    half = float(stats.t.ppf((1 + confidence) / 2, units - 1)) * unbiased
    return Interval(estimate - half, estimate, estimate + half)


def paired_test(differences: Float[np.ndarray, "tasks seeds"], *, greater: bool = False) -> float:
    """The p-value of differences that are symmetric around 0 if two rules are equally good.

    The sign-flip test: to swap the two rules of a pair is to flip the sign of their difference, and
    the mean difference is compared with those of all flips, or of `PERMUTATIONS` drawn ones
    (Fisher 1935, "The Design of Experiments", section 21). Exact in small samples for any
    distribution, and without a convention for ties, which Wilcoxon's test needs. Two-sided, or
    against "greater than 0" alone.

    **Arguments:** `differences`: finite. The rules are swapped in a task with all its seeds, since
    these share what is peculiar to it; with one task they are swapped seed by seed. The least
    possible value is 2 to the minus number of units, twice that if two-sided.
    **Raises:** ValueError as `interval` does.
    """
    from scipy import stats

    _check(differences)
    units = differences[0] if len(differences) == 1 else differences.mean(axis=1)
    if not units.any() or len(units) < 2:
        return 1.0
    result = stats.permutation_test(
        (units,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        alternative="greater" if greater else "two-sided",
        rng=np.random.default_rng(2),
    )
    return min(float(result.pvalue), 1.0)


@dataclass(frozen=True)
class Evidence:
    """The evidence that one rule is ahead of another.

    `difference` is the mean of the paired differences with its interval at `confidence`, which is
    corrected for the rules looked at; `p_value`, of the sign-flip test, is not.
    """

    difference: Interval
    confidence: float
    p_value: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives equal evidence back."""
        return {**vars(self), "difference": self.difference._asdict()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Evidence":
        """The evidence that `to_json` made."""
        return Evidence(Interval(**data["difference"]), data["confidence"], data["p_value"])


def evidence(differences: Float[np.ndarray, "tasks seeds"], looked_at: int = 1) -> Evidence:
    """The evidence that a rule is ahead of another: `interval` and `paired_test` (two-sided) of
    their differences.

    **Arguments:** `differences`: finite, each of the two rules on one task and seed. `looked_at`:
    rules, or rules and tasks, that such a claim might have been made of; the confidence is
    1 - `ERROR` / `looked_at` (Bonferroni; Dunn 1961, "Multiple Comparisons Among Means").
    **Raises:** ValueError as `interval` does.
    """
    confidence = 1 - ERROR / looked_at
    return Evidence(interval(differences, confidence), confidence, paired_test(differences))


def holm(p_values: Sequence[float], count: int | None = None) -> tuple[float, ...]:
    """P-values that hold for all hypotheses together, in the order given (Holm 1979, "A Simple
    Sequentially Rejective Multiple Test Procedure").

    **Arguments:** `count`: hypotheses looked at, those included that are not among `p_values`:
    their own are taken to be larger, which is the worst for the ones given. ValueError if fewer.
    """
    given = len(p_values)
    count = given if count is None else count
    if count < given:
        raise ValueError(f"{given} p-values, but only {count} hypotheses looked at")
    order = np.argsort(p_values, kind="stable")
    raised = np.asarray(p_values, float)[order] * (count - np.arange(given))
    adjusted = np.minimum(np.maximum.accumulate(raised), 1.0)
    result = np.empty(given)
    result[order] = adjusted
    return tuple(result.tolist())


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation of two lists of values of the same things; equal values share the
    mean of their ranks. None where all values of a list are equal.

    `scipy.stats.spearmanr` in NumPy: the state of a running campaign is shown without SciPy, whose
    import takes longer than all else that is shown.
    """
    placed = [_mean_ranks(np.asarray(values, float)) for values in (first, second)]
    if any(np.ptp(places) == 0 for places in placed):
        return None
    a, b = (places - places.mean() for places in placed)
    return float(a @ b / math.sqrt((a @ a) * (b @ b)))


def _mean_ranks(values: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
    """Ranks from 1, the least value first."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return np.take(np.cumsum(sizes) - (sizes - 1) / 2, group)


def ranks(scores: Sequence[float], digits: int = 4) -> tuple[int, ...]:
    """Places from 1, the highest score first; scores that agree to `digits` share a place."""
    from scipy import stats

    rounded = np.round(np.asarray(scores, float), digits)
    return tuple(int(place) for place in stats.rankdata(-rounded, method="min"))


def _check(results: Float[np.ndarray, "tasks seeds"]) -> None:
    if not results.size:
        raise ValueError(f"results need a task and a seed; met shape {results.shape}")
    if not np.isfinite(results).all():
        raise ValueError("results have to be finite: give failed runs a bound first")
