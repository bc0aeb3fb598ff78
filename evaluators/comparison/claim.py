"""The verdict on a rule after a comparison, in fixed words.

The scale is the speed-up over the best tuned baseline (see `speedup`), averaged geometrically over
tasks and seeds.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dsl.errors import counted
from evaluators.statistics import ERROR, Interval, evidence, interval

WORST_TASK = 1.5
"""No task may take more than this many times the baseline's steps."""
MARGIN = 1.25
"""A rule matches if the interval excludes that it takes this many times the baseline's steps."""
_ROUNDING = 1e-9
"""A bound is met by what lies on it, up to the rounding of logarithms."""


class Word(enum.StrEnum):
    """The verdicts, each the words that start its sentence."""

    BEATS = "beats"
    MATCHES = "matches"
    SPECIALISED = "specialised to"
    NOT_SUPPORTED = "not supported"
    NO_CLAIM = "no claim"


@dataclass(frozen=True)
class Claim:
    """A verdict with what it rests on.

    `speed_up` is the aggregate with its interval, `confidence` that of the interval after
    Bonferroni's correction for the rules looked at; `p_value` is that of the sign-flip test of the
    log speed-ups over tasks (`evaluators.statistics.evidence`), not corrected. `by_task` is the
    speed-up on each task; `faster_on` are indices of tasks on which the rule is faster beyond
    chance: the interval over the task's seeds, corrected for the number of tasks too, lies above 1.
    """

    word: Word
    speed_up: Interval
    confidence: float
    p_value: float
    by_task: tuple[float, ...]
    faster_on: tuple[int, ...]

    @property
    def worst(self) -> float:
        """The speed-up on the task that suits the rule least."""
        return min(self.by_task)


def claim(speed_ups: Float[np.ndarray, "tasks seeds"], looked_at: int = 1) -> Claim:
    """The verdict on a rule.

    * *beats*: the interval of the aggregate lies above 1, its end excluded, and no task takes more
      than `WORST_TASK` times the baseline's steps.
    * *matches*: the interval excludes `MARGIN` times the baseline's steps, and no task is that bad.
    * *specialised to*: neither, but on the tasks of `faster_on` it is faster.
    * *not supported*: none of these.

    One task cannot carry *beats*: it says nothing of others, and the most is *specialised to* it.

    The interval is that of `evaluators.statistics.evidence` on log speed-ups, paired by task and
    seed.

    **Arguments:** `speed_ups`: over the best tuned baseline, > 0. `looked_at`: rules that were
    tried on these tasks, this one included (Bonferroni on the interval).
    """
    logs = np.log(speed_ups)
    found = evidence(logs, looked_at)
    overall = found.difference.exp()
    by_task = tuple(np.exp(logs.mean(axis=1)).tolist())
    faster_on = _faster_on(logs, looked_at)
    bearable = min(by_task) >= (1 - _ROUNDING) / WORST_TASK
    if overall.low > 1 + _ROUNDING and bearable and len(logs) > 1:
        word = Word.BEATS
    elif faster_on and len(logs) == 1:
        word = Word.SPECIALISED
    elif overall.low > 1 / MARGIN and bearable:
        word = Word.MATCHES
    elif faster_on:
        word = Word.SPECIALISED
    else:
        word = Word.NOT_SUPPORTED
    return Claim(word, overall, found.confidence, found.p_value, by_task, faster_on)


def _faster_on(logs: Float[np.ndarray, "tasks seeds"], looked_at: int) -> tuple[int, ...]:
    """Tasks whose interval over their own seeds lies above 1, corrected for the tasks too."""
    confidence = 1 - ERROR / (looked_at * len(logs))
    return tuple(i for i in range(len(logs)) if interval(logs[i : i + 1], confidence).low > 0)


def sentence(
    rule: str,
    baseline: str,
    verdict: Claim,
    tasks: Sequence[str],
    seeds: int,
    doubts: Sequence[str] = (),
) -> str:
    """The verdict in words; the fixed words come right after the rule's name. `doubts` say why
    there is none."""
    low, estimate, high = verdict.speed_up
    level = f"{100 * verdict.confidence:.4g}%"
    figures = f"speed-up {estimate:.2f} [{low:.2f}, {high:.2f}] at {level}"
    ground = f"{counted(len(tasks), 'task')} and {counted(seeds, 'seed')}"
    worst = f"worst task {tasks[int(np.argmin(verdict.by_task))]} {verdict.worst:.2f}"
    evidence = f"{figures} over {ground}, {worst}"
    if verdict.word is Word.NO_CLAIM:
        return f"{rule}: {verdict.word} against tuned {baseline}, since {'; '.join(doubts)}"
    if verdict.word is Word.SPECIALISED:
        where = ", ".join(tasks[index] for index in verdict.faster_on)
        return f"{rule}: {verdict.word} {where} (against tuned {baseline}: {evidence})"
    if verdict.word is Word.NOT_SUPPORTED:
        return f"{rule}: {verdict.word}, neither better than nor equal to {baseline} ({evidence})"
    return f"{rule}: {verdict.word} tuned {baseline} ({evidence})"
